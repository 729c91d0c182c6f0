// Numbers that may come without assigning authority: accounts, visits, former patient numbers (HL7 v2 ch. 3, PID, PV1, MRG).
import type { Designator } from '../context.ts'
import type { Run } from '../run.ts'

/**
 * Fields whose numbers are of one kind: the type (table 0203) where CX.5 has none, and the field that names the numbers
 * which only the source knows. What MRG gives up is a number of the field that it replaces.
 */
const kinds: Readonly<
  Record<string, Readonly<Record<number, { readonly type?: string; readonly field: string }>>>
> = {
  PID: {
    2: { type: 'PT', field: 'PID-2' },
    4: { type: 'PE', field: 'PID-4' },
    18: { type: 'AN', field: 'PID-18' },
  },
  PV1: { 19: { type: 'VN', field: 'PV1-19' } },
  MRG: {
    2: { type: 'PE', field: 'PID-4' },
    3: { type: 'AN', field: 'PID-18' },
    4: { type: 'PT', field: 'PID-2' },
    5: { type: 'VN', field: 'PV1-19' },
    6: { field: 'PV1-50' },
  },
}

/** The system of a number that may be without authority. */
export function numberSystem(designator: Designator, type: string | undefined, run: Run): string {
  const kind = kinds[run.segment?.name ?? '']?.[run.field]
  const found = run.context.systems(designator, type)?.system
  if (found !== undefined) return found
  const byKind =
    type === undefined && kind?.type !== undefined
      ? run.context.systems(designator, kind.type)?.system
      : undefined
  return byKind ?? run.localSystem(kind?.field)
}
