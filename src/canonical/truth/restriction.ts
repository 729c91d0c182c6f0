// ARV-2 D: an access restriction is lifted, and what was said of it goes with it (HL7 v2.9.1 chapter 3, ARV; table 0206).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt, derived } from '../applying.ts'
import type { Assertion, CellKey } from './contribution.ts'

/** What ARV-3 to ARV-6 say; the label itself is a fact of its own. */
const told: readonly CellKey[] = [
  ['access-restriction', 3],
  ['access-restriction-reason', 4],
  ['access-restriction-instruction', 5],
  ['access-restriction-period', 6],
].map(
  ([name, field]) =>
    `extension('http://portico.example.org/StructureDefinition/${name}')<ARV-${field}` as const,
)

/** Cells that take back what was said of a restriction; none unless the message lifts it. */
export function liftedRestriction(applying: Applying, thing: Thing, t: number): Record<CellKey, Assertion> {
  if (cellAt(thing, '$restrictionAction')?.value !== 'D') return {}
  return Object.fromEntries(told.map((key) => [key, derived(applying, null, t)]))
}
