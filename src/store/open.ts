// Opens the store: the PostgreSQL of DATABASE_URL, or else the embedded one in DATA_DIR.
import { type Database, type DatabaseOptions, openDatabase } from './db.ts'
import { type EmbeddedOptions, type Log, startEmbedded } from './embedded/supervisor.ts'

export interface StoreOptions extends Omit<DatabaseOptions, 'connection' | 'warn'> {
  /** Undefined = the embedded server of `dataDir`. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  readonly log: Log
  /** The embedded server is gone for good. */
  readonly onLost?: NonNullable<EmbeddedOptions['onLost']>
}

export interface Store {
  readonly db: Database
  /** Closes the connections, then ends the embedded server. */
  close(): Promise<void>
}

/** Rejects when there is no server to be had; nothing is left running then. */
export async function openStore({
  databaseUrl,
  dataDir,
  log,
  onLost,
  ...rest
}: StoreOptions): Promise<Store> {
  const embedded =
    databaseUrl === undefined ? await startEmbedded({ dataDir, log, ...(onLost && { onLost }) }) : undefined
  try {
    const db = await openDatabase({
      ...rest,
      connection: embedded?.connection ?? databaseUrl ?? '',
      warn: (fields, message) => log.warn(fields, message),
    })
    const close = async () => {
      await db.close()
      await embedded?.stop()
    }
    return { db, close }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}
