// Who is meant by a PID: the registry of identifiers decides, never a guess (semantics, sections 1 and 2).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, cellsAt, warn } from '../applying.ts'
import { changeOf, Refusal, type TaskRequest } from '../finding.ts'
import type { Authority, Site } from '../site.ts'
import { compareText } from '../truth/event-log.ts'
import { type Identifier, identifierType, isDeterministic, normalValue, stableId } from './identifier.ts'
import { compareMoments, type Moment } from './identity-log.ts'
import {
  type LoggedClaim,
  loggedBefore,
  type Numbered,
  recordOf,
  saySole,
  settle,
  tell,
  tellSole,
} from './records.ts'
import { renumbered, retiredAs, tellRetired } from './retired.ts'
import { contradicts, reused } from './reused.ts'

/** An identifier that may decide, in the registry's form. */
export interface Key {
  readonly system: string
  readonly value: string
  readonly identifier: Identifier
  /** 'PID^1^3'. */
  readonly location: string
}

const mintedPrefix = 'urn:portico:aa:'

export const authorityOf = (site: Site, system: string): Authority | undefined =>
  site.authorities.find((each) => each.system === system || each.aliases.includes(system))

/** Deterministic identifiers of a thing. Refuses one without an assigning authority: a wrong guess is an overlay. */
export function keysOf(applying: Applying, thing: Thing, paths: readonly string[] = ['identifier']): Key[] {
  const keys: Key[] = []
  for (const cell of paths.flatMap((path) => cellsAt(thing, path))) {
    if (!Array.isArray(cell.value)) continue
    for (const [i, identifier] of (cell.value as readonly Identifier[]).entries()) {
      if (!identifier.value || !isDeterministic(identifier)) continue
      if (!identifier.system) throw withoutAuthority(cell.location, i, identifier)
      if (isExpired(identifier, applying.times.event)) continue
      const authority = authorityOf(applying.site, identifier.system)
      if (identifier.system.startsWith(mintedPrefix))
        warnUnknownAuthority(applying, identifier.system, cell.location)
      warnContradiction(applying, identifier, authority, cell.location)
      keys.push({
        system: identifier.system,
        value: normalValue(identifier.value, authority),
        identifier,
        location: cell.location,
      })
    }
  }
  return keys
}

function withoutAuthority(location: string, index: number, identifier: Identifier): Refusal {
  const type = identifierType(identifier)
  const named = `identifier ${identifier.value ?? ''} of ${type ?? 'no type'}`
  return new Refusal('AE', {
    code: '101',
    locations: [`${location}^${index + 1}^4`],
    text: `${named} has no assigning authority - send CX.4, or give the source a defaultAuthority for ${type ?? "''"}`,
  })
}

function isExpired(identifier: Identifier, at: number): boolean {
  const end = identifier.period?.end
  return end !== undefined && Date.parse(end) < at
}

function warnUnknownAuthority(applying: Applying, system: string, location: string): void {
  const known = applying.draft.findings.some(
    (each) => each.app === 'UNKNOWN-AUTHORITY' && each.text.includes(system),
  )
  if (known) return
  const text = `assigning authority ${system.slice(mintedPrefix.length)} is not registered - add it to the site's authorities`
  warn(applying, 'UNKNOWN-AUTHORITY', [location], text)
  applying.draft.tasks.push({ code: 'register-authority', key: system, description: text })
}

/** CX.4 names one authority by its namespace and another by its OID: the OID counts. */
function warnContradiction(
  applying: Applying,
  { system = '', assigner }: Identifier,
  authority: Authority | undefined,
  location: string,
): void {
  const namespace = assigner?.display
  if (namespace === undefined || namespace === authority?.namespace || system.startsWith(mintedPrefix)) return
  if (!applying.site.authorities.some((each) => each.namespace === namespace)) return
  const text = `${namespace} is registered under another OID than ${system} (${location}) - taken as ${system}; correct CX.4`
  warn(applying, 'UNKNOWN-AUTHORITY', [location], text)
}

/** Events that update: when they create what they name, the sender is told so. */
const updates = new Set(['ADT^A08', 'ADT^A31'])

/**
 * The record of a PID: that of the sender's own number, else of the first. What is said goes to this record; whom it
 * means is told by the identity log, to which the message adds what it says of numbers.
 */
