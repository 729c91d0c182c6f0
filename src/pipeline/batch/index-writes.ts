// Search rows of a batch, gathered by table; and the keys by which doubles of a person are looked for.

import type { FhirJson } from '../../canonical/fhir-json.ts'
import { blockingKeys } from '../../canonical/identity/match.ts'
import type { Change } from '../../canonical/truth/change.ts'
import { blockParam } from '../../store/candidates.ts'
import type { SideRows } from '../../store/index-rows.ts'

const tables = ['identifier', 'reference', 'string', 'date', 'number'] as const

/** Blocking keys of somebody who could have a double. */
export const blocksOf = (body: FhirJson | undefined): readonly string[] =>
  body && body.active !== false ? blockingKeys(body) : []

/** Rows to add and to take away, by table. */
export class IndexRowsToWrite {
  readonly writes = tables.map((table) => ({ table, add: [] as object[], remove: [] as object[] }))

  takeBlocks(id: string, before: readonly string[], after: readonly string[]): void {
    const row = (value: string) => ({ rtype: 'Patient', id, param: blockParam, value, system: '' })
    const [identifiers] = this.writes
    for (const key of after) if (!before.includes(key)) identifiers?.add.push(row(key))
    for (const key of before) if (!after.includes(key)) identifiers?.remove.push(row(key))
  }

  take(rtype: string, id: string, insert: SideRows, remove: SideRows): void {
    for (const { table, add, remove: gone } of this.writes) {
      for (const row of insert[table]) add.push({ rtype, id, ...row })
      for (const row of remove[table]) gone.push({ rtype, id, ...row })
    }
  }
}

/** Order of the entries of a map by their keys. */
export const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0

/** Rows in one order for everybody, so that two batches that insert the same keys never wait for each other in a circle. */
export function inOrder<Row>(rows: Row[], key: (row: Row) => string): Row[] {
  const keyed = rows.map((row) => ({ row, key: key(row) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.map((each) => each.row)
}

/** What made this patient a candidate for the search for duplicates. */
const matchedElements = ['name', 'birthDate', 'gender', 'telecom', 'address', 'identifier'] as const

/** True when a search for doubles of this patient may find others than before. */
export function isMatchable({ before, body, op }: Change): boolean {
  if (op === 'delete' || !body || body.active === false) return false
  return matchedElements.some((each) => JSON.stringify(before?.[each]) !== JSON.stringify(body[each]))
}
