// Statements and transactions on a pool: prepared by name, bounded in time, tried again when that is safe.
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { CommitUnknown, classify, isLostConnection, isStalePlan, StoreBusy, sqlState } from './sqlstate.ts'

export interface Queryable {
  /** Rows of a statement, prepared under its name. Values only ever travel as parameters. */
  query<Row>(name: string, text: string, values?: readonly unknown[]): Promise<Row[]>
  /** The same for a statement without rows: the number of rows it has touched. */
  execute(name: string, text: string, values?: readonly unknown[]): Promise<number>
  /** Of a transaction: names that it has locked (`lockThings`), those of its earlier attempts included. */
  readonly locks?: Set<string>
}

/**
 * One connection, so statements run in the order in which they are given. Those that do not need each other's results
 * are best given together (Promise.all): they are sent without waiting for answers.
 */
export interface Transaction extends Queryable {
  /** Statements without parameters or results, separated by semicolons: migrations. */
  script(text: string): Promise<void>
  readonly locks: Set<string>
}

export interface TransactionOptions {
  /** Attempts after a conflict with another transaction. Default 5. */
  readonly retries?: number
  /** How long to go on trying while there is no server. Default 5000. */
  readonly outageMs?: number
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  /** Limit of each statement, 0 = none. Default: `writeTimeoutMs`. */
  readonly statementTimeoutMs?: number
  /** Roll back at the end and return the result all the same: a dry run. */
  readonly rollback?: boolean
}

/** The server's time-out comes first; ours is for the server that does not answer at all. */
const answerGraceMs = 2_000

/** One of the two pools with its limits. */
export interface Lane {
  readonly pool: pg.Pool
  readonly timeoutMs: number
  readonly maxWaiting: number
  readonly observe: (name: string, ms: number) => void
}

async function take(lane: Lane): Promise<pg.PoolClient> {
  if (lane.pool.waitingCount >= lane.maxWaiting) throw new StoreBusy('reader')
  return await lane.pool.connect()
}

async function run(
  lane: Lane,
  client: pg.PoolClient,
  name: string | undefined,
  text: string,
  values: readonly unknown[] | undefined,
  timeoutMs: number,
): Promise<pg.QueryResult> {
  const began = performance.now()
  const limit = timeoutMs > 0 ? { query_timeout: timeoutMs + answerGraceMs } : {}
  const config = {
    text,
    ...limit,
    ...(name === undefined ? {} : { name }),
    ...(values ? { values: [...values] } : {}),
  }
  try {
    together(client)
    return await client.query(config)
  } finally {
    lane.observe(name ?? 'script', performance.now() - began)
  }
}

/** What is given in one turn leaves in one write: the server is not woken for each statement of a batch. */
function together(client: pg.PoolClient): void {
  const { stream } = client.connection
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(() => stream.uncork())
}

/** Whether the connection may serve again after this error. */
function isUsable(error: unknown): boolean {
  return (
    sqlState(error) !== undefined &&
    !isLostConnection(error) &&
    !isStalePlan(error) &&
    sqlState(error) !== '26000'
  )
}

export function readQueries(lane: Lane): Queryable {
  const once = async (name: string, text: string, values: readonly unknown[] | undefined) => {
    const client = await take(lane)
    try {
      const result = await run(lane, client, name, text, values, lane.timeoutMs)
      client.release()
      return result
    } catch (error) {
      client.release(!isUsable(error))
      throw error
    }
  }
  return {
    query: async (name, text, values) => (await once(name, text, values)).rows,
    execute: async (name, text, values) => (await once(name, text, values)).rowCount ?? 0,
  }
}

const firstPauseMs = 20
const maxPauseMs = 1_000

export async function transact<T>(
  lane: Lane,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const retries = options.retries ?? 5
  const giveUpAt = performance.now() + (options.outageMs ?? 5_000)
  const locks = new Set<string>()
  let conflicts = 0
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptOnce(lane, work, options, locks)
    } catch (error) {
      if (error instanceof CommitUnknown || error instanceof StoreBusy) throw error
      // A statement that took too long would take too long again.
      if (classify(error) !== 'transient' || sqlState(error) === '57014') throw error
      // A lost or stale connection costs no attempt: each of a pool may be.
      if (isUsable(error) ? ++conflicts > retries : performance.now() > giveUpAt) throw error
    }
    // Full jitter, so that those who met here do not meet again.
    await sleep(Math.random() * Math.min(maxPauseMs, firstPauseMs * 2 ** attempt))
  }
}

/**
 * Results of statements that were sent one behind the other, without waiting. When one fails, all behind it fail, too,
 * because the transaction has: the error is that of the first, whichever is heard of first.
 */
export async function pipelined<const T extends readonly unknown[]>(
  list: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(list)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
  return (await Promise.all(list)) as { -readonly [K in keyof T]: Awaited<T[K]> }
}

async function attemptOnce<T>(
  lane: Lane,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
  locks: Set<string>,
): Promise<T> {
  const client = await take(lane)
  const limitMs = options.statementTimeoutMs ?? lane.timeoutMs
  const { tx, end } = openTransaction(lane, client, limitMs, locks)
  try {
    await tx.script(beginText(options))
    const result = await work(tx)
    end()
    if (options.rollback) await run(lane, client, undefined, 'ROLLBACK', undefined, limitMs)
    else await commit(lane, client, limitMs)
    client.release()
    return result
  } catch (error) {
    end()
    client.release(!(await rollBack(lane, client, error)))
    throw error
  }
}

function beginText(options: TransactionOptions): string {
  const begin = options.isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${options.isolation}`
  const limit = options.statementTimeoutMs
  return limit === undefined ? begin : `${begin}; SET LOCAL statement_timeout = ${Math.trunc(limit)}`
}

/** `tx` works until `end`: a statement that comes later would run outside of the transaction, or in another one. */
function openTransaction(
  lane: Lane,
  client: pg.PoolClient,
  limitMs: number,
  locks: Set<string>,
): { tx: Transaction; end: () => void } {
  let open = true
  const checked = async (name: string | undefined, text: string, values: readonly unknown[] | undefined) => {
    if (!open) throw new Error('statement after the end of its transaction - an await is missing')
    return await run(lane, client, name, text, values, limitMs)
  }
  return {
    tx: {
      locks,
      query: async (name, text, values) => (await checked(name, text, values)).rows,
      execute: async (name, text, values) => (await checked(name, text, values)).rowCount ?? 0,
      script: async (text) => {
        await checked(undefined, text, undefined)
      },
    },
    end: () => {
      open = false
    },
  }
}

async function commit(lane: Lane, client: pg.PoolClient, limitMs: number): Promise<void> {
  let command: string
  try {
    command = (await run(lane, client, undefined, 'COMMIT', undefined, limitMs)).command
  } catch (error) {
    // An ERROR says that nothing was committed. No answer, or the end of the session, says nothing.
    if (isLostConnection(error) || sqlState(error) === '40003') throw new CommitUnknown(error)
    throw error
  }
  // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and without an error.
  if (command !== 'COMMIT')
    throw new Error('the transaction had failed before COMMIT - an error was swallowed')
}

/** True when the connection can serve again. */
async function rollBack(lane: Lane, client: pg.PoolClient, error: unknown): Promise<boolean> {
  if (error instanceof CommitUnknown || (classify(error) === 'transient' && !isUsable(error))) return false
  try {
    await run(lane, client, undefined, 'ROLLBACK', undefined, answerGraceMs)
    return true
  } catch {
    return false
  }
}
