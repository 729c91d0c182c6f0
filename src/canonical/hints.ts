// What applying a message will need, as far as the message alone tells: loaded for a whole batch in one statement each.
import type { Mapped, Thing } from '../mappings/mapped.ts'
import { cellsAt } from './applying.ts'
import { scheduleId } from './fold.ts'
import { type Identifier, normalValue, stableId } from './identifier.ts'
import { authorityOf } from './identity.ts'
import type { Site } from './site.ts'

export interface RegistrationHint {
  readonly rtype: string
  readonly system: string
  readonly value: string
}

/** Facts that name things by identifier: path -> type of the thing. */
const factPaths: Readonly<Record<string, string>> = {
  $mothersIdentifier: 'Patient',
  $appointmentIds: 'Appointment',
  $priorIdentifier: 'Patient',
  $priorAccount: 'Account',
  $priorVisit: 'Encounter',
}
const registered = new Set(['Patient', 'Encounter', 'Account', 'Appointment', 'Practitioner', 'Organization'])

const listOf = (thing: Thing, path: string): Identifier[] =>
  cellsAt(thing, path).flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Identifier[]) : [],
  )

/** Registry keys that the things of a message name. */
export function registrationHints(mapped: Mapped, site: Site): RegistrationHint[] {
  const hints: RegistrationHint[] = []
  const add = (rtype: string, { system, value }: Identifier) => {
    if (system && value) hints.push({ rtype, system, value: normalValue(value, authorityOf(site, system)) })
  }
  for (const thing of mapped.things) {
    if (registered.has(thing.type)) for (const each of listOf(thing, 'identifier')) add(thing.type, each)
    for (const [path, rtype] of Object.entries(factPaths))
      for (const each of listOf(thing, path)) add(rtype, each)
  }
  return hints
}

/** 'Type/id' of things that the message will touch: those the registry knows, and those whose id follows from their key. */
export function entityHints(
  mapped: Mapped,
  site: Site,
  idOf: (hint: RegistrationHint) => string | undefined,
): string[] {
  const keys = new Set<string>()
  for (const hint of registrationHints(mapped, site)) {
    const id = idOf(hint) ?? stableId(hint.rtype, hint.system, hint.value)
    keys.add(`${hint.rtype}/${id}`)
    if (hint.rtype === 'Practitioner' && mapped.event.startsWith('SIU^'))
      keys.add(`Schedule/${scheduleId(`Practitioner/${id}`)}`)
  }
  for (const thing of mapped.things) {
    if (thing.type !== 'Location' && thing.type !== 'Device') continue
    const [first] = listOf(thing, 'identifier')
    if (!first?.system || !first.value) continue
    const id = stableId(thing.type, first.system, first.value)
    keys.add(`${thing.type}/${id}`)
    if (mapped.event.startsWith('SIU^')) keys.add(`Schedule/${scheduleId(`${thing.type}/${id}`)}`)
  }
  return [...keys]
}

/** Ledger lines of a message: 'system|value' of FT1-2. */
export function lineHints(mapped: Mapped): string[] {
  return mapped.things
    .filter((each) => each.type === 'FinancialTransaction')
    .flatMap((thing) =>
      listOf(thing, '$lineId').flatMap(({ system, value }) => (value ? [`${system ?? ''}|${value}`] : [])),
    )
}
