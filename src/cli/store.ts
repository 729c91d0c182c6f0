// The store that a verb works on, as the environment names it: DATABASE_URL, or the embedded PostgreSQL in DATA_DIR.
import { type Config, readConfig } from '../config.ts'
import type { Database } from '../store/db.ts'
import type { Embedded, Log } from '../store/embedded/supervisor.ts'
import { CannotRun, textOf } from './exit.ts'
import type { Terminal } from './terminal.ts'
import type { Context } from './verb.ts'

export interface OpenedStore {
  readonly config: Config
  readonly db: Database
  /** Where it is, for people. */
  readonly place: string
  /** Another schema of the same server. */
  schema(name: string): Promise<Database>
  close(): Promise<void>
}

/** Opens it as it is: nothing is migrated, nothing runs. */
export async function openStore(env: Context['env'], terminal: Terminal): Promise<OpenedStore> {
  const { openDatabase } = await import('../store/db.ts')
  const { startEmbedded } = await import('../store/embedded/supervisor.ts')
  const read = readConfig(env)
  if ('problems' in read) throw new CannotRun(read.problems.join('\n'))
  const { config } = read
  const warn = (_: Record<string, unknown>, message: string) => terminal.note(message)
  const log: Log = { info: () => {}, warn, error: warn }
  let embedded: Embedded | undefined
  try {
    if (config.databaseUrl === undefined) embedded = await startEmbedded({ dataDir: config.dataDir, log })
    const connection = embedded?.connection ?? config.databaseUrl ?? ''
    const schema = (name: string) =>
      openDatabase({ connection, schema: name, warn, readTimeoutMs: 0, writeTimeoutMs: 0 })
    const db = await schema(config.databaseSchema)
    const place = config.databaseUrl === undefined ? config.dataDir : `schema ${config.databaseSchema}`
    const close = async () => {
      await db.close()
      await embedded?.stop()
    }
    return { config, db, place, schema, close }
  } catch (error) {
    await embedded?.stop()
    throw error instanceof CannotRun ? error : new CannotRun(textOf(error))
  }
}
