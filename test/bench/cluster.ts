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
  analyze(schema: string): Promise<void>
  /** Server time by statement since the last call; only with `logStatements`. */
  statements(): readonly StatementCost[]
  /** Processor time of all server processes so far, in ms; undefined where it cannot be seen. */
  cpuMs(): number | undefined
  close(): Promise<void>
}

export interface StatementCost {
  readonly name: string
  readonly calls: number
  /** Of parse, bind (planning) and execute. */
  readonly ms: number
  readonly planMs: number
}

/** Logs each statement with its time: for profiles, not for figures. */
const logAll = {
  log_min_duration_statement: '0',
  log_parameter_max_length: '0',
  log_filename: 'statements.log',
}

export async function openCluster({ logStatements = false } = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-bench-'))
  const given = process.env.PORTICO_BENCH_DATABASE_URL
  const quiet = { info() {}, warn() {}, error: (fields: object, text: string) => console.error(text, fields) }
  const embedded = given
    ? undefined
    : await startEmbedded({
        dataDir: join(folder, 'data'),
        log: quiet,
        settings: logStatements ? logAll : {},
      })
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
  let read = 0
  return {
    url,
    version: String((rows[0] as { server_version: string }).server_version).split(' ')[0] ?? '',
    folder,
    newSchema: () => `bench_${process.pid}_${++schemas}`,
    dropSchema: async (schema) => {
      await run(`set client_min_messages = warning; drop schema if exists "${schema}" cascade`)
    },
    analyze: async (schema) => {
      const { rows: tables } = await run(
        `select quote_ident(relname) as name from pg_class where relnamespace = '"${schema}"'::regnamespace and relkind in ('r', 'p')`,
      )
      await run(
        `set search_path = "${schema}"; analyze ${(tables as { name: string }[]).map(({ name }) => name).join(', ')}`,
      )
    },
    statements: () => {
      const text = logText(folder)
      const costs = statementCosts(text.slice(read))
      read = text.length
      return costs
    },
    cpuMs: () => (embedded ? treeCpuMs(embedded.pid) : undefined),
    close: async () => {
      await embedded?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function logText(folder: string): string {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('statements.log')) return readFileSync(join(folder, path), 'latin1')
  }
  return ''
}

function statementCosts(log: string): StatementCost[] {
  const costs = new Map<string, { name: string; calls: number; ms: number; planMs: number }>()
  for (const [, time = '0', step = '', text = ''] of log.matchAll(
    /duration: ([\d.]+) ms {2}(parse|bind|execute|statement) ?(.*)/g,
  )) {
    const name = step === 'statement' ? (text.slice(2).split(' ')[0] ?? '') : (text.split(/[:/]/)[0] ?? '')
    const cost = costs.get(name) ?? { name, calls: 0, ms: 0, planMs: 0 }
    costs.set(name, cost)
    cost.ms += Number(time)
    if (step === 'execute' || step === 'statement') cost.calls++
    else cost.planMs += Number(time)
  }
  return [...costs.values()].sort((a, b) => b.ms - a.ms)
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
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number)
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
