// One condition of a search as SQL (FHIR R4 search.html). Chosen by code from fragments; values are binds.
import type { Filter, TokenFilter } from '../fhir/filter.ts'
import { jsonPathsOf } from '../fhir/json-path.ts'
import { STRING_PARTS } from '../fhir/search-leaf.ts'
import { isCanonical } from '../fhir/search-params.ts'
import type { TokenValue } from '../fhir/search-value.ts'
import { type Binds, containing, scope } from './binds.ts'
import { isAlwaysPresent, keyText, normText } from './index-rows.ts'
import { dateIds, instantTest, numberIds } from './search-range.ts'
import {
  ending,
  hasWords,
  isNear,
  isRelatedUri,
  isTyped,
  listIds,
  targetId,
  treeIds,
} from './search-special.ts'
import { tokenOfCode, tokenOfPresence, tokenOfSystem, tokenOfSystemAndCode } from './tokens.ts'

/** Fewer characters would be found in half of all rows. */
export const minContainsCharacters = 3

/** Sorts after every text that begins with the same prefix. */
const LAST = '\u{10FFFF}'

type Of<Kind extends Filter['kind']> = Extract<Filter, { kind: Kind }>

/**
 * A boolean expression on `alias`, a row of resource of type `rtype`. Nested conditions are subselects from the
 * target outwards, which the planner resolves first: each is one index range.
 */
export function condition(rtype: string, filter: Filter, alias: string, binds: Binds): string {
  if (filter.kind === 'not') return `not coalesce(${condition(rtype, filter.filter, alias, binds)}, false)`
  if (filter.kind === 'all' || filter.kind === 'any') {
    const parts = filter.filters.map((each) => condition(rtype, each, alias, binds))
    return `(${parts.join(filter.kind === 'all' ? ' and ' : ' or ')})`
  }
  const ids = idsOf(rtype, filter, binds)
  if (ids !== undefined) {
    const is = `${alias}.id in (${ids})`
    if (filter.kind === 'identifier' && filter.not) return `not (${is})`
    return filter.kind === 'string' && filter.match === 'exact'
      ? `(${is} and ${exact(rtype, filter, alias, binds)})`
      : is
  }
  switch (filter.kind) {
    case 'id':
      return `${alias}.id = any(${binds.add(filter.ids)}::text[])`
    case 'token':
      return tokens(filter, alias, binds)
    case 'missing':
      return missing(rtype, filter, alias, binds)
    case 'text':
      return conceptText(rtype, filter, alias, binds)
    case 'date':
      return instantTest(`${alias}.updated_at`, filter.values, binds)
    case 'near':
      return isNear(filter, alias, binds)
    case 'words':
      return hasWords(filter, alias, binds)
    case 'typed':
      return isTyped(rtype, filter, alias, binds)
    case 'uri':
      return isRelatedUri(rtype, filter, alias, binds)
    default:
      // Every other kind has rows of its own, see idsOf.
      return 'false'
  }
}

/** A select of the ids that a condition holds for, from its search table alone; undefined when it has none. */
function idsOf(rtype: string, filter: Filter, binds: Binds): string | undefined {
  switch (filter.kind) {
    case 'identifier':
      return identifierIds(rtype, filter, binds)
    case 'string':
      return stringIds(rtype, filter, binds)
    case 'reference':
      return `select f.id from reference f where ${scope('f', rtype, filter.param, binds)}
        and f.target ${equals(filter.targets.map(keyText), binds)}`
    case 'date':
      return filter.param === '_lastUpdated'
        ? undefined
        : dateIds(rtype, filter.param, [filter.values], binds)
    case 'number':
      return numberIds(rtype, filter, binds)
    case 'chain':
      return chainIds(rtype, filter, binds)
    case 'has':
      return hasIds(rtype, filter, binds)
    case 'list':
      return listIds(rtype, filter, binds)
    case 'tree':
      return treeIds(rtype, filter, binds)
    default:
      return undefined
  }
}

/** One value compares by itself: the planner knows more of it than of a list. */
function equals(values: readonly string[], binds: Binds): string {
  return values.length === 1 ? `= ${binds.add(values[0])}::text` : `= any(${binds.add(values)}::text[])`
}

