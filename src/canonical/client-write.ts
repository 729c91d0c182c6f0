// A FHIR client is a source like any other: what it changes becomes assertions of its own (semantics, sections 0, 5, 6).
import type { Json } from '../mappings/mapped.ts'
import { canonicalText, type FhirJson, sameContent } from './fhir-json.ts'
import { type Identifier, isDeterministic, normalValue, stableId } from './identity/identifier.ts'
import { authorityOf } from './identity/identity.ts'
import type { Site } from './site.ts'
import {
  isSaidLater,
  metaContribution,
  metaLists,
  newMetaOf,
  type SaidMeta,
  toldOf,
} from './truth/client-meta.ts'
import type { Assertion, CellKey } from './truth/contribution.ts'
import type { Draft } from './truth/draft.ts'
import { isObject } from './truth/event-elements.ts'
import { familyOf } from './truth/family.ts'
import { mergeable } from './truth/world.ts'

/** Types whose history is a log of events; a client's write is one of them. */
const eventTypes = new Set(['Encounter', 'Appointment'])
/** Types whose identifiers say who is meant. */
export const registeredTypes: ReadonlySet<string> = new Set([
  'Patient',
  'Encounter',
  'Account',
  'Appointment',
  'Practitioner',
  'Organization',
])
/** The server's own. */
const ignored = new Set(['resourceType', 'id'])
/** Types that several sources tell of: no narrative of one of them holds for the whole, and meta is said list by list. */
const composed = new Set(['Patient', 'Encounter', 'Appointment', 'Coverage', 'Account'])

/** Milliseconds: when it was written, and when it has happened, if that is another time. */
export interface ClientTimes {
  readonly at: number
  readonly t?: number
}

export interface ClientWrite extends ClientTimes {
  readonly rtype: string
  readonly id: string
  readonly client: string
  readonly current: FhirJson | undefined
  readonly next: FhirJson
}

/** What a client's write comes to: enough to say it again when the truth is rebuilt. */
export interface ClientStatement {
  readonly rtype: string
  readonly id: string
  readonly cells: Readonly<Record<CellKey, Json>>
  /** Identifiers that lead to it from now on, as the registry has them. */
  readonly names: readonly { readonly system: string; readonly value: string }[]
  /** Profiles, tags and labels of what several sources tell of. */
  readonly meta?: SaidMeta
  readonly deletes?: true
  /** When it has happened, milliseconds; undefined = when it was written. */
  readonly t?: number
}

/** Elements that differ, as assertions; identifiers only add. */
export function writeByClient(draft: Draft, write: ClientWrite, site: Site): ClientStatement {
  const { rtype, id, client, at, t, current, next } = write
  const cells: Record<CellKey, Json> = {}
  for (const element of new Set([...Object.keys(current ?? {}), ...Object.keys(next)])) {
    if (ignored.has(element) || (composed.has(rtype) && (element === 'meta' || element === 'text'))) continue
    // Labels and profiles stay until they are replaced: who leaves them out says nothing of them.
    if (element === 'meta' && next.meta === undefined) continue
    const [before, after] = [current?.[element], element === 'meta' ? filled(next.meta) : next[element]]
    if (sameContent(before ?? null, after ?? null)) continue
    if (element === 'identifier' && rtype === 'Patient') addIdentifiers(cells, after)
    else if (element === 'contact' && rtype === 'Patient') cells['contact<FHIR'] = ownContacts(draft, write)
    else cells[`${element}<FHIR`] = after ?? null
  }
  if (current === undefined) cells['$deleted<FHIR'] = false
  const family = mergeable.has(rtype) ? familyOf(draft, rtype, id) : undefined
  const meta = composed.has(rtype)
    ? newMetaOf(toldOf([...draft.contributions(rtype, id).values()], family), client, current, next)
    : undefined
  const names = registeredTypes.has(rtype) ? namesOf(next, site) : []
  const statement = { rtype, id, cells, names, ...(meta && { meta }), ...(t !== undefined && { t }) }
  stateByClient(draft, statement, client, at)
  return statement
}

/** Version and time are the server's to say; and no element is empty: what a client has emptied is gone. */
function filled(meta: Json | undefined): Json | undefined {
  if (!isObject(meta)) return undefined
  const { versionId: _version, lastUpdated: _updated, ...rest } = meta
  return Object.keys(rest).length > 0 ? rest : undefined
}

