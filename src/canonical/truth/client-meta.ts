// Profiles, tags and labels that clients give to what several sources tell of (FHIR R4 resource.html#Meta; semantics, sections 0, 5
// and 17): kept as the client's own word beside what messages say, so that no message drops them.
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson, sameContent } from '../fhir-json.ts'
import { type Contribution, compareMessages } from './contribution.ts'
import { isObject } from './event-elements.ts'
import { type Family, ownOf, wholeOf } from './family.ts'

export const metaLists = ['profile', 'tag', 'security'] as const
export type MetaList = (typeof metaLists)[number]

/** What a client says of lists of meta: of those that it leaves out, nothing. */
export type SaidMeta = Partial<Readonly<Record<MetaList, readonly Json[]>>>

/** One list as one client has said it, with the time of that in milliseconds. */
interface Said {
  readonly list: readonly Json[]
  readonly t: number
}

const prefix = 'meta:'
const keyOf = (name: MetaList): string => `${prefix}${name}`
export const isClientMeta = ({ key }: Pick<Contribution, 'key'>): boolean => key.startsWith(prefix)

export const metaContribution = (
  source: string,
  name: MetaList,
  list: readonly Json[],
  { i, t }: { readonly i: string; readonly t: number },
): Contribution => ({ source, key: keyOf(name), i, cells: {}, data: { list, t } satisfies Said })

/** This client has said more lately what this list is; as of every element, the later word counts. */
export const isSaidLater = (
  said: Iterable<Contribution>,
  client: string,
  name: MetaList,
  t: number,
): boolean =>
  [...said].some(
    (each) =>
      each.source === client && each.key === keyOf(name) && each.data !== undefined && saidIn(each).t > t,
  )

/** Two codings are one when system and code are; profiles by their text. */
const identityOf = (each: Json): string =>
  isObject(each)
    ? canonicalText([each.system ?? null, each.code ?? each.display ?? null])
    : canonicalText(each)

export const listOf = (body: FhirJson | undefined, name: MetaList): readonly Json[] => {
  const list = isObject(body?.meta) ? body.meta[name] : undefined
  return Array.isArray(list) ? (list as readonly Json[]) : []
}

/** `list` without what `others` has. */
export function less(list: readonly Json[], others: readonly Json[]): readonly Json[] {
  const out = new Set(others.map(identityOf))
  return list.filter((each) => !out.has(identityOf(each)))
}

/** Both, each once, by its first form. */
export const joined = (list: readonly Json[], others: readonly Json[]): readonly Json[] =>
  [
    ...new Map([...list, ...others].toReversed().map((each) => [identityOf(each), each])).values(),
  ].toReversed()

/** What was said of a thing, whoever said it, and of it with what was merged into it. */
export interface Told {
  readonly own: readonly Contribution[]
  readonly whole: readonly Contribution[]
}

export const toldOf = (contributions: readonly Contribution[], family: Family | undefined): Told =>
  family ? { own: ownOf(family), whole: wholeOf(family) } : { own: contributions, whole: contributions }

/**
 * Profiles and tags are as the last client has them; labels as all of them, each client's last word, for protection is the
 * strictest that anybody asks for: what was protected stays so under the record into which it is merged.
 */
function saidByClients({ own, whole }: Told, name: MetaList, client?: string): readonly Json[] {
  const said = (name === 'security' ? whole : own)
    .filter(({ key, data }) => key === keyOf(name) && data !== undefined)
    .toSorted((a, b) => saidIn(a).t - saidIn(b).t || compareMessages(a.i, b.i))
  if (name !== 'security') return said.length > 0 ? saidIn(said.at(-1)).list : []
  const last = new Map(said.map((each) => [each.source, each]))
  return [...last.values()]
    .filter(({ source }) => client === undefined || source === client)
    .map((each) => saidIn(each).list)
    .reduce(joined, [])
}

const saidIn = (each: Contribution | undefined): Said =>
  (each?.data as Said | undefined) ?? { list: [], t: 0 }

/**
 * What a client that sends `next` says of its own, where that is news: what others have said stands without it. Who sends no meta says
 * nothing.
 */
export function newMetaOf(
  told: Told,
  client: string,
  current: FhirJson | undefined,
  next: FhirJson,
): SaidMeta | undefined {
  if (next.meta === undefined) return undefined
  const news: { [name in MetaList]?: readonly Json[] } = {}
  for (const name of metaLists) {
    const before = saidByClients(told, name, client)
    const others = less(listOf(current, name), before)
    const now = joined([], less(listOf(next, name), others))
    if (canonicalText(now) !== canonicalText(before)) news[name] = now
  }
  return Object.keys(news).length > 0 ? news : undefined
}

/** A resource with what clients have said of its meta beside what it has already. */
export function withClientMeta(body: FhirJson, told: Told): FhirJson {
  if (!told.whole.some(isClientMeta)) return body
  const meta: FhirJson = isObject(body.meta) ? { ...body.meta } : {}
  for (const name of metaLists) {
    const list = joined(listOf(body, name), saidByClients(told, name))
    if (list.length > 0) meta[name] = list
  }
  return Object.keys(meta).length > 0 ? { ...body, meta } : body
}

/** With the labels that messages give to it: a client that writes meta as a whole takes nobody else's protection away. */
export function withLabels(body: FhirJson, labels: readonly Json[]): FhirJson {
  if (labels.length === 0) return body
  const security = joined(listOf(body, 'security'), labels)
  return security.length === listOf(body, 'security').length
    ? body
    : { ...body, meta: { ...(isObject(body.meta) ? body.meta : {}), security } }
}

const withoutMeta = ({ meta: _meta, resourceType: _type, id: _id, ...rest }: FhirJson): FhirJson => rest
export const isSameButMeta = (a: FhirJson, b: FhirJson): boolean =>
  sameContent(withoutMeta(a), withoutMeta(b))
