// References that name somebody by number and not by id (FHIR R4 http://hl7.org/fhir/R4/references.html#logical): in what a
// client writes they point to whom the number means, so that a booking by number takes the time of whom it books, is found
// by its patient, and goes wherever a merge takes them.
import {
  type ClientStatement,
  type ClientWrite,
  registeredTypes,
  stateByClient,
  writeByClient,
} from '../../canonical/client-write.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { normalValue, stableId } from '../../canonical/identity/identifier.ts'
import { authorityOf } from '../../canonical/identity/identity.ts'
import type { ScheduleRule, Site } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { isObject } from '../../canonical/truth/event-elements.ts'
import type { Json } from '../../mappings/mapped.ts'
import { checkFree } from './client-appointment.ts'
import type { Command } from './command.ts'

/** Elements of Reference: whatever has others beside an identifier is no reference. */
const elements: ReadonlySet<string> = new Set(['id', 'extension', 'type', 'identifier', 'display'])

/** References by number of one resource that are looked up; further ones stay as they are. */
export const maxLogicalReferences = 1_000

interface Pointed {
  readonly body: FhirJson
  /** Actors of the site's calendars whom nobody has told of yet: to be said first, so that nobody is referred to who is not there. */
  readonly opens: readonly ClientStatement[]
}

/** A resource of a client, its logical references with what they refer to. Numbers that nobody has are left as they are. */
export function pointed(draft: Draft, site: Site, body: FhirJson): Pointed {
  const opens = new Map<string, ClientStatement>()
  let left = maxLogicalReferences
  const walk = (value: Json | undefined): Json | undefined => {
    if (value === undefined) return value
    if (Array.isArray(value)) {
      const next = (value as readonly Json[]).map((each) => walk(each) ?? each)
      return next.some((each, i) => each !== value[i]) ? next : value
    }
    if (!isObject(value) || JSON.isRawJSON(value)) return value
    const asked = isLogical(value) && left-- > 0
    const reference = asked ? referredBy(draft, site, value, opens) : undefined
    if (reference !== undefined) return { reference, ...value }
    const next = Object.entries(value).map(([name, each]) => [name, walk(each)] as const)
    return next.some(([name, each]) => each !== value[name]) ? Object.fromEntries(next) : value
  }
  const next = Object.entries(body).map(([name, each]) => [name, walk(each)] as const)
  return { body: Object.fromEntries(next), opens: [...opens.values()] }
}

const isLogical = (value: FhirJson): boolean =>
  isObject(value.identifier) && Object.keys(value).every((each) => elements.has(each))

function referredBy(
  draft: Draft,
  site: Site,
  value: FhirJson,
  opens: Map<string, ClientStatement>,
): string | undefined {
  const { identifier, type } = value
  const { system, value: number } = isObject(identifier) ? identifier : {}
  if (typeof system !== 'string' || typeof number !== 'string') return undefined
  const normal = normalValue(number, authorityOf(site, system))
  const types = [...registeredTypes].filter((each) => type === undefined || type === each)
  const hits = types.map((each) => [each, draft.lookup(each, system, normal)?.id] as const)
  for (const [each, id] of hits) if (id !== undefined) return `${each}/${id}`
  const calendar = site.schedules.find(
    ({ actor }) =>
      actor.system === system && actor.value === number && (type === undefined || type === actor.type),
  )
  if (!calendar) return undefined
  const id = stableId(calendar.actor.type, system, number)
  if (!draft.exists(calendar.actor.type, id)) opens.set(id, openingOf(calendar, id))
  return `${calendar.actor.type}/${id}`
}

/** What the site says of the actor of a calendar. */
function openingOf({ actor: { type, system, value, name } }: ScheduleRule, id: string): ClientStatement {
  const named: Json = type === 'Practitioner' ? [{ text: name ?? '' }] : (name ?? '')
  return {
    rtype: type,
    id,
    cells: { 'identifier<site': [{ system, value }], ...(name !== undefined && { 'name<site': named }) },
    names: registeredTypes.has(type) ? [{ system, value }] : [],
  }
}

/**
 * Says what a client has written, after whom it refers to; what it books must be free. As the command by which the truth is
 * rebuilt.
 */
export function sayPointed(draft: Draft, site: Site, said: ClientWrite, opens: Pointed['opens']): Command {
  for (const each of opens) stateByClient(draft, each, said.client, said.at)
  const own: Command = { kind: 'say', statement: writeByClient(draft, said, site) }
  if (said.rtype === 'Appointment') checkFree(draft, site, said.id)
  if (opens.length === 0) return own
  return {
    kind: 'several',
    commands: [...opens.map((statement) => ({ kind: 'say', statement }) as const), own],
  }
}
