// Writes of clients as they go through the queue, and their answers with what the store says of each version.
import type { Database } from '../../store/db.ts'
import { readResource, readResources } from '../../store/resources.ts'
import type { Item, Outcome } from '../batch/item.ts'
import type { FhirTransaction, FhirWrite, FhirWritten } from '../gateway.ts'
import { type TransactionAnswer, transactionItem } from './client-transaction.ts'
import { clientWriteItem } from './client-write.ts'

type Submit = (items: readonly Item[]) => Promise<Outcome[]>

export async function writeAndRead(
  write: FhirWrite,
  now: Date,
  submit: Submit,
  db: Database,
  tenant: number,
): Promise<FhirWritten> {
  const { item, answer } = clientWriteItem(write, now)
  const [outcome] = await submit([item])
  if (!outcome) return { status: 503, issues: [] }
  const written = answer(outcome)
  const { rtype, id, version, body } = written
  if (body === undefined || rtype === undefined || id === undefined || version === undefined) return written
  const updatedAt =
    written.updatedAt ?? (await readResource(db.read, tenant, rtype, id))?.updatedAt ?? now.toISOString()
  return { ...written, updatedAt, body: withMeta(body, version, updatedAt) }
}

/** Adds what the server says of a version; decimals in the text stay as they are. */
function withMeta(body: string, version: number, updatedAt: string): string {
  const meta = `"versionId":"${version}","lastUpdated":"${updatedAt}"`
  const begin = /^(\{"resourceType":"[A-Za-z]+","id":"[A-Za-z0-9.-]+","meta":\{)(\})?/
  return body.replace(begin, (_, head: string, end?: string) => `${head}${meta}${end ?? ','}`)
}

/** A transaction; the times of what it has not changed are read in one statement. */
export async function transactAndRead(
  transaction: FhirTransaction,
  now: Date,
  submit: Submit,
  db: Database,
  tenant: number,
): Promise<TransactionAnswer> {
  const { item, answer } = transactionItem(transaction, now)
  const [outcome] = await submit([item])
  if (!outcome) return { status: 503, issues: [] }
  const all = answer(outcome)
  if ('status' in all) return all
  const unchanged = all.flatMap(({ rtype, id, body, updatedAt }) =>
    body !== undefined && updatedAt === undefined && rtype !== undefined && id !== undefined
      ? [{ rtype, id }]
      : [],
  )
  const times = new Map(
    (await readResources(db.read, tenant, unchanged)).map((row) => [`${row.rtype}/${row.id}`, row.updatedAt]),
  )
  return all.map((written) => {
    const { rtype, id, version, body } = written
    if (body === undefined || version === undefined) return written
    const updatedAt = written.updatedAt ?? times.get(`${rtype}/${id}`) ?? now.toISOString()
    return { ...written, updatedAt, body: withMeta(body, version, updatedAt) }
  })
}
