// Merge at size: a patient with thousands of dependent things is merged and unmerged, each in one transaction, while
// somebody else's messages go on (truth, "Merge at size").
import { loadavg } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { stableId } from '../../src/canonical/identity/identifier.ts'
import type { Client, Site } from '../../src/canonical/site.ts'
import { createEngine, type Engine } from '../../src/pipeline/engine.ts'
import { createMetrics } from '../../src/pipeline/metrics.ts'
import { openDatabase } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { acceptanceSite, baseMaps } from '../pipeline/gateway.ts'
import { account, mrn, msh, pid, segment, visit } from '../pipeline/messages.ts'
import type { Cluster } from './cluster.ts'
import type { Report } from './report.ts'

const chargesPerMessage = 100
const messagesAtOnce = 200
/** How long others are watched with nothing beside them. */
const quietMs = 5_000

const send = async (engine: Engine, segments: readonly string[]): Promise<void> => {
  const raw = Buffer.from(`${segments.join('\r')}\r`)
  const { bytes } = await engine.receive({ raw, channel: 'mllp', peer: 'bench:1' })
  const text = Buffer.from(bytes ?? []).toString()
  if (!text.includes('MSA|AA')) throw new Error(`refused: ${text}`)
}

const register = (value: string): string[] => [
  msh({ event: 'ADT^A28^ADT_A05' }),
  'EVN||20260302080000',
  pid({ 3: mrn(value), 5: `DOE^${value}^^^^^L`, 7: '19800101', 8: 'F' }),
  'PV1|1|N',
]

const admit = (value: string, number: number): string[] => [
  msh({ event: 'ADT^A01^ADT_A01' }),
  'EVN||20260302080000',
  pid({ 3: mrn(value), 5: `DOE^${value}^^^^^L`, 18: account(`${value}-A`) }),
  segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit(`${value}-${number}`) }),
]

const charge = (value: string, first: number): string[] => [
  msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH' }),
  'EVN||20260302080000',
  pid({ 3: mrn(value), 18: account(`${value}-A`) }),
  ...Array.from(
    { length: chargesPerMessage },
    (_, i) =>
      `FT1|${i + 1}|${value}-${first + i}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|CG|99213^Visit^L|||1|150.00&USD`,
  ),
]

async function inParts(list: readonly (() => Promise<void>)[], size: number): Promise<void> {
  for (let at = 0; at < list.length; at += size)
    await Promise.all(list.slice(at, at + size).map((each) => each()))
}

/** Other people's messages, one after the other, until `ended`; returns the longest that one took, milliseconds. */
async function others(engine: Engine, ended: () => boolean): Promise<number> {
  let longest = 0
  for (let i = 0; !ended(); i++) {
    const began = performance.now()
    await send(engine, register(`OTHER${i % 50}`))
    longest = Math.max(longest, performance.now() - began)
  }
  return longest
}

const system = 'urn:oid:2.16.840.1.113883.19.5.1'

/** `rows` dependent things, a quarter of them visits, the rest charges. */
export async function benchMerge(cluster: Cluster, results: Report, rows: number): Promise<void> {
  const site: Site = acceptanceSite((each) => {
    each.subscribers = []
  })
  const open = () => openDatabase({ connection: cluster.url, schema, warn: () => {} })
  const schema = cluster.newSchema()
  const [db, otherDb] = [await open(), await open()]
  await migrate(db)
  const [engine, other] = [db, otherDb].map((each) =>
    createEngine({
      db: each,
      tenant: 1,
      site: () => site,
      maps: baseMaps,
      clock: { now: () => new Date() },
      lineage: true,
      maxBatchMessages: 200,
      maxBatchBytes: 1 << 22,
      maxWaiting: 10_000,
      maxWaitingBytes: 67_108_864,
      observe: createMetrics((_id, error) => console.error(error)),
    }),
  )
  if (!engine || !other) return
  try {
    for (const value of ['SOURCE', 'TARGET']) await send(engine, register(value))
    const visits = Math.round(rows / 4)
    await inParts(
      Array.from({ length: visits }, (_, i) => () => send(engine, admit('SOURCE', i))),
      messagesAtOnce,
    )
    const charges = Array.from(
      { length: Math.ceil((rows - visits) / chargesPerMessage) },
      (_, i) => i * chargesPerMessage,
    )
    await inParts(
      charges.map((first) => () => send(engine, charge('SOURCE', first))),
      5,
    )
    const merge = [
      msh({ event: 'ADT^A40^ADT_A39', time: '20260303080000' }),
      'EVN||20260303080000',
      segment('PID', { 1: '1', 3: mrn('TARGET'), 5: 'DOE^JANE' }),
      segment('MRG', { 1: mrn('SOURCE') }),
    ]
    const client = [...site.clients.values()][0] as Client
    const target = stableId('Patient', system, 'TARGET')
    const timed = async (name: string, work: () => Promise<void>): Promise<void> => {
      let ended = false
      const waiting = others(other, () => ended)
      const cpu = process.cpuUsage()
      const server = cluster.cpuMs() ?? 0
      const loop = monitorEventLoopDelay({ resolution: 5 })
      loop.enable()
      const began = performance.now()
      await work()
      const ms = performance.now() - began
      ended = true
      loop.disable()
      const note = `load ${loadavg()[0]?.toFixed(1)}`
      const { user, system } = process.cpuUsage(cpu)
      results.figure('g', `${name}, ${rows.toLocaleString('en')} dependents`, ms / 1000, 's', note)
      results.figure('g', `longest wait of others meanwhile (${name})`, await waiting, 'ms')
      results.figure('g', `longest hold of the event loop meanwhile (${name})`, loop.max / 1e6, 'ms')
      // With what the others have cost.
      results.figure('g', `CPU of the gateway meanwhile (${name})`, (user + system) / 1e6, 's')
      results.figure(
        'g',
        `CPU of PostgreSQL meanwhile (${name})`,
        ((cluster.cpuMs() ?? 0) - server) / 1000,
        's',
      )
    }
    await timed('nothing', () => setTimeout(quietMs))
    await timed('merge', () => send(engine, merge))
    const [row] = await db.read.query<{ id: string }>('bench_merge', 'select id from merge_journal limit 1')
    await timed('unmerge', async () => {
      const raw = Buffer.from('unmerge')
      const asked = {
        client,
        raw,
        peer: 'bench',
        target,
        merge: row?.id ?? '',
        reason: 'bench',
        onConflict: 'ask' as const,
      }
      const undone = await engine.decide({ kind: 'unmerge', ...asked })
      if (undone.status !== 200) throw new Error(JSON.stringify(undone.issues))
    })
  } finally {
    await engine.close()
    await other.close()
    await db.close()
    await otherDb.close()
  }
}
