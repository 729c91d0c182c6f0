// Criteria of conditional writes, searched for inside of the transaction that carries them out (FHIR R4 http.html#cond-update).
import type { Need, World } from '../../canonical/truth/world.ts'
import type { Queryable } from '../../store/db.ts'
import { searchPage } from '../../store/search.ts'
import { lockThings } from '../../store/truth.ts'

/** Whoever has the same criteria waits, so that of two conditional creates the second finds what the first has made. */
export async function loadSearches(
  tx: Queryable,
  tenant: number,
  world: World,
  needs: readonly Extract<Need, { kind: 'search' }>[],
): Promise<void> {
  const missing = needs.filter(({ name }) => !world.searches.has(name))
  await lockThings(
    tx,
    tenant,
    missing.map(({ name }) => `search\u0001${name}`),
  )
  for (const { name, query } of missing) {
    const { rows } = await searchPage(tx, tenant, {
      ...query,
      count: 2,
      onlyCount: false,
      total: 'none',
      sort: [],
    })
    world.searches.set(
      name,
      rows.map(({ id }) => id),
    )
  }
}
