// Brings the schema to the version of this program: numbered files, forward only, each in one transaction.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommitUnknown, type Database, type Transaction } from './db.ts'

/** The migrations of this program. */
export const migrationsFolder = join(import.meta.dirname, 'migrations')

export interface Migrated {
  /** Version of the schema now. */
  readonly version: number
  /** Those that this call has applied. */
  readonly applied: readonly number[]
}

/** The schema is not one that this program can bring forward; nothing was changed by the refused step. */
export class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MigrationError'
  }
}

interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
  readonly sha256: string
}

interface AppliedRow {
  readonly version: number
  readonly name: string
  readonly sha256: string
}

const table = `
  CREATE TABLE IF NOT EXISTS schema_migration (
    version int PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`

/** Holds every other gateway back that would migrate the same schema, to the end of the transaction. */
const lock = "SELECT pg_advisory_xact_lock(hashtextextended('portico migrate ' || current_schema(), 0))"
const selectApplied = 'SELECT version, name, sha256 FROM schema_migration ORDER BY version'
const insertApplied = 'INSERT INTO schema_migration (version, name, sha256) VALUES ($1, $2, $3)'

/**
 * Applies what is missing. A process killed at any point leaves each file applied wholly or not at all.
 * Throws MigrationError when the schema is newer than this program, or an applied file has changed since.
 */
export async function migrate(db: Database, folder: string = migrationsFolder): Promise<Migrated> {
  const migrations = readMigrations(folder)
  const applied: number[] = []
  for (;;) {
    try {
      const done = await db.transaction((tx) => applyNext(tx, migrations), { statementTimeoutMs: 0 })
      if (done === undefined) return { version: migrations.length, applied }
      applied.push(done)
    } catch (error) {
      // The next round reads whether it was applied.
      if (!(error instanceof CommitUnknown)) throw error
    }
  }
}

/** Applies the first file that is not applied yet. The list is read again each time: another gateway may be at it too. */
async function applyNext(tx: Transaction, migrations: readonly Migration[]): Promise<number | undefined> {
  await tx.script(lock)
  await tx.script(table)
  const rows = await tx.query<AppliedRow>('migration_applied', selectApplied)
  check(rows, migrations)
  const next = migrations[rows.length]
  if (!next) return undefined
  try {
    await tx.script(next.text)
  } catch (error) {
    if (error instanceof Error) error.message = `${next.name}: ${error.message}`
    throw error
  }
  await tx.execute('migration_insert', insertApplied, [next.version, next.name, next.sha256])
  return next.version
}

function check(rows: readonly AppliedRow[], migrations: readonly Migration[]): void {
  const newest = rows.at(-1)?.version ?? 0
  if (newest > migrations.length) {
    throw new MigrationError(
      `the schema has version ${newest}, this program knows ${migrations.length} - ` +
        'start the version of the gateway that made it, or a newer one',
    )
  }
  for (const [index, row] of rows.entries()) {
    const migration = migrations[index]
    if (row.version !== migration?.version || row.sha256 !== migration.sha256) {
      throw new MigrationError(
        `migration ${row.name} was applied with another content than it has now - ` +
          'applied files are never edited: restore the file and write a new one',
      )
    }
  }
}

/** The files 000001.sql, 000002.sql, ... without gaps. Throws MigrationError when the folder holds something else. */
function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
  return names.map((name, index) => {
    const version = index + 1
    if (name !== `${String(version).padStart(6, '0')}.sql`) {
      throw new MigrationError(
        `${name} in ${folder} - the next file must be number ${version}, with six digits`,
      )
    }
    // A checkout may have changed the ends of lines; that is no change.
    const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
    return { version, name, text, sha256: createHash('sha256').update(text).digest('hex') }
  })
}
