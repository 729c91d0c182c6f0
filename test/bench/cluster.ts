// The PostgreSQL that all benchmarks of a run share: the embedded one in a folder that is removed, or the server of
// PORTICO_BENCH_DATABASE_URL; schemas on it; and what its processes have cost.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbedded } from '../../src/store/embedded/supervisor.ts'

export interface Cluster {
  readonly url: string
  readonly version: string
  /** Folder for what a run keeps while it runs. */
  readonly folder: string
  /** A name that no other phase of this run has. */
  newSchema(): string
  dropSchema(schema: string): Promise<void>
  /** Processor time of all server processes so far, in ms; undefined where it cannot be seen. */
  cpuMs(): number | undefined
  close(): Promise<void>
}

export async function openCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-bench-'))
  const given = process.env.PORTICO_BENCH_DATABASE_URL
  const quiet = { info() {}, warn() {}, error: (fields: object, text: string) => console.error(text, fields) }
  const embedded = given ? undefined : await startEmbedded({ dataDir: join(folder, 'data'), log: quiet })
  const url = given ?? embedded?.url ?? ''
  const run = async (text: string): Promise<pg.QueryResult> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return await client.query(text)
    } finally {
      await client.end()
    }
  }
  const { rows } = await run('show server_version')
  let schemas = 0
  return {
    url,
    version: String((rows[0] as { server_version: string }).server_version).split(' ')[0] ?? '',
    folder,
    newSchema: () => `bench_${process.pid}_${++schemas}`,
    dropSchema: async (schema) => {
      await run(`set client_min_messages = warning; drop schema if exists "${schema}" cascade`)
    },
    cpuMs: () => (embedded ? treeCpuMs(embedded.pid) : undefined),
    close: async () => {
      await embedded?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const msPerTick = 10

/** Of a process, its living children and those it has waited for (proc(5), Linux). */
export function treeCpuMs(root: number): number | undefined {
  try {
    let ticks = 0
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      let stat: string
      try {
        stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      } catch {
        continue
      }
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number)
      const [, parent = 0] = fields
      if (Number(name) !== root && parent !== root) continue
      ticks += (fields[11] ?? 0) + (fields[12] ?? 0)
      if (Number(name) === root) ticks += (fields[13] ?? 0) + (fields[14] ?? 0)
    }
    return ticks * msPerTick
  } catch {
    return undefined
  }
}