function tokenOf(param: string, { system, code }: TokenValue): string {
  if (code === undefined) return tokenOfSystem(param, system ?? '')
  return system === undefined ? tokenOfCode(param, code) : tokenOfSystemAndCode(param, system, code)
}

function tokens({ param, not, values }: TokenFilter, alias: string, binds: Binds): string {
  const list = values.map((value) => tokenOf(param, value))
  // One value: containment, which the index answers without a recheck of alternatives.
  const is = `${alias}.tokens ${list.length === 1 ? '@>' : '&&'} ${binds.add(list)}::bigint[]`
  return not ? `not (${is})` : is
}

function missing(rtype: string, filter: Of<'missing'>, alias: string, binds: Binds): string {
  if (filter.param.startsWith('_') && (filter.param === '_id' || filter.param === '_lastUpdated')) {
    return String(!filter.missing)
  }
  if (isAlwaysPresent(rtype, filter.param)) return String(!filter.missing)
  const present = `${alias}.tokens @> ${binds.add([tokenOfPresence(filter.param)])}::bigint[]`
  return filter.missing ? `not (${present})` : present
}

function identifierIds(rtype: string, { param, values }: TokenFilter, binds: Binds): string {
  const parts: string[] = []
  const plain = values.filter(({ system, code }) => system === undefined && code !== undefined)
  const pairs = values.filter(({ system, code }) => system !== undefined && code !== undefined)
  const systems = values.filter(({ code }) => code === undefined)
  const codes = (list: readonly TokenValue[]): string[] => list.map(({ code }) => keyText(code ?? ''))
  const systemsOf = (list: readonly TokenValue[]): string[] => list.map(({ system }) => keyText(system ?? ''))
  if (plain.length > 0) parts.push(`i.value ${equals(codes(plain), binds)}`)
  if (pairs.length === 1) {
    parts.push(`(i.value = ${binds.add(codes(pairs)[0])} and i.system = ${binds.add(systemsOf(pairs)[0])})`)
  } else if (pairs.length > 1) {
    const list = `${binds.add(codes(pairs))}::text[], ${binds.add(systemsOf(pairs))}::text[]`
    parts.push(`(i.value, i.system) in (select p.value, p.system from unnest(${list}) as p (value, system))`)
  }
  if (systems.length > 0) parts.push(`i.system = any(${binds.add(systemsOf(systems))}::text[])`)
  return `select i.id from identifier i where ${scope('i', rtype, param, binds)} and (${parts.join(' or ')})`
}

function stringIds(rtype: string, { param, match, values }: Of<'string' | 'text'>, binds: Binds): string {
  const norms = values.map(({ text }) => normText(text))
  const where = `select s.id from string s where ${scope('s', rtype, param, binds)}`
  if (match === 'exact' || match === 'equals') return `${where} and s.norm = any(${binds.add(norms)}::text[])`
  if (match === 'ends') return `${where} and s.norm like any(${binds.add(norms.map(ending))}::text[])`
  if (match === 'contains') return `${where} and s.norm like any(${binds.add(norms.map(containing))}::text[])`
  const ranges = norms.map((norm) => `(s.norm >= ${binds.add(norm)} and s.norm < ${binds.add(norm + LAST)})`)
  return `${where} and (${ranges.join(' or ')})`
}

/** Rows hold normalised text: what was written is looked up in the resource, among the few that are left. */
function exact(rtype: string, { param, values }: Of<'string' | 'text'>, alias: string, binds: Binds): string {
  const raws = binds.add(values.map(({ raw }) => raw))
  const tests = pathsWith(rtype, param, STRING_PARTS).map(
    (path) => `exists (select from jsonb_path_query(${alias}.body, ${binds.add(path)}::jsonpath) as v (value)
      where v.value #>> '{}' = any(${raws}::text[]))`,
  )
  return tests.length > 0 ? `(${tests.join(' or ')})` : 'false'
}