export function resolvePatient(applying: Applying, thing: Thing): string {
  const { draft, event } = applying
  const all = keysOf(applying, thing)
  const pid3 = cellsAt(thing, 'identifier').find((each) => each.field === 'PID-3')
  const where = `PID^${thing.segment.occurrence}`
  if (!pid3 || pid3.value === null || all.length === 0) throw missing(`${where}^3`, 'patient identifier')
  const named = cellsAt(thing, 'name').some((each) => each.field === 'PID-5' && each.value !== null)
  if (!named && event.startsWith('ADT^')) throw missing(`${where}^5`, 'patient name')

  const hits = all.flatMap((key) => hitOf(applying, key) ?? [])
  if (hits.length === 0) {
    if (!named) throw parked(all, where)
    if (updates.has(event)) {
      const value = all[0]?.value ?? ''
      warn(applying, 'UPSERT', [`${where}^3`], `patient ${value} was not known - created by ${event}`)
    }
  }
  const keys = all.filter(
    (key) => hits.some((hit) => hit.key === key) || isOwn(applying, key) || mayAdd(applying, key),
  )
  const own = keys.find((key) => isOwn(applying, key)) ?? keys[0] ?? all[0]
  if (!own) throw missing(`${where}^3`, 'patient identifier')
  const home = recordOf(draft, 'Patient', own.system, own.value)
  say(applying, keys.length > 0 ? keys : [own], home)
  const means = [...new Set(hits.map((each) => draft.survivorId('Patient', each.record)))]
  if (means.length > 1) checkConflict(applying, hits)
  warnRetired(applying, home, own, thing)
  return home
}

interface Hit {
  readonly key: Key
  readonly record: string
}

/** A number that somebody has told of, directly or as another name of somebody known. */
function hitOf({ draft }: Applying, key: Key): Hit | undefined {
  const { system, value } = key
  const record = recordOf(draft, 'Patient', system, value)
  if (draft.lookup('Patient', system, value)) return { key, record }
  const survivor = draft.survivorId('Patient', record)
  return survivor !== record && draft.exists('Patient', survivor) ? { key, record } : undefined
}

const isOwn = ({ site, source }: Applying, key: Key): boolean =>
  authorityOf(site, key.system)?.owner === source.id

/** Tells the registry and the log what this message says of numbers; nothing, when they know. */
function say(applying: Applying, keys: readonly Key[], own: string): void {
  const { draft, site, times } = applying
  const now: Moment = { m: times.message, i: draft.messageId }
  const numbers = new Map<string, Numbered>()
  for (const { system, value, identifier } of [...keys].sort((a, b) => compareAuthorities(site, a, b))) {
    const record = recordOf(draft, 'Patient', system, value)
    const { type } = identifier
    if (!numbers.has(record)) numbers.set(record, { system, value, record, ...(type && { type }) })
  }
  const [first] = numbers.values()
  if (first && numbers.size === 1) {
    for (const key of keys) saySole(draft, 'Patient', { ...first, system: key.system, value: key.value }, now)
    return
  }
  const claim: LoggedClaim = {
    kind: 'claim',
    records: [...numbers.keys()],
    own,
    ...now,
    numbers: [...numbers.values()],
  }
  const before = loggedBefore(draft, 'Patient', claim)
  if (before && compareMoments(before, claim) <= 0) return
  for (const each of numbers.values()) tellSole(draft, 'Patient', each)
  tell(draft, 'Patient', claim)
  const { resultOf } = settle(draft, 'Patient', claim.records)
  // Numbers that belong to several are not attached to any of them.
  if (resultOf(claim) === 'conflict') return
  for (const { system, value, record } of numbers.values())
    if (!draft.lookup('Patient', system, value)) draft.register('Patient', system, value, record)
}

/** In the order of the site file, so that the first number is the same whoever names them. */
function compareAuthorities(site: Site, a: Key, b: Key): number {
  const place = ({ system }: Key): number => {
    const at = site.authorities.findIndex((each) => each.system === system)
    return at < 0 ? site.authorities.length : at
  }
  return place(a) - place(b) || compareText(`${a.system}|${a.value}`, `${b.system}|${b.value}`)
}

