// Contributions as they are stored: what all assertions of one message share is written once.
import type { Json } from '../../mappings/mapped.ts'
import type { Assertion, CellKey, Contribution, Part, Payload } from './contribution.ts'

/**
 * Short names, since there is one row for every source of every thing:
 * e event, v values by key, s shapes of the values in their order, o assertions of earlier messages, p parts, d data.
 */
export interface PackedContribution {
  readonly e?: string
  readonly v?: Readonly<Record<CellKey, Json>>
  /** Names joined by commas, nothing where there is none. Rows of before 000006.sql have them by key. */
  readonly s?: string | Readonly<Record<CellKey, string>>
  readonly o?: Readonly<Record<CellKey, Assertion>>
  readonly p?: readonly Part[]
  readonly d?: Payload
  /** In rows of before 000006.sql: message and times, which are columns since. */
  readonly i?: string
  readonly t?: number
  readonly m?: number
}

/** What changes when the same is said once more: in columns of their own, so that the body need not be written again. */
export interface Stamp {
  /** Message. */
  readonly i: string
  /** Times that the values share. */
  readonly t: number | undefined
  readonly m: number | undefined
}

export function pack(contribution: Contribution): {
  readonly stamp: Stamp
  readonly body: PackedContribution
} {
  const { i, event, parts, data, cells } = contribution
  const common = commonTimes(contribution)
  const v: Record<CellKey, Json> = {}
  const shapes: string[] = []
  const o: Record<CellKey, Assertion> = {}
  for (const key in cells) {
    const cell = cells[key]
    if (cell === undefined) continue
    if (common && cell.i === i && cell.t === common.t && cell.m === common.m) {
      v[key] = cell.v
      shapes.push(cell.s ?? '')
    } else o[key] = cell
  }
  const body = {
    ...(event === undefined ? {} : { e: event }),
    ...(shapes.length === 0 ? {} : { v }),
    ...(shapes.every((each) => each === '') ? {} : { s: shapes.join() }),
    ...(isEmpty(o) ? {} : { o }),
    ...(parts === undefined ? {} : { p: parts }),
    ...(data === undefined ? {} : { d: data }),
  }
  return { stamp: { i, t: common?.t, m: common?.m }, body }
}

const isEmpty = (record: object): boolean => {
  for (const _key in record) return false
  return true
}

/** Times of an event, else of the message that stated most recently. */
function commonTimes({ t, m, i, cells }: Contribution): { t: number; m: number } | undefined {
  if (t !== undefined && m !== undefined) return { t, m }
  for (const key in cells) {
    const cell = cells[key]
    if (cell?.i === i) return { t: cell.t, m: cell.m }
  }
  return undefined
}

export function unpack(source: string, key: string, packed: PackedContribution, stamp: Stamp): Contribution {
  const { e, v, s, o, p, d, i = stamp.i, t = stamp.t, m = stamp.m } = packed
  const cells: Record<CellKey, Assertion> = { ...o }
  const shapes = typeof s === 'string' ? s.split(',') : undefined
  let place = 0
  for (const cell in v) {
    const shape = shapes ? shapes[place++] : (s as Readonly<Record<CellKey, string>> | undefined)?.[cell]
    const value = v[cell] as Json
    cells[cell] = shape
      ? { v: value, t: t ?? 0, m: m ?? 0, i, s: shape }
      : { v: value, t: t ?? 0, m: m ?? 0, i }
  }
  // Only events have times of their own; for the others the times are those of their assertions.
  const times = e !== undefined && t !== undefined && m !== undefined ? { event: e, t, m } : {}
  return {
    source,
    key,
    ...times,
    i,
    cells,
    ...(p === undefined ? {} : { parts: p }),
    ...(d === undefined ? {} : { data: d }),
  }
}
