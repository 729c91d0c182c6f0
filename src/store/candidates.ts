// Patients that could be the same person: those that share a blocking key (canonical/identity/match.ts), for many at a time.
import type { Queryable } from './db.ts'

/** Search parameter that no client can name: blocking keys stand in the table of identifiers. */
export const blockParam = '_block'
/** Beyond this many the key says nothing (a clinic's own phone number). */
const maxPerKey = 20

export interface CandidateRow {
  readonly subject: string
  readonly id: string
}

/** Uses the primary key of identifier; a key that too many share is not followed. */
export const findCandidatesSql = `
select distinct wanted.subject, near.id
from unnest($2::text[], $3::text[]) as wanted (subject, key)
cross join lateral (
  select i.id from identifier i
  where i.tenant = $1 and i.rtype = 'Patient' and i.param = '${blockParam}' and i.value = wanted.key
  order by i.system, i.id limit ${maxPerKey + 1} offset 0
) as near
where near.id <> wanted.subject`

/** Pairs of a patient and somebody who could be the same. */
export async function findCandidates(
  db: Queryable,
  tenant: number,
  keys: readonly { readonly subject: string; readonly key: string }[],
): Promise<CandidateRow[]> {
  if (keys.length === 0) return []
  return await db.query('find_candidates', findCandidatesSql, [
    tenant,
    keys.map((each) => each.subject),
    keys.map((each) => each.key),
  ])
}
