// What a message says too late of a person with several records: what it says under one number is older than what is
// known under another (semantics, section 8.4).

import { statedOf } from '../person/patient-family.ts'
import type { Assertion, CellKey } from './contribution.ts'
import { familyOf, type Records } from './family.ts'
import { stateCells } from './statement.ts'
import { contributionKey } from './world.ts'

interface Said {
  readonly rtype: string
  readonly id: string
  readonly source: string
  readonly cells: Readonly<Record<CellKey, Assertion>>
}

/** Cells that are older than what is said of the same person under other numbers, merged ones among them. */
export function staleInFamily(records: Records, { rtype, id, source, cells }: Said): readonly CellKey[] {
  if (rtype !== 'Patient') return []
  const family = familyOf(records, rtype, records.survivorId(rtype, id))
  if (!family) return []
  const said = statedOf(family).map((each) => [contributionKey(each.source, each.key), each] as const)
  return stateCells(rtype, source, new Map(said), cells).stale
}
