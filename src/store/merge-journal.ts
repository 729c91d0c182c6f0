// What merges have changed, by the Provenance that tells of them: what undoing one needs.
import type { Queryable } from './db.ts'

export interface MergeJournalWrite {
  readonly id: string
  readonly rtype: string
  readonly source_id: string
  readonly target_id: string
  readonly said: unknown
  /** [rtype, id, version] */
  readonly moved: readonly (readonly [string, string, number])[]
  readonly message_id: string
}

export const writeMergeJournalSql = `
insert into merge_journal (tenant, id, rtype, source_id, target_id, said, merged_at, moved, message_id)
select $1, id, rtype, source_id, target_id, said, $3::timestamptz, moved, message_id
from json_to_recordset($2::json) as x (id text, rtype text, source_id text, target_id text, said jsonb, moved jsonb, message_id bigint)
on conflict do nothing`

export async function writeMergeJournal(
  tx: Queryable,
  tenant: number,
  at: string,
  list: readonly MergeJournalWrite[],
): Promise<void> {
  if (list.length > 0)
    await tx.execute('write_merge_journal', writeMergeJournalSql, [tenant, JSON.stringify(list), at])
}

/** Uses the primary key of merge_journal. */
export const undoMergeSql = `
update merge_journal set undone_at = $4::timestamptz where tenant = $1 and id = $2 and source_id = $3`

export async function undoMerge(
  tx: Queryable,
  tenant: number,
  at: string,
  undone: { readonly id: string; readonly sourceId: string },
): Promise<void> {
  await tx.execute('undo_merge', undoMergeSql, [tenant, undone.id, undone.sourceId, at])
}

export interface MergeJournalRow {
  readonly rtype: string
  readonly sourceId: string
  readonly targetId: string
  readonly said: unknown
  readonly moved: readonly (readonly [string, string, number])[]
  readonly undoneAt: string | null
}

/** Merges of one Provenance, as a rule one; uses the primary key of merge_journal. */
export const readMergesOfSql = `
select rtype, source_id as "sourceId", target_id as "targetId", said, moved, undone_at as "undoneAt"
from merge_journal where tenant = $1 and id = $2 order by source_id`

export const readMergesOf = (db: Queryable, tenant: number, id: string): Promise<MergeJournalRow[]> =>
  db.query<MergeJournalRow>('read_merges_of', readMergesOfSql, [tenant, id])

/** Values of all numbers of what is shown as one with these patients; uses the primary key of merge, merge_target and registry_id. */
export const readNumbersOfSql = `
with root as (
  select coalesce(m.target_id, x.id) as id from unnest($2::text[]) as x (id)
  left join merge m on m.tenant = $1 and m.rtype = 'Patient' and m.source_id = x.id
), family as (
  select id from root union select m.source_id from root join merge m on m.tenant = $1 and m.rtype = 'Patient' and m.target_id = root.id
)
select distinct r.value from family f join registry r on r.tenant = $1 and r.id = f.id and r.rtype = 'Patient'`

export async function readNumbersOf(
  db: Queryable,
  tenant: number,
  patients: readonly string[],
): Promise<string[]> {
  const rows = await db.query<{ value: string }>('read_numbers_of', readNumbersOfSql, [tenant, patients])
  return rows.map((each) => each.value)
}
