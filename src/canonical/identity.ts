// Who is meant by a PID: the registry of identifiers decides, never a guess (semantics, sections 1 and 2).
import type { Thing } from '../mappings/mapped.ts'
import { type Applying, cellsAt, warn } from './applying.ts'
import { Refusal } from './finding.ts'
import { type Identifier, identifierType, isDeterministic, normalValue, stableId } from './identifier.ts'
import type { Authority, Site } from './site.ts'

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
  const type = identifierType(identifier) ?? 'no type'
  return new Refusal('AE', {
    code: '101',
    locations: [`${location}^${index + 1}^4`],
    text: `identifier of ${type} without an assigning authority - send CX.4, or give the source a defaultAuthority for ${type}`,
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

/** Events that update: when they create what they name, the sender is told so. */
const updates = new Set(['ADT^A08', 'ADT^A31'])

/** The patient of a PID, created if need be. Returns its id; its identifiers are registered. */
export function resolvePatient(applying: Applying, thing: Thing): string {
  const { draft, event } = applying
  const keys = keysOf(applying, thing)
  const pid3 = cellsAt(thing, 'identifier').find((each) => each.field === 'PID-3')
  const where = `PID^${thing.segment.occurrence}`
  if (!pid3 || pid3.value === null || keys.length === 0) throw missing(`${where}^3`, 'patient identifier')
  const named = cellsAt(thing, 'name').some((each) => each.field === 'PID-5' && each.value !== null)
  if (!named && event.startsWith('ADT^')) throw missing(`${where}^5`, 'patient name')

  const hits = keys.flatMap((key) => {
    const hit = draft.lookup('Patient', key.system, key.value)
    return hit ? [{ key, id: draft.survivorId('Patient', hit.id), retired: hit.retired }] : []
  })
  const ids = [...new Set(hits.map((each) => each.id))]
  const [first] = keys
  if (ids.length === 0 && first) {
    if (!named) throw parked(keys, where)
    const id = stableId('Patient', first.system, first.value)
    if (updates.has(event)) {
      warn(applying, 'UPSERT', [`${where}^3`], `patient ${first.value} was not known - created by ${event}`)
    }
    for (const key of keys) draft.register('Patient', key.system, key.value, id)
    return id
  }
  const id = ids.length === 1 ? (ids[0] ?? '') : decide(applying, hits, ids)
  for (const hit of hits) if (hit.retired && hit.id === id) warnRetired(applying, hit.key, id)
  for (const key of keys) {
    if (hits.some((hit) => hit.key === key)) continue
    if (ids.length > 1 || !mayAdd(applying, key)) continue
    draft.register('Patient', key.system, key.value, id)
  }
  return id
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

interface Hit {
  readonly key: Key
  readonly id: string
}

/** The PID names several patients: the sender's own authority decides, if it names one. */
function decide(applying: Applying, hits: readonly Hit[], ids: readonly string[]): string {
  const isOwn = (key: Key) => authorityOf(applying.site, key.system)?.owner === applying.source.id
  const own = [...new Set(hits.filter((each) => isOwn(each.key)).map((each) => each.id))]
  const names = hits.map((each) => each.key.value).join(', ')
  const [location = 'PID^1^3'] = hits.map((each) => each.key.location)
  const [chosen] = own
  const task = {
    code: 'identity-conflict',
    key: [...ids].sort().join('|'),
    description: `identifiers ${names} of one PID belong to different patients (message ${applying.controlId} of ${applying.source.id})`,
    inputs: ids.map((each) => ({
      type: 'patient',
      value: { valueReference: { reference: `Patient/${each}` } },
    })),
  }
  if (own.length !== 1 || chosen === undefined) {
    throw new Refusal(
      'AE',
      {
        code: '205',
        app: 'ID-CONFLICT',
        locations: [location],
        text: `identifiers ${names} belong to different patients (${location}) - correct the message or merge the patients`,
      },
      { task },
    )
  }
  const text = `identifiers ${names} belong to different patients - applied to the one that ${applying.source.id} itself names`
  warn(applying, 'FOREIGN-ID-CONFLICT', [location], text)
  applying.draft.tasks.push(task)
  return chosen
}

function warnRetired(applying: Applying, key: Key, id: string): void {
  const { draft } = applying
  const current = draft.entity('Patient', id).body?.identifier as readonly Identifier[] | undefined
  const survivor = current?.find((each) => each.system === key.system && each.use !== 'old')?.value ?? id
  const text = `${key.value} was merged into ${survivor} - applied to ${survivor}, use it from now on`
  warn(applying, 'RETIRED-ID', [key.location], text)
  draft.tasks.push({
    code: 'late-on-retired-id',
    key: `${key.system}|${key.value}`,
    description: `message ${applying.controlId} of ${applying.source.id} still uses ${key.value}, merged into ${survivor}`,
    focus: `Patient/${id}`,
    patient: `Patient/${id}`,
  })
}
