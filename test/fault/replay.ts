// T22: the state is rebuilt from the message log in an empty store; both must show the same.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child, siteFile } from './child.ts'
import { type Query, withRows } from './database.ts'
import { Load, usualLoad } from './load.ts'
import { Judgement, judge } from './oracle.ts'
import type { Context, Outcome, Trial } from './trial.ts'
import { until } from './wait.ts'
import { Wire } from './wire.ts'

interface Resource {
  readonly rtype: string
  readonly id: string
  readonly body: Record<string, unknown>
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Keys in order, ids left out, references by what `name` says of them. */
function canonical(value: unknown, name: (reference: string) => string, top = true): unknown {
  if (Array.isArray(value)) return value.map((each) => canonical(each, name, false))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([key]) => !(top && (key === 'id' || key === 'meta')))
    .map(
      ([key, each]) =>
        [key, key === 'reference' ? name(String(each)) : canonical(each, name, false)] as const,
    )
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** References lead at most so far: charge -> visit -> patient -> practitioner. */
const rounds = 4

/**
 * A name for each resource out of its contents and those it refers to, not out of ids: 'Patient 3f..' -> how many.
 * Each round lets a name depend on the names of what is referred to in the round before.
 */
export function digest(resources: readonly Resource[]): Map<string, number> {
  let names = new Map(resources.map(({ rtype, id }) => [`${rtype}/${id}`, rtype]))
  for (let round = 0; round < rounds; round++) {
    const before = names
    const nameOf = (reference: string) => before.get(reference) ?? reference
    names = new Map(
      resources.map(({ rtype, id, body }) => [
        `${rtype}/${id}`,
        `${rtype} ${sha256(JSON.stringify(canonical(body, nameOf)))}`,
      ]),
    )
  }
  const counts = new Map<string, number>()
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** Provenance tells of messages, one by one, and when they came: it is not state. */
const stateOf = (query: Query): Promise<Resource[]> =>
  query(`select rtype, id, body from resource where not deleted and rtype <> 'Provenance'`)

const quiet = (dataDir: string): Promise<boolean | undefined> =>
  withRows(dataDir, (query) =>
    until(async () => (await query('select 1 from todo limit 1')).length === 0, 30_000, 100),
  )

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const limit = kills ?? (quick ? 10 : 500)
  const folder = cleanup.folder()
  const [first, second] = [join(folder, 'data'), join(cleanup.folder(), 'data')]
  // Both at one instant: what is left of the time of receipt is the same.
  const env = { CLOCK: 'manual', SITE: siteWithAdmin(folder) }
  const one = await Child.start({ dataDir: first, mutant, env })
  cleanup.add(() => one.end())
  await stopClock(one)
  const load = new Load({ ...usualLoad, seed, limit })
  cleanup.add(() => load.abandon())
  load.aim(one.mllpPort)
  load.start()
  const extra = new Judgement()
  const finished = await load.done(600_000)
  extra.rule('everything is answered', finished ? [] : [`${load.open} are not`])
  const { violations, figures } = await judge(load, first)
  const log = await withRows(first, (query) =>
    query<{ raw: Buffer }>('select raw from message order by received_at, id'),
  )
  const state = await withRows(first, stateOf)
  say(`${log.length} messages, ${state.length} resources`)
  await one.end()

  const two = await Child.start({ dataDir: second, env })
  cleanup.add(() => two.end())
  await stopClock(two)
  const wire = await Wire.open(two.mllpPort)
  if (!wire) throw new Error('the second gateway does not accept connections')
  const answers = await Promise.all(log.map(({ raw }) => wire.send(raw)))
  extra.rule('the log is taken again', answers.every(Boolean) ? [] : ['the connection ended'])
  await quiet(second)
  const rebuilt = digest(await withRows(second, stateOf))
  const original = digest(state)
  const differs = (a: Map<string, number>, b: Map<string, number>, what: string) =>
    [...a]
      .filter(([name, times]) => (b.get(name) ?? 0) < times)
      .map(([name]) => `${what} ${name.slice(0, 40)}`)
  extra.rule('the rebuilt state is the same', [
    ...differs(original, rebuilt, 'only before:'),
    ...differs(rebuilt, original, 'only rebuilt:'),
  ])
  return {
    faults: 1,
    figures: { ...figures, messages: log.length, resources: state.length },
    violations: [...extra.violations, ...violations],
  }
}

const token = 'fault-admin'

/** The site of the other tests with a client that may set the clock. */
function siteWithAdmin(folder: string): string {
  const site = JSON.parse(readFileSync(siteFile, 'utf8')) as { clients: object[] }
  const clients = [...site.clients, { id: 'admin', token, scopes: ['system/*.cruds'], admin: true }]
  const file = join(folder, 'site.json')
  writeFileSync(file, JSON.stringify({ ...site, clients }))
  return file
}

async function stopClock({ httpPort }: Child): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/admin/clock`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ now: '2026-05-01T12:00:00-05:00' }),
  })
  if (!response.ok) throw new Error(`PUT /admin/clock: ${response.status}`)
}

export const replayEquality: Trial = {
  id: 'T22',
  fault: 'the store is lost, its message log is not',
  mutants: ['partial-log'],
  run,
}
