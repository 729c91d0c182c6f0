// Answers to requests with an Idempotency-Key: whoever asks again gets the first answer (IETF draft-ietf-httpapi-idempotency-key-header).
import type { Queryable } from './db.ts'

export interface AnswerRow {
  readonly client: string
  readonly key: string
  /** sha256 of the request, hexadecimal. */
  readonly sha256: string
  /** JSON text of what was answered. */
  readonly body: string
}

/** Uses the primary key of idempotency. */
export const loadAnswersSql = `
select i.client, i.key, encode(i.sha256, 'hex') as sha256, i.body
from unnest($2::text[], $3::text[]) as wanted (client, key)
cross join lateral (
  select * from idempotency i where i.tenant = $1 and i.client = wanted.client and i.key = wanted.key offset 0
) as i`

export async function loadAnswers(
  tx: Queryable,
  tenant: number,
  keys: readonly { readonly client: string; readonly key: string }[],
): Promise<AnswerRow[]> {
  if (keys.length === 0) return []
  const values = [tenant, keys.map((each) => each.client), keys.map((each) => each.key)]
  return await tx.query<AnswerRow>('load_answers', loadAnswersSql, values)
}

/** No ON CONFLICT: a key that is there already must fail the transaction, or a request would be carried out twice. */
export const writeAnswersSql = `
insert into idempotency (tenant, client, key, sha256, status, headers, body, created_at)
select $1, client, key, decode(sha256, 'hex'), status, '{}'::jsonb, body, $3::timestamptz
from json_to_recordset($2::json) as x (client text, key text, sha256 text, status int, body text)`

export async function writeAnswers(
  tx: Queryable,
  tenant: number,
  at: string,
  list: readonly (AnswerRow & { readonly status: number })[],
): Promise<void> {
  if (list.length > 0) await tx.execute('write_answers', writeAnswersSql, [tenant, JSON.stringify(list), at])
}
