// The oracle's own way to the rows: plain SQL through a connection of its own, never through the gateway.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { until } from './wait.ts'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** The embedded server of a DATA_DIR: only a superuser of the machine, or its owner, can read the password. */
export const urlOf = (dataDir: string): string =>
  `postgresql://portico:${readFileSync(join(dataDir, 'password'), 'utf8').trim()}` +
  `@${encodeURIComponent(join(dataDir, 'run'))}:5432/portico`

async function open(dataDir: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(dataDir), connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  await client.connect()
  await client.query('set search_path = portico')
  return client
}

/** Runs `look` on a connection that is closed afterwards; waits for a server that is coming up. */
export async function withRows<T>(dataDir: string, look: (query: Query) => Promise<T>): Promise<T> {
  let last: unknown
  const client = await until(async () => {
    try {
      return await open(dataDir)
    } catch (error) {
      last = error
      return undefined
    }
  }, 30_000)
  if (!client) throw new Error('the database does not answer', { cause: last })
  try {
    return await look(async (text, values) => (await client.query(text, values as unknown[])).rows)
  } finally {
    await client.end().catch(() => {})
  }
}

export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>

/** True once the server answers a query. */
export async function answersQueries(dataDir: string): Promise<boolean> {
  try {
    const client = await open(dataDir)
    await client.end()
    return true
  } catch {
    return false
  }
}
