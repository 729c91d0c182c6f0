// Versions of one resource with the messages that made them, newest first, for explaining one of them.
import type { Queryable } from './db.ts'

export interface BodyRow {
  readonly version: number
  readonly messageId: string
  /** Null once retention has dropped the message. */
  readonly source: string | null
  readonly updatedAt: string
  readonly body: string | null
}

/** Uses the keys of history by version, and message_id. */
export const bodiesUpToSql = `
select h.version, h.message_id::text as "messageId", h.updated_at as "updatedAt", h.body::text as body,
  (select m.source from message m where m.tenant = h.tenant and m.id = h.message_id limit 1) as source
from history h
where h.tenant = $1 and h.rtype = $2 and h.id = $3 and h.version <= $4
order by h.version desc limit $5`

export async function bodiesUpTo(
  db: Queryable,
  tenant: number,
  asked: { readonly rtype: string; readonly id: string; readonly version: number; readonly limit: number },
): Promise<BodyRow[]> {
  const { rtype, id, version, limit } = asked
  return await db.query<BodyRow>('bodies_up_to', bodiesUpToSql, [tenant, rtype, id, version, limit])
}
