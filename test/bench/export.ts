// (i) $export of the whole system to its last file, beside COPY of the same rows by the server, and the memory that it takes.
import { request } from 'node:http'
import pg from 'pg'
import { openDatabase } from '../../src/store/db.ts'
import type { Cluster } from './cluster.ts'
import { populate } from './population.ts'
import type { Report } from './report.ts'
import { Stand } from './stand.ts'

interface Reply {
  readonly status: number
  readonly location: string
  readonly bytes: number
  readonly body: string
}

function ask(port: number, path: string, keep = true, gzip = false): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: 'Bearer bench-client',
      prefer: 'respond-async',
      ...(gzip && { 'accept-encoding': 'gzip' }),
    }
    const asked = request({ host: '127.0.0.1', port, path, headers }, (response) => {
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        if (keep) parts.push(part)
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: String(response.headers['content-location']),
          bytes,
          body: Buffer.concat(parts).toString('utf8'),
        }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

const lookMs = 200
/** A collection of garbage costs what it measures: not at every look. */
const memoryEvery = 10
const mega = 2 ** 20

interface Manifest {
  readonly output: readonly { readonly url: string; readonly count: number }[]
}

/** Kick-off to manifest; `onWait` is called in between. */
async function exported(port: number, onWait: () => Promise<void>): Promise<Manifest> {
  const begun = await ask(port, '/fhir/$export')
  if (begun.status !== 202) throw new Error(`$export: ${begun.status} ${begun.body}`)
  const path = new URL(begun.location).pathname
  let polls = 0
  for (;;) {
    const status = await ask(port, path)
    if (status.status === 200) return JSON.parse(status.body) as Manifest
    if (status.status !== 202) throw new Error(`$export: ${status.status} ${status.body}`)
    if (++polls % memoryEvery === 0) await onWait()
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

/** Seconds in which the same rows come as COPY, unread. */
async function copySeconds({ url }: Cluster, schema: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const began = performance.now()
    const rows = `select id, version, updated_at, body::text from "${schema}".resource where not deleted`
    await client.query(`copy (${rows}) to stdout`)
    return (performance.now() - began) / 1_000
  } finally {
    await client.end()
  }
}

export async function benchExport(cluster: Cluster, report: Report, patients: number): Promise<void> {
  const stand = new Stand(cluster, ['--expose-gc'])
  try {
    const { httpPort } = await stand.open({ seed: 4, patients: 1 })
    const db = await openDatabase({
      connection: cluster.url,
      schema: stand.schema,
      warn: (fields, text) => report.say(`${text} ${JSON.stringify(fields)}`),
    })
    await populate(db, 0, patients)
    await db.close()
    await stand.analyze()
    await copySeconds(cluster, stand.schema)
    const copy = await copySeconds(cluster, stand.schema)
    const resident: number[] = []
    const look = async () => {
      resident.push((await stand.gateway.call('memory', undefined)).rss / mega)
    }
    await look()
    const began = performance.now()
    const { output } = await exported(httpPort, look)
    const seconds = (performance.now() - began) / 1_000
    const resources = output.reduce((sum, { count }) => sum + count, 0)
    report.figure(
      'i',
      '$export, kick-off to manifest',
      resources / seconds,
      'resources/s',
      `${resources} resources`,
    )
    report.figure('i', 'COPY of the same rows', resources / copy, 'rows/s')
    report.ratio({ part: 'i', name: '$export / COPY', value: copy / seconds })
    report.ratio({ part: 'i', name: '$export, resources/s', value: resources / seconds, atLeast: 20_000 })
    report.figure('i', 'resident after GC, before', resident[0] ?? 0, 'MiB')
    report.figure('i', 'resident after GC while it runs, highest', Math.max(...resident), 'MiB')
    for (const gzip of [true, false]) {
      const from = performance.now()
      let bytes = 0
      for (const { url } of output) bytes += (await ask(httpPort, new URL(url).pathname, false, gzip)).bytes
      const took = (performance.now() - from) / 1_000
      const how = gzip ? 'as gzip' : 'as text'
      report.figure(
        'i',
        `files ${how}`,
        resources / took,
        'resources/s',
        `${(bytes / 2 ** 20).toFixed(0)} MiB`,
      )
    }
  } finally {
    await stand.close()
  }
}
