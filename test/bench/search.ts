// (d) FHIR read and four searches over HTTP at two sizes of the store, by turns with the bare statements that answer them;
// and page 1,000 beside page 1.
import { Agent, request } from 'node:http'
import { loadavg } from 'node:os'
import pg from 'pg'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import { parseSearch } from '../../src/fhir/search-query.ts'
import { chanceOf } from '../../src/generate/chance.ts'
import { defaultCount } from '../../src/server/fhir/search-request.ts'
import { type Database, openDatabase } from '../../src/store/db.ts'
import { readResource } from '../../src/store/resources.ts'
import { searchPage } from '../../src/store/search.ts'
import type { Cluster } from './cluster.ts'
import { checkPopulation, populate } from './population.ts'
import { type Kind, kinds, walks } from './questions.ts'
import type { Report } from './report.ts'
import { Stand } from './stand.ts'

const zone = zoneOffsetOf('America/Chicago')
const requests = 400
const warmUp = 150
const pages = 1_000
/** Pages whose time is compared. */
const some = 30

interface Reply {
  readonly ms: number
  readonly body: string
}

function get(agent: Agent, port: number, path: string): Promise<Reply> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        path: `/fhir/${path.replaceAll('|', '%7C')}`,
        headers: { authorization: 'Bearer bench-client' },
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => {
          const body = Buffer.concat(parts).toString('utf8')
          if (response.statusCode === 200) resolve({ ms: performance.now() - began, body })
          else reject(new Error(`${path}: ${response.statusCode} ${body.slice(0, 500)}`))
        })
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

interface Page {
  readonly entry?: readonly unknown[]
  readonly link?: readonly { readonly relation: string; readonly url: string }[]
}

const countOf = (body: string): number => (JSON.parse(body) as Page).entry?.length ?? 1

const quantile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0

interface Answered {
  readonly p50Ms: number
  readonly p95Ms: number
  /** Of the bare statement. */
  readonly bareMs: number
  /** Of the gateway's statement, without HTTP. */
  readonly ownMs: number
  /** Entries of a page, or 1 for a read. */
  readonly entries: number
}

interface Place {
  readonly agent: Agent
  readonly port: number
  readonly sql: pg.Client
  readonly db: Database
}

/** The same by the statements of the gateway, without HTTP. */
async function ownStatement(db: Database, path: string): Promise<void> {
  const [type = '', text] = path.split('?')
  if (text === undefined) {
    const [rtype = '', id = ''] = path.split('/')
    await readResource(db.read, 1, rtype, id)
    return
  }
  const read = parseSearch(type, new URLSearchParams(text), { zone, limits: { defaultCount } })
  if (!('query' in read)) throw new Error(`${path} cannot be read`)
  await searchPage(db.read, 1, read.query)
}

/** The same question to both, one after the other: whatever else the machine does, it does to both. */
async function ask(
  { agent, port, sql, db }: Place,
  name: string,
  kind: Kind,
  patients: number,
): Promise<Answered> {
  const pick = chanceOf(9)
  const times: number[] = []
  const bare: number[] = []
  const own: number[] = []
  let entries = 0
  for (let i = -warmUp; i < requests; i++) {
    const { path, values } = kind.ask(pick, patients)
    const { ms, body } = await get(agent, port, path)
    const began = performance.now()
    const { rowCount } = await sql.query({ name, text: kind.sql, values: [...values] })
    const bareMs = performance.now() - began
    const again = performance.now()
    await ownStatement(db, path)
    const ownMs = performance.now() - again
    if (countOf(body) !== rowCount) throw new Error(`${path}: ${countOf(body)} entries, ${rowCount} rows`)
    if (i < 0) continue
    times.push(ms)
    bare.push(bareMs)
    own.push(ownMs)
    entries += countOf(body)
  }
  return {
    p50Ms: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    bareMs: quantile(bare, 0.5),
    ownMs: quantile(own, 0.5),
    entries: entries / requests,
  }
}

/** Times of the first and of the last pages of a walk by its links. */
async function walk(
  { agent, port }: Place,
  path: string,
): Promise<{ first: number; last: number; count: number }> {
  const times: number[] = []
  let next: string | undefined = path
  while (next !== undefined && times.length < pages) {
    const { ms, body } = await get(agent, port, next)
    times.push(ms)
    const links: Page['link'] = (JSON.parse(body) as Page).link
    next = links?.find(({ relation }) => relation === 'next')?.url.replace(/^.*\/fhir\//, '')
  }
  // The first page also counts; the walk begins behind it.
  return {
    first: quantile(times.slice(1, 1 + some), 0.5),
    last: quantile(times.slice(-some), 0.5),
    count: times.length,
  }
}

/** What autovacuum would have done within minutes: statistics, and which pages need no second look. */
async function settle(sql: pg.Client): Promise<void> {
  await sql.query('vacuum (analyze) resource, identifier, reference, string, date')
}

export async function benchSearch(cluster: Cluster, report: Report, sizes: readonly number[]): Promise<void> {
  const stand = new Stand(cluster)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sql = new pg.Client({ connectionString: cluster.url })
  try {
    const { httpPort } = await stand.open({ seed: 4, patients: 1 })
    const db = await openDatabase({
      connection: cluster.url,
      schema: stand.schema,
      warn: (fields, text) => report.say(`${text} ${JSON.stringify(fields)}`),
    })
    await sql.connect()
    await sql.query(`set search_path = "${stand.schema}", public`)
    const place = { agent, port: httpPort, sql, db }
    const before = new Map<string, Answered>()
    let patients = 0
    for (const size of sizes) {
      const began = performance.now()
      await populate(db, patients, size, (text) => sql.query(text))
      if (patients === 0) await checkPopulation(db, ['p0', 'p7', `p${size - 1}`, 'a0', 'a299', `a${size}`])
      await settle(sql)
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      report.say(
        `${size} patients with their appointments written, ${seconds} s; load ${loadavg()[0]?.toFixed(1)}`,
      )
      patients = size
      for (const [name, kind] of Object.entries(kinds)) {
        const answered = await ask(place, name, kind, size)
        const what = `${name}, ${size} patients`
        report.figure(
          'd',
          `${what}, p50`,
          answered.p50Ms,
          'ms',
          `${answered.entries.toFixed(1)} entries a page`,
        )
        report.figure('d', `${what}, p95`, answered.p95Ms, 'ms')
        report.figure('d', `${what}, bare statement, p50`, answered.bareMs, 'ms')
        report.figure('d', `${what}, own statement, p50`, answered.ownMs, 'ms')
        report.ratio({
          part: 'd',
          name: `${what}: own statement / bare`,
          value: answered.ownMs / answered.bareMs,
        })
        report.ratio({ part: 'd', name: `${what}: HTTP / bare`, value: answered.p50Ms / answered.bareMs })
        const earlier = before.get(name)
        const ratio = answered.p50Ms / (earlier?.p50Ms ?? answered.p50Ms)
        if (earlier)
          report.ratio({ part: 'd', name: `${name}: ${size} / ${sizes[0]} patients`, value: ratio })
        else before.set(name, answered)
      }
    }
    for (const [name, path] of Object.entries(walks)) {
      const { first, last, count } = await walk(place, path)
      report.ratio({ part: 'd', name: `${name}: page ${count} / first pages`, value: last / first })
      report.figure('d', `${name}: last pages, p50`, last, 'ms')
    }
    await db.close()
  } finally {
    agent.destroy()
    await sql.end().catch(() => {})
    await stand.close()
  }
}
