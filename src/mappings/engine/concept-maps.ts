// Code tables as FHIR shows them (FHIR R4 conceptmap.html) and as ConceptMap/$translate reads them: all layers of a table in one
// map, the stronger over the weaker, code by code.
import type { MapSet } from './compile.ts'
import type { ConceptMap } from './table.ts'

export interface MapTarget {
  readonly code?: string
  readonly display?: string
  readonly equivalence: string
  readonly comment?: string
}
export interface MapElement {
  readonly code: string
  readonly display?: string
  readonly target?: readonly MapTarget[]
}
export interface MapGroup {
  readonly source?: string
  readonly target?: string
  readonly element: readonly MapElement[]
}
/** A table as a resource. */
export interface ShownMap {
  readonly resourceType: 'ConceptMap'
  readonly id: string
  readonly url: string
  readonly name: string
  readonly title: string
  readonly status: 'active'
  readonly group?: readonly MapGroup[]
}

const maxIdCharacters = 64
const base = 'http://portico.example.org/ConceptMap/'

/** MaritalStatus -> marital-status, Race[Detailed] -> race-detailed */
const slug = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()
    .slice(0, maxIdCharacters)

/** A name that programs can use. */
const computable = (name: string): string =>
  name.replace(/[^A-Za-z0-9]+(.)?/g, (_, next = '') => next.toUpperCase())

const shown = new WeakMap<readonly ConceptMap[], readonly ShownMap[]>()

/** One resource for each name, in the order of the names. */
export function shownMaps(tables: readonly ConceptMap[]): readonly ShownMap[] {
  const known = shown.get(tables)
  if (known) return known
  const byName = new Map<string, ConceptMap[]>()
  for (const table of tables) byName.set(table.name, [...(byName.get(table.name) ?? []), table])
  const made = [...byName]
    .map(([name, layers]) => merged(name, layers))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  shown.set(tables, made)
  return made
}

/** Tables in which a source has codes of its own, as they count for it: over those of everybody. */
export function shownOfSources(maps: Pick<MapSet, 'conceptMaps' | 'bySource'>): readonly ShownMap[] {
  return [...(maps.bySource ?? [])].flatMap(([source, { conceptMaps }]) => {
    // A set of a source has the tables of everybody first, then its own.
    const names = new Set(conceptMaps.slice(maps.conceptMaps.length).map(({ name }) => name))
    return shownMaps(conceptMaps.filter(({ name }) => names.has(name))).map((each): ShownMap => {
      const id = `${each.id}-of-${slug(source)}`.slice(0, maxIdCharacters)
      return { ...each, id, url: `${base}${id}`, title: `${each.title} (${source})` }
    })
  })
}

function merged(name: string, layers: readonly ConceptMap[]): ShownMap {
  const strongest = layers.findLast(({ id, url }) => id !== undefined && url !== undefined)
  const id = strongest?.id ?? slug(name)
  // A code that a stronger layer has is not that of a weaker one, whichever group it stood in.
  const taken = new Set<string>()
  const groups = layers.toReversed().flatMap((layer) => {
    const own = (layer.group ?? []).map(({ source, target, element = [] }): MapGroup => {
      const left = element.filter(({ code }) => !taken.has(code))
      return { ...(source && { source }), ...(target && { target }), element: left.map(shownElement) }
    })
    for (const { element = [] } of layer.group ?? []) for (const { code } of element) taken.add(code)
    return own.filter(({ element }) => element.length > 0)
  })
  return {
    resourceType: 'ConceptMap',
    id,
    url: strongest?.url ?? `${base}${id}`,
    name: computable(name),
    title: name,
    status: 'active',
    ...(groups.length > 0 && { group: groups }),
  }
}

type Written = NonNullable<NonNullable<ConceptMap['group']>[number]['element']>[number]

function shownElement({ code, display, target }: Written): MapElement {
  const targets = target?.map(({ equivalence = 'relatedto', comment, ...rest }): MapTarget => {
    const said =
      comment ?? (equivalence === 'inexact' || equivalence === 'narrower' ? 'not quite the same' : undefined)
    return { ...rest, equivalence, ...(said !== undefined && { comment: said }) }
  })
  return {
    code,
    ...(display !== undefined && { display }),
    ...(targets && targets.length > 0 && { target: targets }),
  }
}

/** What is to be translated. */
export interface TranslateQuery {
  readonly system: string | undefined
  readonly code: string
  readonly targetSystem: string | undefined
  readonly reverse: boolean
}
export interface MapMatch {
  readonly equivalence: string
  readonly system: string | undefined
  readonly code: string
  readonly display: string | undefined
  /** Canonical URL of the map. */
  readonly map: string
}
export interface Translated {
  readonly matches: readonly MapMatch[]
  /** True when a map has the code and no counterpart for it. */
  readonly unmatched: boolean
}

const without = new Set(['unmatched', 'disjoint'])
/** Seen from the other side. */
const inverse: Readonly<Record<string, string>> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
}

/** All that the maps say of a code: as written, else without regard to case, as messages are read. */
export function translateCode(maps: readonly ShownMap[], query: TranslateQuery): Translated {
  const found: MapMatch[] = []
  let unmatched = false
  for (const { url, group = [] } of maps) {
    const groups = group.filter((each) => isOf(each, query))
    const exact = groups.flatMap((each) => matchesIn(each, url, query, (code) => code === query.code))
    const wanted = query.code.toUpperCase()
    const own =
      exact.length > 0
        ? exact
        : groups.flatMap((each) => matchesIn(each, url, query, (code) => code.toUpperCase() === wanted))
    for (const match of own) {
      if (match === 'unmatched') unmatched = true
      else if (!found.some((each) => isSame(each, match))) found.push(match)
    }
  }
  return { matches: found, unmatched }
}

const isSame = (a: MapMatch, b: MapMatch): boolean =>
  a.code === b.code && a.system === b.system && a.map === b.map

function isOf({ source, target }: MapGroup, { system, targetSystem, reverse }: TranslateQuery): boolean {
  const [from, to] = reverse ? [target, source] : [source, target]
  return (
    (system === undefined || from === undefined || from === system) &&
    (targetSystem === undefined || to === targetSystem)
  )
}

function matchesIn(
  { source, target, element }: MapGroup,
  map: string,
  { reverse }: TranslateQuery,
  isWanted: (code: string) => boolean,
): (MapMatch | 'unmatched')[] {
  if (reverse)
    return element.flatMap(({ code, display, target: targets = [] }) =>
      targets
        .filter((each) => each.code !== undefined && isWanted(each.code) && !without.has(each.equivalence))
        .map(({ equivalence }) => ({
          equivalence: inverse[equivalence] ?? equivalence,
          system: source,
          code,
          display,
          map,
        })),
    )
  return element
    .filter(({ code }) => isWanted(code))
    .flatMap(({ target: targets = [] }): (MapMatch | 'unmatched')[] => {
      const own = targets.flatMap(({ code, display, equivalence }) =>
        code === undefined || without.has(equivalence)
          ? []
          : [{ equivalence, system: target, code, display, map }],
      )
      return own.length > 0 ? own : ['unmatched']
    })
}
