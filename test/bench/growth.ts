// (h) What a message costs when much has been said before: of a person, a visit and an account with 10 and with 10,000
// events in their logs. One engine in this process, one message at a time, so that nothing hides behind a batch.
import { performance } from 'node:perf_hooks'
import { createEngine } from '../../src/pipeline/engine.ts'
import { createMetrics } from '../../src/pipeline/metrics.ts'
import { readSite } from '../../src/pipeline/site/site.ts'
import { loadSiteMaps } from '../../src/pipeline/site/site-maps.ts'
import { openDatabase } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Cluster } from './cluster.ts'
import { siteFile } from './gateway.ts'
import type { Report } from './report.ts'

const few = 10
const measured = 60
const rounds = 3
const most = 1.3

const begin = Date.UTC(2026, 3, 1, 6)
const dtm = (n: number): string =>
  new Date(begin + n * 60_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)

const person = (id: string, n: number): string =>
  `PID|1||${id}^^^LKH&2.16.840.1.113883.19.200.1&ISO^MR||DOE^JANE^^^^^L||19800101|F|||${n % 97} OAK ST^^RIVERBEND^IL^62099^USA^H||^PRN^PH^^1^217^55501${String(n % 100).padStart(2, '0')}`
const account = (id: string): string => `|||||A${id}^^^LKHACCT&2.16.840.1.113883.19.200.2&ISO^AN`
const visit = (id: string): string =>
  `PV1|1|I|3N^301^A^LKH||||1234567893^LINDQVIST^ERIK^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI||||||||||||V${id}^^^LKHVN&2.16.840.1.113883.19.200.3&ISO^VN`

interface Kind {
  readonly name: string
  readonly event: string
  readonly source: string
  segments(id: string, n: number): readonly string[]
}

/** What is told again and again, a little different each time. */
const kinds: readonly Kind[] = [
  {
    name: 'person, A31',
    event: 'ADT^A31^ADT_A05',
    source: 'ADT1|LKH',
    segments: (id, n) => [person(id, n), 'PV1|1|N'],
  },
  {
    name: 'visit, A08',
    event: 'ADT^A08^ADT_A01',
    source: 'ADT1|LKH',
    segments: (id, n) => [`${person(id, n)}${account(id)}`, visit(id), `PV2|||HIP^Reason ${n % 13}^L`],
  },
  {
    name: 'account, P03',
    event: 'DFT^P03^DFT_P03',
    source: 'BILL1|LKH',
    segments: (id, n) => [
      `${person(id, 0)}${account(id)}`,
      visit(id),
      `FT1|1|L${id}-${n}^^^BILL1TX&2.16.840.1.113883.19.200.7&ISO||${dtm(n)}|${dtm(n)}|CG|99213^Visit^L|||1|20.50&USD`,
    ],
  },
]

function textOf({ event, source, segments }: Kind, id: string, n: number): string {
  const head = `MSH|^~\\&|${source}|PORTICO|LKH|${dtm(n)}||${event}|${id}-${n}|P|2.5.1`
  return `${[head, `EVN||${dtm(n)}|||OP1|${dtm(n)}`, ...segments(id, n)].join('\r')}\r`
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0

export async function benchGrowth(cluster: Cluster, report: Report, many: number): Promise<void> {
  const schema = cluster.newSchema()
  const read = readSite(siteFile)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  const { site } = read
  const maps = loadSiteMaps(siteFile)
  const db = await openDatabase({ connection: cluster.url, schema, warn: () => {} })
  await migrate(db)
  const engine = createEngine({
    db,
    tenant: 1,
    site: () => site,
    maps: () => maps,
    clock: { now: () => new Date(begin + 400 * 86_400_000) },
    maxBatchMessages: 200,
    maxBatchBytes: 1 << 22,
    maxWaiting: 10_000,
    maxWaitingBytes: 1 << 26,
    observe: createMetrics((_id, error) => report.say(`fault: ${String(error)}`)),
  })
  engine.start()
  const send = async (text: string): Promise<void> => {
    const { bytes } = await engine.receive({ raw: Buffer.from(text), channel: 'mllp', peer: 'bench' })
    if (!Buffer.from(bytes ?? []).includes('MSA|AA')) throw new Error(Buffer.from(bytes ?? []).toString())
  }
  const idle = async () => {
    while (!(await engine.idle())) await new Promise((resolve) => setImmediate(resolve))
  }
  try {
    for (const kind of kinds) {
      const ids = [few, many].map((count) => ({ count, id: `${kinds.indexOf(kind) + 1}${count}`, said: 0 }))
      for (const each of ids) {
        while (each.said < each.count) {
          const size = Math.min(100, each.count - each.said)
          await Promise.all(Array.from({ length: size }, () => send(textOf(kind, each.id, each.said++))))
        }
      }
      await idle()
      await cluster.analyze(schema)
      // By turns, so that what else the machine does meets both.
      const times = new Map<number, number[]>(ids.map(({ count }) => [count, []]))
      for (let n = 0; n < measured * rounds; n++) {
        // The short log stays short: others like it take its place.
        for (const each of ids) {
          const short = each.count === few
          const id = short ? `${each.id}x${Math.floor(n / 5)}` : each.id
          if (short && n % 5 === 0) for (let i = 0; i < few; i++) await send(textOf(kind, id, i))
          const began = performance.now()
          await send(textOf(kind, id, short ? few + (n % 5) : each.said++))
          times.get(each.count)?.push(performance.now() - began)
        }
      }
      const [low, high] = [few, many].map((count) => median(times.get(count) ?? []))
      report.figure('h', `${kind.name}, ${few} events`, low ?? 0, 'ms/msg')
      report.figure('h', `${kind.name}, ${many} events`, high ?? 0, 'ms/msg')
      report.ratio({
        part: 'h',
        name: `${kind.name}: ${many} events beside ${few}`,
        value: (high ?? 0) / (low ?? 1),
        atMost: most,
      })
    }
  } finally {
    await engine.close()
    await db.close()
    await cluster.dropSchema(schema)
  }
}
