// history of a resource, a type, or everything (FHIR R4 http.html#history): newest first, paged, with totals.
import { parseTime } from '../../fhir/date.ts'
import { SERVED_TYPES } from '../../fhir/types.ts'
import { countHistory, type HistoryQuery, readHistory } from '../../store/history.ts'
import { timestampOf } from '../../store/index-rows.ts'
import type { VersionRow } from '../../store/resources.ts'
import { permits } from '../auth.ts'
import { type Ask, type Pairs, queryOf, zoneOf } from './ask.ts'
import { type BundleEntry, bundleText } from './bundle.ts'
import { etagOf } from './preferences.ts'
import { rawMessageOf, readRaw } from './raw-message.ts'
import { refuse, sendText } from './reply.ts'
import { instantText, resourceText } from './resource-text.ts'
import { defaultCount } from './search-request.ts'

const maxCount = 1_000
const known: ReadonlySet<string> = new Set([
  '_since',
  '_at',
  '_count',
  '_summary',
  '_page',
  '_format',
  '_pretty',
])

export async function instanceHistory(ask: Ask): Promise<Response> {
  const path = `${ask.rtype}/${ask.id}`
  const number = rawMessageOf(ask)
  return number === undefined
    ? await history(ask, [ask.rtype], path)
    : await historyOfMessage(ask, number, path)
}
export const typeHistory = (ask: Ask): Promise<Response> => history(ask, [ask.rtype], ask.rtype)

/** Of the types that the client may search. */
export async function systemHistory(ask: Ask): Promise<Response> {
  const rtypes = SERVED_TYPES.filter((type) => permits(ask.client, type, 's'))
  if (rtypes.length === 0) return refuse(ask.c, 'forbidden', 'no scope of this client gives s on any type')
  return await history(ask, rtypes, '')
}

async function history(ask: Ask, rtypes: readonly string[], path: string): Promise<Response> {
  const { c, deps, client, id } = ask
  const pairs = queryOf(c)
  const asked = questionOf(ask, pairs)
  if (asked instanceof Response) return asked
  const own = pairs.filter(([name]) => name !== '_page')
  const binding = `history\n${deps.tenant}\n${client.id}\n${path}\n${rtypes.join()}\n${encoded(own)}`
  const token = pairs.findLast(([name]) => name === '_page')?.[1]
  const reading = token === undefined ? undefined : deps.cursors.read(token, binding)
  if (reading && 'fault' in reading) {
    return reading.fault === 'expired'
      ? refuse(c, 'gone', 'this page link is too old - start again')
      : refuse(c, 'bad-request', '_page is not a page of this history - follow the links of the Bundle')
  }
  const query: HistoryQuery = { ...asked, rtypes, id: id || undefined, before: reading?.position.seq }
  const page = await readHistory(deps.db.read, deps.tenant, query)
  const whole = !page.more && reading === undefined && query.count > 0
  const total =
    reading?.position.total ??
    (whole ? page.rows.length : await countHistory(deps.db.read, deps.tenant, query))
  if (total === 0 && id !== '' && !(await exists(ask, query))) {
    return refuse(c, 'not-found', `${path} is not known here`)
  }
  const url = (extra: Pairs): string => {
    const text = encoded([...own, ...extra])
    return `${deps.baseUrl}/${path === '' ? '' : `${path}/`}_history${text === '' ? '' : `?${text}`}`
  }
  const self = { relation: 'self', url: url(token === undefined ? [] : [['_page', token]]) } as const
  const last = page.rows.at(-1)
  const next =
    page.more && last ? deps.cursors.write({ keys: [], id: '', seq: last.seq, total }, binding) : undefined
  const text = bundleText({
    type: 'history',
    total,
    timestamp: deps.gateway.now().toISOString(),
    links: next === undefined ? [self] : [self, { relation: 'next', url: url([['_page', next]]) }],
    entries: page.rows.map((row) => entryOf(row, deps.baseUrl)),
  })
  return sendText(c, 200, text)
}

/** A message of the log has come, and is not changed. */
async function historyOfMessage(ask: Ask, number: string, path: string): Promise<Response> {
  const { c, deps } = ask
  const stored = await readRaw(ask, number)
  if (stored instanceof Response) return stored
  const row = { rtype: ask.rtype, id: ask.id, seq: '', op: 'create', ...stored } as const
  const text = bundleText({
    type: 'history',
    total: 1,
    timestamp: deps.gateway.now().toISOString(),
    links: [{ relation: 'self', url: `${deps.baseUrl}/${path}/_history` }],
    entries: [entryOf(row, deps.baseUrl)],
  })
  return sendText(c, 200, text)
}

const encoded = (pairs: Pairs): string =>
  new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()

/** An empty answer may be due to _since or _at; only a resource that never was is not found. */
async function exists({ deps }: Ask, query: HistoryQuery): Promise<boolean> {
  if (query.since === undefined && query.at === undefined) return false
  const all = { ...query, since: undefined, at: undefined, before: undefined }
  return (await countHistory(deps.db.read, deps.tenant, all)) > 0
}

type Question = Pick<HistoryQuery, 'since' | 'at' | 'count'>

function questionOf(ask: Ask, pairs: Pairs): Question | Response {
  const { c, prefer } = ask
  const unknown = pairs.find(([name]) => !known.has(name))
  if (unknown && prefer.handling === 'strict') {
    return refuse(c, 'unknown-parameter', 'a history takes _since, _at and _count only')
  }
  const value = (name: string): string | undefined =>
    pairs.findLast(([each]) => each === name)?.[1] || undefined
  const count = value('_summary') === 'count' ? '0' : (value('_count') ?? String(defaultCount))
  if (!/^\d{1,30}$/.test(count)) return refuse(c, 'bad-request', '_count is a number of entries, 0 or more')
  const range = (text: string | undefined) => {
    if (text === undefined) return undefined
    // A plus sign in a query is a blank.
    return parseTime(text.replace(/ (?=\d\d:\d\d$)/, '+'), zoneOf(ask.deps), 'second') ?? 'malformed'
  }
  const since = range(value('_since'))
  const at = range(value('_at'))
  if (since === 'malformed' || at === 'malformed') {
    return refuse(c, 'bad-request', '_since and _at are times such as 2026-03-02T08:00:00Z')
  }
  return {
    count: Math.min(Number(count), maxCount),
    since: since && timestampOf(since.from),
    at: at && { from: timestampOf(at.from), to: timestampOf(at.to) },
  }
}

const methods = { create: 'POST', update: 'PUT', delete: 'DELETE' } as const
const statuses = { create: '201', update: '200', delete: '204' } as const

function entryOf(row: VersionRow, baseUrl: string): BundleEntry {
  const { rtype, id, version, updatedAt, op, body } = row
  return {
    fullUrl: `${baseUrl}/${rtype}/${id}`,
    ...(body !== null && { resource: resourceText({ body, version, updatedAt }) }),
    request: { method: methods[op], url: op === 'create' ? rtype : `${rtype}/${id}` },
    response: { status: statuses[op], etag: etagOf(version), lastModified: instantText(updatedAt) },
  }
}
