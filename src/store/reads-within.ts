// Reads that see what a transaction has written so far: for whoever asks inside of it, the connection is that of the transaction.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database, Queryable, Transaction } from './db.ts'

export interface ReadsWithin {
  /** The same database; its `read` reads inside of the transaction where `within` says so. */
  readonly db: Database
  within<T>(tx: Queryable, work: () => Promise<T>): Promise<T>
}

export function readsWithin(db: Database): ReadsWithin {
  const current = new AsyncLocalStorage<Queryable>()
  const reader = (): Queryable => current.getStore() ?? db.read
  const read: Queryable = {
    query: (name, text, values) => reader().query(name, text, values),
    execute: (name, text, values) => reader().execute(name, text, values),
  }
  return { db: { ...db, read }, within: (tx, work) => current.run(tx, work) }
}

const savepointSql = 'savepoint written'
const undoSql = 'rollback to savepoint written'

/** From here on what is written can be undone without the transaction. */
export const markWritten = (tx: Transaction): Promise<void> => tx.script(savepointSql)
export const undoWritten = (tx: Transaction): Promise<void> => tx.script(undoSql)

/** For the rest of the transaction: nothing is written, and plans are those of searches. */
export async function readOnlyFromHere(tx: Transaction, statementTimeoutMs: number): Promise<void> {
  await tx.script(`set transaction read only; set local enable_seqscan = on; set local enable_hashjoin = on;
    set local enable_mergejoin = on; set local statement_timeout = ${Math.trunc(statementTimeoutMs)}`)
}
