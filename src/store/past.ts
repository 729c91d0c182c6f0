// Contributions that no longer decide anything, set aside and taken back (000010.sql).
import type { Queryable } from './db.ts'

const columns = 'tenant, rtype, id, source, key, body, message_id, t, m'

/** Uses the primary keys of both. */
export const setAsideSql = `
with old as (
  delete from contribution c using unnest($4::text[], $5::text[]) as x (source, key)
  where c.tenant = $1 and c.rtype = $2 and c.id = $3 and c.source = x.source and c.key = x.key
  returning c.*
)
insert into contribution_past (${columns}) select ${columns} from old`

/** What says that there is a past, and up to when: a contribution of the gateway. */
export const markPastSql = `
insert into contribution (tenant, rtype, id, source, key, body, message_id)
values ($1, $2, $3, 'gateway', $4, $5, 0)
on conflict (tenant, rtype, id, source, key) do update set body = excluded.body`

export async function setAside(
  tx: Queryable,
  tenant: number,
  thing: { readonly rtype: string; readonly id: string },
  keys: readonly { readonly source: string; readonly key: string }[],
  mark: { readonly key: string; readonly body: string },
): Promise<void> {
  const { rtype, id } = thing
  const [sources, own] = [keys.map((each) => each.source), keys.map((each) => each.key)]
  await tx.execute('set_aside', setAsideSql, [tenant, rtype, id, sources, own])
  await tx.execute('mark_past', markPastSql, [tenant, rtype, id, mark.key, mark.body])
}

const backOf = (where: string): string => `
with back as (delete from contribution_past p where p.tenant = $1${where} returning p.*)
insert into contribution (${columns}) select ${columns} from back`

export const takeBackSql = backOf(' and p.rtype = $2 and p.id = $3')
export const unmarkSql = `
delete from contribution where tenant = $1 and rtype = $2 and id = $3 and source = 'gateway' and key = $4`
export const takeAllBackSql = backOf('')
export const unmarkAllSql = `delete from contribution where tenant = $1 and source = 'gateway' and key = $2`

/** Takes everything back that was set aside of a thing, or of all things. */
export async function takeBack(
  tx: Queryable,
  tenant: number,
  mark: string,
  thing?: { readonly rtype: string; readonly id: string },
): Promise<void> {
  if (thing) {
    await tx.execute('take_back', takeBackSql, [tenant, thing.rtype, thing.id])
    await tx.execute('unmark', unmarkSql, [tenant, thing.rtype, thing.id, mark])
    return
  }
  await tx.execute('take_all_back', takeAllBackSql, [tenant])
  await tx.execute('unmark_all', unmarkAllSql, [tenant, mark])
}
