// Values that a row reads and can make nothing of, with a warning: they are residue like what nobody reads (mapping.md, rule 9).
import type { CompiledRow } from './compile-row.ts'
import type { Run } from './run.ts'

/** What a row made nothing of. */
export interface RefusedValue {
  /** ERR-2 location of its field. */
  readonly location: string
  /** 'PV1-41', 'PID-5[2].7': as residue names it. */
  readonly at: string
  /** It is the whole field: what another row makes of it accounts for it. */
  readonly isField: boolean
  readonly row: CompiledRow
}

/** Below components the position is not known: the field has said more than that by then. */
const maxLevel = 1

export function refusedValue(row: CompiledRow, run: Run): RefusedValue | undefined {
  const { segment, level, occurrence, field, repetition } = run
  if (!segment || level > maxLevel) return undefined
  const name = occurrence === 1 ? segment.name : `${segment.name}[${occurrence}]`
  const location = segment.location(field)
  if (level === 0) {
    const isRepeated = segment.repetitions(field).length > 1
    const at = isRepeated ? `${name}-${field}[${repetition + 1}]` : `${name}-${field}`
    return { location, at, isField: true, row }
  }
  const part = row.subcomponent === undefined ? '' : `.${row.subcomponent}`
  return {
    location,
    at: `${name}-${field}[${repetition + 1}].${row.component ?? 1}${part}`,
    isField: false,
    row,
  }
}

/** Takes back what other rows of one data type map, one bit each, made something of. */
export function accountFor(
  refused: RefusedValue[],
  from: number,
  rows: readonly CompiledRow[],
  wrote: number,
): void {
  for (let i = refused.length - 1; i >= from; i--) {
    const own = refused[i]?.row
    const isWritten = rows.some(
      (one, at) =>
        (wrote & (1 << at)) !== 0 &&
        one.component === own?.component &&
        one.subcomponent === own?.subcomponent,
    )
    if (isWritten) refused.splice(i, 1)
  }
}

/** What the rows of a data type map, one bit each, said beside a value that is not there. */
export function refuseAll(rows: readonly CompiledRow[], wrote: number, run: Run): void {
  const known = new Set<string>()
  for (const [at, row] of rows.entries()) {
    const part = `${row.component}.${row.subcomponent}`
    if ((wrote & (1 << at)) === 0 || known.has(part)) continue
    known.add(part)
    run.refuse(row)
  }
  // Each message has residue of its own: it is not remembered by its text.
  run.passing++
}