const missing = (location: string, what: string): Refusal =>
  new Refusal('AE', {
    code: '101',
    locations: [location],
    text: `${what} is missing (${location}) - send it`,
  })

function parked(keys: readonly Key[], where: string): Refusal {
  const [first] = keys
  return new Refusal(
    'AE',
    {
      code: '204',
      app: 'PARKED',
      locations: [`${where}^3`],
      text: `patient ${first?.value ?? ''} is not known (${where}^3) - the message is kept and applied when the patient appears`,
    },
    { waitsFor: keys.map(({ system, value }) => ({ system, value })) },
  )
}

function mayAdd(applying: Applying, key: Key): boolean {
  const owner = authorityOf(applying.site, key.system)?.owner
  return owner === undefined || owner === applying.source.id || applying.site.policy.acceptForeignIds
}

/** The PID names several patients: the sender's own authority decides, if it names one. */
function checkConflict(applying: Applying, hits: readonly Hit[]): void {
  const { draft, source } = applying
  const shown = ({ record }: Hit): string => draft.survivorId('Patient', record)
  const own = new Set(hits.filter((each) => isOwn(applying, each.key)).map(shown))
  const names = hits.map((each) => each.key.value).join(', ')
  const [location = 'PID^1^3'] = hits.map((each) => each.key.location)
  const ids = [...new Set(hits.map(shown))].sort()
  const task = {
    code: 'identity-conflict',
    key: ids.join('|'),
    description: `identifiers ${names} of one PID belong to different patients (message ${applying.controlId} of ${source.id})`,
    ...(ids[0] ? { focus: `Patient/${ids[0]}`, patient: `Patient/${ids[0]}` } : {}),
    inputs: [
      ...ids.map((each) => ({
        type: 'patient',
        value: { valueReference: { reference: `Patient/${each}` } },
      })),
      ...messagesOf(applying, hits),
    ],
  }
  if (own.size !== 1) {
    throw new Refusal(
      'AE',
      {
        code: '205',
        app: 'ID-CONFLICT',
        locations: [location],
        text: `identifiers ${names} belong to different patients (${location}) - correct the message or merge the patients`,
      },
      { task, waitsFor: ids.map((each) => changeOf(`Patient/${each}`)) },
    )
  }
  const text = `identifiers ${names} belong to different patients - applied to the one that ${source.id} itself names`
  warn(applying, 'FOREIGN-ID-CONFLICT', [location], text)
  draft.tasks.push(task)
}

/** The messages that contradict each other: this one, and those that the numbers came with. */
function messagesOf(
  { draft, controlId }: Applying,
  hits: readonly Hit[],
): NonNullable<TaskRequest['inputs']> {
  const others = hits.flatMap(({ key }) => draft.lookup('Patient', key.system, key.value)?.since?.i ?? [])
  const provenances = [...new Set(others)].map((each) => ({
    type: 'earlier-message',
    value: { valueReference: { reference: `Provenance/${stableId('Provenance', each)}` } },
  }))
  return [{ type: 'message', value: { valueString: controlId } }, ...provenances]
}

/** What comes for a number that was merged away is the survivor's, unless it is about somebody else. */
function warnRetired(applying: Applying, record: string, key: Key, thing: Thing): void {
  const retired = retiredAs(applying.draft, 'Patient', record, (each) => isSame(applying, each, key))
  if (!retired) return
  if (contradicts(applying, thing, [retired.id, retired.root])) throw reused(applying, key, retired.id)
  tellRetired(applying, 'Patient', retired, key)
}

/** Tells whoever still uses the number of an account or a visit that was merged into another one, or has a new number. */
export function warnRetiredNumber(applying: Applying, rtype: 'Account' | 'Encounter', key: Key): void {
  const record = applying.draft.lookup(rtype, key.system, key.value)?.id
  if (record === undefined) return
  const { draft } = applying
  const isNumber = (each: Identifier) => isSame(applying, each, key)
  const retired = retiredAs(draft, rtype, record, isNumber) ?? renumbered(draft, rtype, record, isNumber)
  if (retired) tellRetired(applying, rtype, retired, key)
}

const isSame = ({ site }: Applying, each: Identifier, { system, value }: Key): boolean =>
  each.system === system && normalValue(each.value ?? '', authorityOf(site, system)) === value
