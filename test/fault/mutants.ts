// Gateways that break one promise each. A test that does not catch its mutant is no test (promises.md, section 2).
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Transaction } from '../../src/store/db.ts'

export const mutants = {
  'ack-before-commit': 'answers when the statements have run, and commits then',
  'key-outside': 'writes the keys of resends in a transaction of their own',
  'outbox-outside': 'writes the outbox in a transaction of its own',
  'no-resend-check': 'knows no message again',
  'fsync-off': 'runs PostgreSQL with fsync and synchronous_commit off',
  'stall-with-poison': 'takes content that cannot be stored for a store that is away',
  'partial-log': 'applies one message in fifty without keeping it',
  'migrate-in-pieces': 'commits each statement of a migration by itself',
  blocking: 'keeps the event loop busy for 400 ms now and then',
} as const
export type MutantName = keyof typeof mutants

export const isMutant = (name: string | undefined): name is MutantName =>
  name !== undefined && Object.hasOwn(mutants, name)

/** A commit on a slow disk, or on a server some way off: the time in which a kill shows what the mutant does. */
const slowCommitMs = 5

type Execute = Transaction['execute']
type Call = Parameters<Execute>
type Run = Database['transaction']

const wrap = (db: Database, transaction: (run: Run) => Run): Database => ({
  ...db,
  transaction: transaction(db.transaction),
})

function ackBeforeCommit(run: Run): Run {
  return (work, options) =>
    new Promise((resolve, reject) => {
      const committed = run(async (tx) => {
        const result = await work(tx)
        resolve(result)
        await sleep(slowCommitMs)
        return result
      }, options)
      committed.then(resolve, reject)
    })
}

/** The statement of this name runs after the commit, in another transaction. */
const outside =
  (statement: string) =>
  (run: Run): Run =>
  async (work, options) => {
    const later: Call[] = []
    const result = await run((tx) => {
      later.length = 0
      const execute: Execute = async (...call) => {
        if (call[0] !== statement) return await tx.execute(...call)
        later.push(call)
        return 0
      }
      return work({ ...tx, execute })
    }, options)
    if (later.length === 0) return result
    await sleep(slowCommitMs)
    await run(async (tx) => {
      for (const call of later) await tx.execute(...call)
    })
    return result
  }

function noResendCheck(run: Run): Run {
  return (work, options) =>
    run(
      (tx) =>
        work({
          ...tx,
          query: async (name, text, values) =>
            name === 'load_message_keys' ? [] : await tx.query(name, text, values),
          execute: async (name, text, values) =>
            name === 'write_message_keys' ? 0 : await tx.execute(name, text, values),
        }),
      options,
    )
}

function stallWithPoison(run: Run): Run {
  return async (work, options) => {
    try {
      return await run(work, options)
    } catch (error) {
      throw new Error('connection terminated', { cause: error })
    }
  }
}

const forgetEvery = 50

function partialLog(run: Run): Run {
  let count = 0
  const execute =
    (tx: Transaction): Execute =>
    async (name, text, values = []) => {
      const [tenant, rows] = values
      if (name !== 'write_messages' || typeof rows !== 'string') return await tx.execute(name, text, values)
      const kept = (JSON.parse(rows) as unknown[]).filter(() => ++count % forgetEvery !== 0)
      return await tx.execute(name, text, [tenant, JSON.stringify(kept)])
    }
  return (work, options) => run((tx) => work({ ...tx, execute: execute(tx) }), options)
}

const blockEvery = 40
const blockMs = 400

function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function blocking(run: Run): Run {
  let count = 0
  return (work, options) => {
    if (++count % blockEvery === 0) {
      // Of processor time, as the judge counts it: on a busy machine the clock goes on without us.
      const end = processorMs() + blockMs
      while (processorMs() < end);
    }
    return run(work, options)
  }
}

/** The store as the mutant sees it. */
export function mutate(name: MutantName): (db: Database) => Database {
  const changes: Partial<Record<MutantName, (run: Run) => Run>> = {
    'ack-before-commit': ackBeforeCommit,
    'key-outside': outside('write_message_keys'),
    'outbox-outside': outside('write_outbox'),
    'no-resend-check': noResendCheck,
    'stall-with-poison': stallWithPoison,
    'partial-log': partialLog,
    blocking,
  }
  const change = changes[name]
  return (db) => (change ? wrap(db, change) : db)
}