/** Paths to the values of a parameter, or to those parts of them that are looked at. */
function pathsWith(
  rtype: string,
  param: string,
  parts: Readonly<Record<string, readonly string[]>>,
): string[] {
  return jsonPathsOf(rtype, param).flatMap(({ items, type }) => {
    const names = parts[type]
    return names ? names.map((name) => `${items}."${name}"[*]`) : [items]
  })
}

/** Where FHIR types have text for people. */
const TEXT_PATHS: Readonly<Record<string, readonly string[]>> = {
  CodeableConcept: ['."text"', '."coding"[*]."display"'],
  Coding: ['."display"'],
  Identifier: ['."type"."text"', '."type"."coding"[*]."display"'],
}

/** Without accents and case; in the statement as in the values. */
const plain = (column: string): string =>
  `lower(regexp_replace(normalize(${column}, NFKD), '[\\u0300-\\u036f]', '', 'g'))`
const plainText = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()

/** Text and displays are in no search table: only of use beside another condition. */
function conceptText(
  rtype: string,
  { param, values }: Of<'string' | 'text'>,
  alias: string,
  binds: Binds,
): string {
  const patterns = binds.add(values.map(({ raw }) => containing(plainText(raw))))
  const tests = jsonPathsOf(rtype, param).flatMap(({ items, type }) =>
    (TEXT_PATHS[type] ?? []).map(
      (
        rest,
      ) => `exists (select from jsonb_path_query(${alias}.body, ${binds.add(`${items}${rest}`)}::jsonpath) as v (value)
      where ${plain("v.value #>> '{}'")} like any(${patterns}::text[]))`,
    ),
  )
  return tests.length > 0 ? `(${tests.join(' or ')})` : 'false'
}

/** Ids of resources of a type that a condition holds for, whatever it takes. */
function matching(rtype: string, filter: Filter, binds: Binds): string {
  // Asked first: a select that is made and left out leaves binds behind, whose type nobody knows.
  const isPartial =
    (filter.kind === 'identifier' && filter.not) ||
    filter.kind === 'not' ||
    filter.kind === 'all' ||
    filter.kind === 'any' ||
    (filter.kind === 'string' && filter.match === 'exact')
  const ids = isPartial ? undefined : idsOf(rtype, filter, binds)
  if (ids !== undefined) return ids
  const alias = 't'
  return `select ${alias}.id from resource ${alias} where ${alias}.tenant = $1 and ${alias}.rtype = ${binds.text(rtype)}
    and not ${alias}.deleted and ${condition(rtype, filter, alias, binds)}`
}

function chainIds(rtype: string, { param, alternatives }: Of<'chain'>, binds: Binds): string {
  const canonical = isCanonical(rtype, param)
  const targets = alternatives.map(({ type, filter }) => {
    const ids = matching(type, filter, binds)
    return canonical
      ? `select i.value from identifier i where ${scope('i', type, 'url', binds)} and i.id in (${ids})`
      : `select ${binds.text(`${type}/`)} || m.id from (${ids}) m`
  })
  return `select f.id from reference f where ${scope('f', rtype, param, binds)}
    and f.target in (${targets.join(' union all ')})`
}

/** References are indexed by their target, so those of the resources found are read from the resources themselves. */
function hasIds(rtype: string, { type, param, filter }: Of<'has'>, binds: Binds): string {
  const ids = matching(type, filter, binds)
  if (isCanonical(type, param)) {
    return `select u.id from identifier u where ${scope('u', rtype, 'url', binds)} and u.value in (
      select f.target from reference f where ${scope('f', type, param, binds)} and f.id in (${ids}))`
  }
  const prefix = binds.text(`${rtype}/`)
  const selects = jsonPathsOf(type, param).map(
    ({ path }) => `select ${targetId(prefix)}
      from resource h cross join lateral jsonb_path_query(h.body, ${binds.add(`${path}."reference"`)}::jsonpath) as v (value)
      where h.tenant = $1 and h.rtype = ${binds.text(type)} and not h.deleted and h.id in (${ids})
      and starts_with(v.value #>> '{}', ${prefix})`,
  )
  return selects.length > 0 ? selects.join(' union all ') : 'select null::text where false'
}
