// The end of waiting: messages whose key has not come within the hours that the site gives them.
import type { Queryable } from './db.ts'

/**
 * Uses parked_until. Parked messages of whose keys none has come in time are refused for good; the sender was told so with AE
 * when it sent them. One that was tried again meanwhile waits as long as the last of its keys.
 */
export const expireParkedSql = `
with due as (
  delete from parked where tenant = $1 and until <= $2::timestamptz returning message_id, received_at
)
update message m set state = 'rejected', processed_at = $2::timestamptz from due
where m.tenant = $1 and m.received_at = due.received_at and m.id = due.message_id and m.state = 'parked'
  and not exists (select from parked p where p.tenant = $1 and p.message_id = m.id and p.until > $2::timestamptz)`

export async function expireParked(tx: Queryable, tenant: number, now: string): Promise<number> {
  return await tx.execute('expire_parked', expireParkedSql, [tenant, now])
}
