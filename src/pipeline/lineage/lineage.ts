// Why a value is what it is: who said what, when, by which message, field and row, and why one statement won.

import { masterTypes, rankMaster } from '../../canonical/masters/master.ts'
import { countedOf, judgeOf, unreliableFlags } from '../../canonical/person/patient.ts'
import { trustIn } from '../../canonical/site.ts'
import type { Contribution } from '../../canonical/truth/contribution.ts'
import { type Statement, statementsByPath } from '../../canonical/truth/latest.ts'
import type { Queryable } from '../../store/db.ts'
import { readResource } from '../../store/resources.ts'
import { loadShapes, loadThings, readFamily, type ShapeRow } from '../../store/truth.ts'
import { contributionOf } from '../batch/contribution-rows.ts'
import type { LineageEntry } from '../gateway.ts'
import { isoIn } from '../iso.ts'
import type { ReceiveContext } from '../reading/receive.ts'
import { loadOrigins, type MessageOrigin, spanOf } from './lineage-origins.ts'
import { lineageOfVersion } from './lineage-version.ts'

/** Elements of a person that the most trusted source decides; all others go by time. */
const byTrust = new Set(['name', 'birthDate', 'gender'])

export interface LineageQuery {
  readonly tenant: number
  readonly rtype: string
  readonly id: string
  readonly path: string | undefined
  readonly context: ReceiveContext
}

interface Said {
  readonly element: string
  readonly statement: Statement
  readonly wins: boolean
  readonly why: string
}

/** The lineage of a resource as it is, or of one of its versions; undefined when there is none. */
export async function lineage(
  db: Queryable,
  query: LineageQuery,
  version: number | undefined,
): Promise<readonly LineageEntry[] | undefined> {
  if (version === undefined) return await lineageOf(db, query)
  const current = await readResource(db, query.tenant, query.rtype, query.id)
  if (current?.version === version && !current.deleted) return await lineageOf(db, query)
  return await lineageOfVersion(db, query, version)
}

/** Every statement about the elements of a resource, winners first; undefined when the resource is not known. */
async function lineageOf(db: Queryable, query: LineageQuery): Promise<readonly LineageEntry[] | undefined> {
  const { tenant, rtype, id, path, context } = query
  const { entities } = await loadThings(db, tenant, [{ rtype, id }])
  const [entity] = entities
  if (!entity) return undefined
  const site = context.site()
  const all = (await readFamily(db, tenant, rtype, id)).map(contributionOf)
  const stated = all.filter((each) => each.data === undefined)
  const counted = rtype === 'Patient' ? countedOf(stated) : stated
  const byPath = statementsByPath(counted)
  const outranked = counted === stated ? [] : billsWord(stated, byPath)
  const trust = (source: string) => trustIn(site, source)
  const reliability = byPath.get('$reliability') ?? []
  const said = [...byPath]
    .filter(([element]) => isWanted(element, path))
    .flatMap(([element, statements]) => judged(rtype, element, statements, { trust, reliability }))
    .concat(outranked.filter(({ element }) => isWanted(element, path)))
  const body = (entity.body ?? {}) as Readonly<Record<string, unknown>>
  const derived = Object.keys(body).filter((element) => isDerived(element, byPath) && isWanted(element, path))
  const sources =
    derived.length > 0 ? all.filter(({ event, data }) => event !== undefined || data !== undefined) : []
  const ids = [...said.map(({ statement }) => statement.i), ...sources.map(({ i }) => i)]
  const shapes = await shapesOf(db, tenant, said)
  const origin = await loadOrigins(db, tenant, ids, context)
  return [
    ...said.map((each) => entryOf(each, origin(each.statement.i), shapes, context)),
    ...derived.flatMap((element) => derivedEntries(element, sources, origin, context)),
  ]
}

/** What bills say otherwise of what somebody else speaks of. */
function billsWord(
  stated: readonly Contribution[],
  counted: ReadonlyMap<string, readonly Statement[]>,
): Said[] {
  const why = 'a bill counts only for what nobody else speaks of'
  const said = statementsByPath(stated.filter((each) => each.key === 'fill'))
  return [...said].flatMap(([element, statements]) =>
    statements
      .filter(({ i }) => !counted.get(element)?.some((each) => each.i === i))
      .map((statement) => ({ element, statement, wins: false, why })),
  )
}

