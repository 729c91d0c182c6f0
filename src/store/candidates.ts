// Patients that could be the same person: those that share a birth date, a phone number, an e-mail address or a family name.
import type { Queryable } from './db.ts'

/** Beyond this many the key says nothing (a clinic's own phone number). */
const maxCandidates = 200

/** Uses the primary keys of date, identifier and string. Merged and deleted patients are left out. */
export const findCandidatesSql = `
with near as (
  (select id from date where tenant = $1 and rtype = 'Patient' and param = 'birthdate' and low = any($2::timestamptz[]) limit $5)
  union
  (select id from identifier where tenant = $1 and rtype = 'Patient' and param in ('phone', 'email') and value = any($3::text[]) limit $5)
  union
  (select id from string where tenant = $1 and rtype = 'Patient' and param = 'family' and norm = any($4::text[]) limit $5)
)
select r.id, r.body::text as body from near join resource r on r.tenant = $1 and r.rtype = 'Patient' and r.id = near.id
where not r.deleted and r.body ->> 'active' is distinct from 'false' and r.id <> $6`

export interface CandidateKeys {
  readonly births: readonly string[]
  readonly contacts: readonly string[]
  readonly families: readonly string[]
}

export async function findCandidates(
  db: Queryable,
  tenant: number,
  id: string,
  keys: CandidateKeys,
): Promise<{ readonly id: string; readonly body: string }[]> {
  const { births, contacts, families } = keys
  return await db.query('find_candidates', findCandidatesSql, [
    tenant,
    births,
    contacts,
    families,
    maxCandidates,
    id,
  ])
}
