// Conditions of a search that no table is made for (FHIR R4 search.html): lists, places, words, hierarchies, types of
// identifiers, paths of URLs. Each is asked of what other indexes or conditions have left, or of few rows.
import type { Filter } from '../fhir/filter.ts'
import { jsonPathsOf } from '../fhir/json-path.ts'
import { searchParam } from '../fhir/search-params.ts'
import { type Binds, containing, scope } from './binds.ts'
import { keyText } from './index-rows.ts'

type Of<Kind extends Filter['kind']> = Extract<Filter, { kind: Kind }>

/** Levels of a hierarchy that are followed. */
export const maxTreeDepth = 20

/** The id that a reference ends with; a version of it counts as the thing. */
export const targetId = (prefix: string): string =>
  `split_part(substr(v.value #>> '{}', length(${prefix}) + 1), '/', 1)`

/** Ids of the entries of Lists, without those that are marked as deleted. */
export function listIds(rtype: string, { ids }: Of<'list'>, binds: Binds): string {
  const prefix = binds.text(`${rtype}/`)
  const path = '$."entry"[*] ? (!exists(@."deleted") || @."deleted" != true)."item"."reference"'
  return `select ${targetId(prefix)}
    from resource l cross join lateral jsonb_path_query(l.body, ${binds.add(path)}::jsonpath) as v (value)
    where l.tenant = $1 and l.rtype = ${binds.text('List')} and l.id = any(${binds.add(ids)}::text[]) and not l.deleted
    and starts_with(v.value #>> '{}', ${prefix})`
}

/** Great circles on a sphere; only resources with a position are computed. */
export function isNear({ places }: Of<'near'>, alias: string, binds: Binds): string {
  const number = (value: number): string => `${binds.add(value)}::float8`
  const tests = places.map(({ latitude, longitude, km }) => {
    const lat = `radians((${alias}.body #>> '{position,latitude}')::float8)`
    const lon = `radians((${alias}.body #>> '{position,longitude}')::float8)`
    const [lat0, lon0] = [`radians(${number(latitude)})`, `radians(${number(longitude)})`]
    const square = `sin((${lat} - ${lat0}) / 2) ^ 2 + cos(${lat0}) * cos(${lat}) * sin((${lon} - ${lon0}) / 2) ^ 2`
    return `2 * 6371.0088 * asin(least(1, sqrt(${square}))) <= ${number(km)}`
  })
  return `(${alias}.body ? 'position' and (${tests.join(' or ')}))`
}

/** Words in the narrative (_text), or in any text of the resource (_content). */
export function hasWords({ where, values }: Of<'words'>, alias: string, binds: Binds): string {
  const text =
    where === 'text'
      ? `to_tsvector('simple', regexp_replace(coalesce(${alias}.body #>> '{text,div}', ''), '<[^>]*>', ' ', 'g'))`
      : `jsonb_to_tsvector('simple', ${alias}.body, '["string"]')`
  const tests = values.map((value) => `${text} @@ plainto_tsquery('simple', ${binds.add(value)})`)
  return `(${tests.join(' or ')})`
}

/** By value in the table of identifiers; by type in the resource. */
export function isTyped(rtype: string, { param, values }: Of<'typed'>, alias: string, binds: Binds): string {
  const found = binds.add(values.map(({ value }) => keyText(value)))
  const paths = jsonPathsOf(rtype, param).map(({ items }) => binds.add(items))
  const patterns = values.map(({ system, code, value }) => {
    const coding = system === '' ? { code } : { system, code }
    return `${binds.add(JSON.stringify({ value, type: { coding: [coding] } }))}::jsonb`
  })
  const tests = paths.map(
    (path) => `exists (select from jsonb_path_query(${alias}.body, ${path}::jsonpath) as v (value)
      where ${patterns.map((pattern) => `v.value @> ${pattern}`).join(' or ')})`,
  )
  if (tests.length === 0) return 'false'
  return `(${alias}.id in (select i.id from identifier i where ${scope('i', rtype, param, binds)}
    and i.value = any(${found}::text[])) and (${tests.join(' or ')}))`
}

/** Places of a URL's path, from the whole of it up. */
function pathsAbove(url: string): string[] {
  const plain = url.replace(/[?#].*$/, '').replace(/\/+$/, '')
  const start = plain.indexOf('://') + 3
  const found = [url, plain]
  for (let at = plain.lastIndexOf('/'); at > start; at = plain.lastIndexOf('/', at - 1)) {
    found.push(plain.slice(0, at), `${plain.slice(0, at)}/`)
  }
  return [...new Set(found)]
}

const LAST = '\u{10FFFF}'

export function isRelatedUri(rtype: string, filter: Of<'uri'>, alias: string, binds: Binds): string {
  const { param, direction, values } = filter
  const test = (column: string): string => {
    if (direction === 'above')
      return `${column} = any(${binds.add(values.flatMap(pathsAbove).map(keyText))}::text[])`
    const tests = values.map((value) => {
      const base = value.replace(/\/+$/, '')
      const below = [`${base}/`, `${base}|`].map(
        (begin) => `(${column} >= ${binds.add(begin)} and ${column} < ${binds.add(begin + LAST)})`,
      )
      return `${column} = ${binds.add(base)} or ${below.join(' or ')}`
    })
    return `(${tests.join(' or ')})`
  }
  if (searchParam(rtype, param)?.rows === 'identifiers')
    return `${alias}.id in (select i.id from identifier i where ${scope('i', rtype, param, binds)} and ${test('i.value')})`
  const paths = jsonPathsOf(rtype, param).map(
    ({
      items,
    }) => `exists (select from jsonb_path_query(${alias}.body, ${binds.add(items)}::jsonpath) as v (value)
      where ${test(`(v.value #>> '{}') collate "C"`)})`,
  )
  return paths.length > 0 ? `(${paths.join(' or ')})` : 'false'
}

/** Ids of what refers to a member of a hierarchy, or to what is above or below it. */
export function treeIds(rtype: string, filter: Of<'tree'>, binds: Binds): string {
  const { param, type, parent, direction, ids } = filter
  const prefix = binds.text(`${type}/`)
  const next =
    direction === 'below'
      ? `select c.id, t.depth + 1 from tree t join reference c on c.tenant = $1 and c.target = ${prefix} || t.id
        and c.rtype = ${binds.text(type)} and c.param = ${binds.text(parent)}`
      : `select substr(p.body #>> '{partOf,reference}', length(${prefix}) + 1), t.depth + 1
        from tree t join resource p on p.tenant = $1 and p.rtype = ${binds.text(type)} and p.id = t.id
        and starts_with(p.body #>> '{partOf,reference}', ${prefix})`
  return `with recursive tree (id, depth) as (
      select id collate "C", 0 from unnest(${binds.add(ids)}::text[]) as asked (id)
      union ${next} where t.depth < ${maxTreeDepth}
    ) select f.id from tree join reference f on f.tenant = $1 and f.target = ${prefix} || tree.id
      and f.rtype = ${binds.text(rtype)} and f.param = ${binds.text(param)}`
}

/** A text that ends in what was asked for. */
export const ending = (text: string): string => containing(text).slice(0, -1)
