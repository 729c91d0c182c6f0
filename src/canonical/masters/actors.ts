// Practitioners, locations, organizations and devices: one resource each by business key, never one per message.
import type { Json, Mapped, Thing } from '../../mappings/mapped.ts'
import { type Applying, assertionsOf, cellAt, cellsAt, referred } from '../applying.ts'
import { canonicalText } from '../fhir-json.ts'
import { type Identifier, stableId } from '../identity/identifier.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import { masterKey, stateMaster } from './master.ts'

const registered = new Set(['Practitioner', 'Organization'])
/** Parents before their parts. */
export const actorTypes = [
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Device',
  'HealthcareService',
] as const

/** Resolves every linked thing of the message that is not a person under care, parents before their parts. */
export function resolveActors(applying: Applying): void {
  for (const type of actorTypes) {
    const pending = applying.mapped.things.filter((each) => each.type === type)
    for (const thing of pending) {
      applying.references.set(`#${thing.as}`, `${type}/${actorId(applying, thing)}`)
    }
    for (const thing of pending) contributeActor(applying, thing)
  }
}

const identifiersOf = (thing: Thing): Identifier[] =>
  cellsAt(thing, 'identifier').flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Identifier[]) : [],
  )

interface Named {
  readonly family?: string
  readonly given?: readonly string[]
}

/** A name as far as it tells apart: spelling in capitals, title and degree do not. */
function nameKey(name: Json | undefined): string | undefined {
  if (name === undefined || name === null) return undefined
  if (typeof name === 'string') return normalName(name)
  const [first] = (Array.isArray(name) ? name : []) as readonly Named[]
  const parts = [first?.family, ...(first?.given ?? [])].filter((part) => part !== undefined)
  return parts.length > 0 ? parts.map(normalName).join('|') : canonicalText(name)
}

const normalName = (text: string): string =>
  text
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s.,]+/g, ' ')
    .trim()

/** Id of an actor: what the registry knows, else what follows from its first identifier, else from its name. */
export function actorIdOf(
  thing: Thing,
  source: string,
  find: (rtype: string, system: string, value: string) => string | undefined,
): string {
  const keys = identifiersOf(thing).filter((each) => each.system && each.value)
  const [first] = keys
  if (!first?.system || !first.value) {
    // Without an identifier the name is the key, and only inside what its sender says.
    return stableId(thing.type, source, nameKey(cellAt(thing, 'name')?.value) ?? thing.as)
  }
  if (!registered.has(thing.type)) return stableId(thing.type, first.system, first.value)
  for (const { system = '', value = '' } of keys) {
    const known = find(thing.type, system, value)
    if (known !== undefined) return known
  }
  return stableId(thing.type, first.system, first.value)
}

function actorId(applying: Applying, thing: Thing): string {
  const { draft, source } = applying
  const id = actorIdOf(thing, source.id, (rtype, system, value) => draft.lookup(rtype, system, value)?.id)
  if (!registered.has(thing.type)) return id
  for (const { system, value } of identifiersOf(thing)) {
    if (system && value && !draft.lookup(thing.type, system, value))
      draft.register(thing.type, system, value, id)
  }
  return id
}

/** Says what a message tells of an actor in passing, as far as that is news (master.ts). */
function contributeActor(applying: Applying, thing: Thing): void {
  const { draft, source } = applying
  const name = statementName(thing, applying.mapped, source.id)
  const t = applying.times.event
  if (applying.said?.has(name, t)) return
  const reference = applying.references.get(`#${thing.as}`) ?? ''
  const id = reference.slice(reference.indexOf('/') + 1)
  const said: Record<CellKey, Assertion> = {}
  for (const [key, assertion] of Object.entries(assertionsOf(applying, thing, t)))
    said[masterKey(key, thing.type, valueName(assertion.v))] = assertion
  const cells = stateMaster(draft.contribution(thing.type, id, source.id), said)
  if (cells) draft.contribute(thing.type, id, { source: source.id, key: '', i: draft.messageId, cells })
  draft.stated.push({ name, t })
}

/** Statements about actors that are in the store, as far as this process knows: they need not be made again. */
export interface SaidStatements {
  /** True when the same was said of a time not later than `t`, and within its step or after it (master.ts). */
  has(name: string, t: number): boolean
}

/** A message is asked for the names when it is loaded, and each time that it is applied. */
const names = new WeakMap<Thing, string>()

/** What a source says of an actor, as one text: handles are replaced by what they stand for. */
export function statementName(thing: Thing, mapped: Mapped, source: string): string {
  const known = names.get(thing)
  if (known !== undefined) return known
  let text = `${source}\u0001${thing.type}`
  for (const { path, value } of thing.cells) {
    const json = JSON.stringify(value)
    text += `\u0001${path}=${json}`
    if (!json.includes('"reference":"#')) continue
    for (const [, handle] of json.matchAll(/"reference":"#([^"]+)"/g)) {
      const other = mapped.things.find((each) => each.as === handle)
      if (other) text += JSON.stringify(cellsAt(other, 'identifier').map((each) => each.value))
    }
  }
  names.set(thing, text)
  return text
}

/** Short name of a value, to tell two of them apart: FNV-1a over its text, twice 32 bits. */
function valueName(value: Json): string {
  const text = canonicalText(value)
  let [a, b] = [0x811c9dc5, 0xc9dc5118]
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x01000193) ^ (a >>> 7)
  }
  return `${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`
}

/** Reference to the thing in a role, when it was resolved. */
export function referenceTo(applying: Applying, thing: Thing, role: string): string | undefined {
  const other = referred(applying, thing, role)
  return other && applying.references.get(`#${other.as}`)
}