/** Says what a client's write has come to, now or again. */
export function stateByClient(draft: Draft, statement: ClientStatement, client: string, at: number): void {
  const { rtype, id, names, deletes, meta = {}, t = at } = statement
  const i = draft.messageId
  draft.occurred = t
  const cells: Record<CellKey, Assertion> = {}
  for (const [key, v] of Object.entries(statement.cells)) cells[key] = { v, t, m: at, i }
  for (const name of metaLists) {
    const list = meta[name]
    if (list && !isSaidLater(draft.contributions(rtype, id).values(), client, name, t))
      draft.contribute(rtype, id, metaContribution(client, name, list, { i, t }))
  }
  const isMetaAlone = Object.keys(cells).length === 0 && Object.keys(meta).length > 0
  // Labels are no event of a visit or an appointment.
  if (isMetaAlone) draft.touch(rtype, id)
  else if (!eventTypes.has(rtype)) draft.assert(rtype, id, client, cells)
  else if (deletes) draft.contribute(rtype, id, { source: client, key: '$deleted', i, cells })
  else draft.contribute(rtype, id, { source: client, key: i, event: 'FHIR', t, m: at, i, cells })
  for (const { system, value } of names)
    if (!draft.lookup(rtype, system, value)) draft.register(rtype, system, value, id)
}

/** Contacts are a union of what the sources say: a client that sends the whole list back has said those of others no more. */
function ownContacts(draft: Draft, { rtype, id, client, next }: ClientWrite): Json {
  const others = new Set<string>()
  for (const each of draft.contributions(rtype, id).values()) {
    if (each.source === client) continue
    for (const [key, { v }] of Object.entries(each.cells))
      if (key.startsWith('contact<') && Array.isArray(v)) for (const one of v) others.add(canonicalText(one))
  }
  const list = Array.isArray(next.contact) ? (next.contact as readonly Json[]) : []
  const own = list.filter((each) => !others.has(canonicalText(each)))
  return own.length > 0 ? own : null
}

function addIdentifiers(cells: Record<CellKey, Json>, list: Json | undefined): void {
  for (const each of (list ?? []) as readonly Identifier[])
    cells[`identifier<FHIR:${each.system ?? ''}|${each.value ?? ''}`] = [each as Json]
}

export const identifiersOf = (body: FhirJson): Identifier[] =>
  (Array.isArray(body.identifier) ? (body.identifier as readonly Identifier[]) : []).filter(
    (each) => each.system && each.value && isDeterministic(each) && each.use !== 'old',
  )

const namesOf = (body: FhirJson, site: Site): { system: string; value: string }[] =>
  identifiersOf(body).map(({ system = '', value = '' }) => ({
    system,
    value: normalValue(value, authorityOf(site, system)),
  }))

/**
 * Somebody else who has one of the identifiers that a write adds: two things may not share one. Those that the resource
 * shows already are no matter, whoever they lead to.
 */
export function holderOf(
  draft: Draft,
  rtype: string,
  id: string | undefined,
  next: FhirJson,
  current: FhirJson | undefined,
  site: Site,
): { id: string; value: string } | undefined {
  if (!registeredTypes.has(rtype)) return undefined
  const shown = new Set(identifiersOf(current ?? {}).map((each) => `${each.system}|${each.value}`))
  for (const { system = '', value = '' } of identifiersOf(next)) {
    if (shown.has(`${system}|${value}`)) continue
    const hit = draft.lookup(rtype, system, normalValue(value, authorityOf(site, system)))
    if (hit && draft.survivorId(rtype, hit.id) !== id) return { id: draft.survivorId(rtype, hit.id), value }
  }
  return undefined
}

/** Id of a new resource: from its first deterministic identifier, so that a message about it finds it without a detour. */
export function newResourceId(rtype: string, body: FhirJson, random: () => string): string {
  const [first] = registeredTypes.has(rtype) ? identifiersOf(body) : []
  return first?.system && first.value ? stableId(rtype, first.system, first.value) : random()
}

/** DELETE: a Coverage ends, everything else is no longer shown; nothing is forgotten. */
export function deleteByClient(
  draft: Draft,
  rtype: string,
  id: string,
  client: string,
  { at, t }: ClientTimes,
): ClientStatement {
  const closes = rtype === 'Coverage'
  const cells: Record<CellKey, Json> = closes ? { 'status<FHIR': 'cancelled' } : { '$deleted<FHIR': true }
  const how = { ...(closes ? {} : { deletes: true as const }), ...(t !== undefined && { t }) }
  const statement: ClientStatement = { rtype, id, cells, names: [], ...how }
  stateByClient(draft, statement, client, at)
  return statement
}
