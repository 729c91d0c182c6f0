// StructureDefinitions, ValueSets and CodeSystems that are known here, as resources (FHIR R4 conformance-module.html): those of
// packages and our own as they were loaded, and what the gateway carries, made from its tables.
import { baseStructures } from './base-structures.ts'
import { CODE_SETS, CODE_SYSTEMS } from './definitions.ts'
import type { ProfileSet } from './profile/set.ts'
import { textIn } from './profile/structure.ts'
import type { JsonObject, Resource } from './types.ts'

export type KnownDefinitions = Readonly<
  Record<'StructureDefinition' | 'ValueSet' | 'CodeSystem', readonly Resource[]>
>

const made = new WeakMap<ProfileSet, KnownDefinitions>()

/** Each with an id of its own among its type. */
export function knownDefinitions(profiles: ProfileSet): KnownDefinitions {
  const before = made.get(profiles)
  if (before) return before
  const { terminology } = profiles
  const loaded = profiles.all().map(({ resource }) => resource)
  const known = {
    StructureDefinition: withIds('StructureDefinition', [
      ...loaded,
      ...carriedBeside(loaded, baseStructures),
    ]),
    ValueSet: withIds('ValueSet', [
      ...terminology.valueSets,
      ...carriedBeside(terminology.valueSets, valueSets),
    ]),
    CodeSystem: withIds('CodeSystem', [
      ...terminology.codeSystems,
      ...carriedBeside(terminology.codeSystems, codeSystems),
    ]),
  }
  made.set(profiles, known)
  return known
}

/** What a package says again counts. */
function carriedBeside(
  loaded: readonly JsonObject[],
  carried: () => readonly JsonObject[],
): readonly JsonObject[] {
  const urls = new Set(loaded.map((each) => textIn(each, 'url')))
  return carried().filter((each) => !urls.has(textIn(each, 'url')))
}

const valueSets = (): readonly JsonObject[] =>
  Object.entries(CODE_SETS).map(([url, groups]) => ({
    url,
    name: nameOf(url),
    status: 'active',
    compose: {
      include: groups.map(({ system, codes }) => ({
        system,
        ...(typeof codes !== 'string' && { concept: codes.map((code) => ({ code })) }),
      })),
    },
  }))

const parent = { code: 'parent', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' }

const codeSystems = (): readonly JsonObject[] =>
  Object.entries(CODE_SYSTEMS).map(([url, { name, concepts }]) => {
    // A concept has a row for each of its parents.
    const byCode = new Map<string, { readonly display: string; readonly parents: string[] }>()
    for (const [code = '', display = code, above] of concepts) {
      const own = byCode.get(code) ?? { display, parents: [] }
      if (above !== undefined) own.parents.push(above)
      byCode.set(code, own)
    }
    const hasParents = [...byCode.values()].some(({ parents }) => parents.length > 0)
    return {
      url,
      name: nameOf(name),
      status: 'active',
      content: 'complete',
      ...(hasParents && { hierarchyMeaning: 'is-a', property: [parent] }),
      concept: [...byCode].map(([code, { display, parents }]) => ({
        code,
        display,
        ...(parents.length > 0 && {
          property: parents.map((each) => ({ code: 'parent', valueCode: each })),
        }),
      })),
    }
  })

const lastOf = (url: string): string => url.split(/[/:]/).findLast((each) => each !== '') ?? ''

/** A name that programs can use: the last part of a URL, as one word. */
function nameOf(text: string): string {
  const word = lastOf(text).replace(/[^A-Za-z0-9]+(.)?/g, (_, next = '') => next.toUpperCase())
  const name = `${word.charAt(0).toUpperCase()}${word.slice(1)}`
  return /^[A-Z]/.test(name) ? name : `N${name}`
}

const maxIdCharacters = 64
const idOf = (text: string): string =>
  text
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, maxIdCharacters)

/** Its own id; where another one has that, with its version; else with a number. */
function withIds(resourceType: string, list: readonly JsonObject[]): readonly Resource[] {
  const taken = new Set<string>()
  return list.map((each): Resource => {
    const own = idOf(textIn(each, 'id') || lastOf(textIn(each, 'url'))) || 'unnamed'
    const version = textIn(each, 'version')
    let id = taken.has(own) && version !== '' ? idOf(`${own.slice(0, 40)}-${version}`) : own
    for (let n = 2; taken.has(id); n += 1) id = `${own.slice(0, 50)}-${n}`
    taken.add(id)
    const { resourceType: _type, id: _id, ...rest } = each
    // In the order of FHIR, which XML keeps.
    return { resourceType, id, ...rest }
  })
}