const isWanted = (element: string, path: string | undefined): boolean =>
  path === undefined ||
  element === path ||
  element.startsWith(`${path}.`) ||
  (!path.includes('[') && !path.includes('(') && element === path.split('.')[0])

async function shapesOf(db: Queryable, tenant: number, said: readonly Said[]) {
  const ids = said.flatMap(({ statement: { s } }) => (s === undefined ? [] : [s]))
  const rows = await loadShapes(db, tenant, [...new Set(ids)])
  return new Map(rows.map(({ id, spans }) => [id, spans]))
}

interface Judging {
  trust(source: string): number
  /** What their senders call unreliable (PID-32). */
  readonly reliability: readonly Statement[]
}

function judged(
  rtype: string,
  element: string,
  statements: readonly Statement[],
  { trust, reliability }: Judging,
): Said[] {
  const master = masterTypes.has(rtype)
  const trusted = master || (rtype === 'Patient' && byTrust.has(element))
  const ranked = master
    ? rankMaster(statements, trust)
    : trusted
      ? [...statements].sort((a, b) => trust(b.source) - trust(a.source))
      : statements
  const judge = judgeOf(trust, reliability)
  const best = trusted && !master ? judge(statements, unreliableFlags[element]) : undefined
  // When all was deleted, the deletion stands.
  const winner = best ?? ranked[0]
  const first = ranked.filter((each) => each === winner)
  return [...first, ...ranked.filter((each) => each !== winner)].map((statement) => {
    const wins = master ? statement === winner : statement.source === winner?.source
    return { element, statement, wins, why: whyOf(statement, winner, wins, trusted, trust) }
  })
}

function whyOf(
  statement: Statement,
  winner: Statement | undefined,
  wins: boolean,
  trusted: boolean,
  trust: (source: string) => number,
): string {
  if (wins) return trusted ? 'most trusted, then latest' : 'latest'
  const [own, best] = [trust(statement.source), trust(winner?.source ?? '')]
  return trusted && own < best ? `less trusted (${own}, the winner has ${best})` : 'older'
}

function entryOf(
  { element, statement, wins, why }: Said,
  origin: MessageOrigin,
  shapes: ReadonlyMap<string, ShapeRow['spans']>,
  context: ReceiveContext,
): LineageEntry {
  const spans = (statement.s === undefined ? undefined : shapes.get(statement.s)) ?? []
  const [first] = spans
  return {
    path: element,
    source: statement.source,
    at: isoIn(statement.t, context.site().gateway.timezone),
    ...toldOf(statement.i, origin),
    v2: first?.v2 ?? statement.field,
    ...(first ? { row: first.row } : {}),
    spans: spans.map((span) => spanOf(span, origin, context)),
    wins,
    why,
  }
}

const toldOf = (messageId: string, { controlId, event, mapsHash, kept }: MessageOrigin) => ({
  messageId,
  kept,
  ...(controlId !== undefined && { controlId }),
  ...(event !== undefined && { event }),
  ...(mapsHash !== undefined && { mapsHash }),
})

/** No source says such an element itself: it follows from events, or from what other things tell. */
function isDerived(element: string, byPath: ReadonlyMap<string, unknown>): boolean {
  if (element === 'resourceType' || element === 'id' || element === 'meta') return false
  return ![...byPath.keys()].some((path) => path.replace(/[.(].*$/s, '') === element)
}

function derivedEntries(
  element: string,
  sources: readonly Contribution[],
  origin: (id: string) => MessageOrigin,
  context: ReceiveContext,
): LineageEntry[] {
  const { timezone } = context.site().gateway
  const events = sources.filter(({ event }) => event !== undefined)
  const list = events.length > 0 ? events : sources
  const newest = [...list].sort((a, b) => (b.t ?? 0) - (a.t ?? 0) || (b.m ?? 0) - (a.m ?? 0))
  return newest.map(({ source, event, t, i }) => ({
    path: element,
    source,
    ...(t === undefined ? {} : { at: isoIn(t, timezone) }),
    ...toldOf(i, origin(i)),
    spans: [],
    wins: true,
    why:
      event === undefined
        ? 'follows from what other resources tell'
        : `follows from the events, ${event} among them`,
  }))
}
