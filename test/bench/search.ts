// (d) FHIR read and four searches over HTTP at two sizes of the store: how much slower is it with twenty times the patients?
import { Agent, request } from 'node:http'
import { openDatabase } from '../../src/store/db.ts'
import type { Cluster } from './cluster.ts'
import { populate, questions } from './population.ts'
import type { Report } from './report.ts'
import { Stand } from './stand.ts'

const requests = 400
const warmUp = 150

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

const countOf = (body: string): number => (JSON.parse(body) as { entry?: unknown[] }).entry?.length ?? 1

interface Answered {
  readonly p50Ms: number
  readonly p95Ms: number
  /** Entries of a page, or 1 for a read. */
  readonly entries: number
}

async function ask(agent: Agent, port: number, question: () => string): Promise<Answered> {
  for (let i = 0; i < warmUp; i++) await get(agent, port, question())
  const times: number[] = []
  let entries = 0
  for (let i = 0; i < requests; i++) {
    const { ms, body } = await get(agent, port, question())
    times.push(ms)
    entries += countOf(body)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0
  return { p50Ms: at(0.5), p95Ms: at(0.95), entries: entries / requests }
}

export async function benchSearch(cluster: Cluster, report: Report, sizes: readonly number[]): Promise<void> {
  const stand = new Stand(cluster)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const { httpPort } = await stand.open({ seed: 4, patients: 1 })
    const db = await openDatabase({
      connection: cluster.url,
      schema: stand.schema,
      warn: (fields, text) => report.say(`${text} ${JSON.stringify(fields)}`),
    })
    const before = new Map<string, Answered>()
    let patients = 0
    for (const size of sizes) {
      const began = performance.now()
      await populate(db, patients, size)
      await stand.analyze()
      report.say(
        `${size} patients with their appointments written, ${((performance.now() - began) / 1000).toFixed(0)} s`,
      )
      patients = size
      for (const [name, question] of Object.entries(questions(size))) {
        const answered = await ask(agent, httpPort, question)
        report.figure(
          'd',
          `${name}, ${size} patients, p50`,
          answered.p50Ms,
          'ms',
          `${answered.entries.toFixed(1)} entries a page`,
        )
        report.figure('d', `${name}, ${size} patients, p95`, answered.p95Ms, 'ms')
        const earlier = before.get(name)
        if (earlier)
          report.ratio({
            part: 'd',
            name: `${name}: p50 at ${size} / ${sizes[0]}`,
            value: answered.p50Ms / earlier.p50Ms,
          })
        else before.set(name, answered)
      }
    }
    await db.close()
  } finally {
    agent.destroy()
    await stand.close()
  }
}
