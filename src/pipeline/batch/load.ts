// Fills the world of a batch from the store: everything the messages hint at first, and single needs as they show.

import { scheduleId, slotsOf, takenBy } from '../../canonical/appointment/booking.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import {
  busyHints,
  entityHints,
  lineHints,
  type RegistrationHint,
  registrationHints,
} from '../../canonical/hints.ts'
import { statementName } from '../../canonical/masters/actors.ts'
import type { Site } from '../../canonical/site.ts'
import { hashOfStored } from '../../canonical/truth/change.ts'
import type { Contribution } from '../../canonical/truth/contribution.ts'
import { chargesKey } from '../../canonical/truth/draft-lines.ts'
import {
  absentEntity,
  contributionKey,
  entityKey,
  type LedgerLine,
  lineKey,
  type Need,
  registrationKey,
  storedKey,
  type World,
} from '../../canonical/truth/world.ts'
import type { Mapped, Thing } from '../../mappings/mapped.ts'
import type { Queryable } from '../../store/db.ts'
import {
  type LedgerRow,
  type LoadedThings,
  loadCharges,
  loadLines,
  loadRegistrations,
  loadThings,
  lockThings,
} from '../../store/truth.ts'
import { loadPast } from '../later/settle.ts'
import { loadBusyDays, takenDays } from './busy-days.ts'
import { contributionOf } from './contribution-rows.ts'
import { loadAliases, takeMerges } from './load-aliases.ts'
import { loadDependentsOf, loadReferring } from './load-referrers.ts'
import { loadSearches } from './load-searches.ts'
import type { Said } from './said.ts'

export interface Hinted {
  readonly mapped: Mapped
  readonly source: string
  /** Business time of the message, milliseconds. */
  readonly t: number
}

/** Loads what a batch of messages hints at, under the locks that keep other writers out until the commit. */
export async function loadBatch(
  tx: Queryable,
  { tenant, site, said }: { readonly tenant: number; readonly site: Site; readonly said: Said },
  world: World,
  messages: readonly Hinted[],
  entities: readonly string[],
): Promise<void> {
  const hints = new Map<string, RegistrationHint>()
  for (const { mapped } of messages) {
    for (const hint of registrationHints(mapped, site))
      hints.set(registrationKey(hint.rtype, hint.system, hint.value), hint)
  }
  await lockThings(tx, tenant, [...hints.keys()].filter(isExclusive))
  await loadRegistry(tx, tenant, world, [...hints.values()])
  const find = (rtype: string, system: string, value: string) =>
    world.registrations.get(registrationKey(rtype, system, value))?.id
  const keys = new Set(entities)
  for (const { mapped, source, t } of messages) {
    const isSaid = (thing: Thing) => said.has(statementName(thing, mapped, source), t)
    for (const key of entityHints(mapped, source, site, find, t, isSaid)) keys.add(key)
  }
  await loadEntities(tx, tenant, world, [...keys])
  const booked = messages.flatMap(({ mapped, source }) => busyHints(mapped, source, find))
  await loadBusyDays(tx, tenant, world, booked, 'to be booked')
  await loadBusyDays(tx, tenant, world, takenDays(world), 'as they are')
  const lines = messages.flatMap(({ mapped, source }) => lineHints(mapped).map((line) => ({ source, line })))
  await loadLedger(tx, tenant, world, lines)
}

/**
 * Who is about to take a number waits for others who are. A master's numbers are named by everybody with every
 * message, and lead to the same id; the master itself is locked when there is something new to say of it.
 */
const isExclusive = (key: string): boolean =>
  !/^(Practitioner|Organization|Location|Device|Schedule)/.test(key)

/** Schedules only ever come to be: those that are known are never locked, or all bookings would wait for each other. */
const isChanging = (key: string): boolean => !key.startsWith('Schedule/')

async function loadRegistry(
  tx: Queryable,
  tenant: number,
  world: World,
  hints: readonly RegistrationHint[],
): Promise<void> {
  for (const { rtype, system, value } of hints)
    world.registrations.set(registrationKey(rtype, system, value), null)
  for (const row of await loadRegistrations(tx, tenant, hints)) {
    world.registrations.set(registrationKey(row.rtype, row.system, row.value), {
      id: row.id,
      ...(row.sinceM !== null && row.sinceI !== null ? { since: { m: row.sinceM, i: row.sinceI } } : {}),
    })
  }
}

async function loadEntities(
  tx: Queryable,
  tenant: number,
  world: World,
  keys: readonly string[],
): Promise<void> {
  const missing = keys.filter((key) => !world.entities.has(key))
  if (missing.length === 0) return
  await lockThings(tx, tenant, missing.filter(isChanging))
  const wanted = missing.map((key) => {
    const slash = key.indexOf('/')
    return { rtype: key.slice(0, slash), id: key.slice(slash + 1) }
  })
  const loaded = await loadLocked(tx, tenant, wanted)
  const contributions = new Map<string, Map<string, Contribution>>()
  for (const row of loaded.contributions) {
    const key = entityKey(row.rtype, row.id)
    const list = contributions.get(key) ?? new Map<string, Contribution>()
    const own = contributionKey(row.source, row.key)
    list.set(own, contributionOf(row))
    world.stored.set(storedKey(key, own), row.text)
    contributions.set(key, list)
  }
  for (const { rtype, id } of wanted) {
    const key = entityKey(rtype, id)
    world.entities.set(key, {
      ...absentEntity(rtype, id),
      contributions: contributions.get(key) ?? new Map(),
    })
    if (!world.merges.has(key)) world.merges.set(key, null)
    if (!world.members.has(key)) world.members.set(key, new Set())
  }
  for (const row of loaded.entities) {
    const key = entityKey(row.rtype, row.id)
    const entity = world.entities.get(key)
    if (!entity) continue
    const { version, deleted } = row
    world.entities.set(key, {
      ...entity,
      version,
      deleted,
      hash: row.hash ?? hashOfStored(row.body as FhirJson),
      updatedAt: row.updatedAt,
      body: deleted ? undefined : (row.body as FhirJson),
    })
  }
  takeMerges(world, loaded.merges)
  // All that is shown as one thing is folded together.
  const family = loaded.merges.flatMap(({ rtype, sourceId, targetId }) => [
    entityKey(rtype, targetId),
    entityKey(rtype, sourceId),
  ])
  await loadEntities(tx, tenant, world, [...family, ...followers(contributions)])
}

/** Schedules that nobody has yet are locked and looked at again: whoever waited finds what the other has made. */
async function loadLocked(
  tx: Queryable,
  tenant: number,
  wanted: readonly { readonly rtype: string; readonly id: string }[],
): Promise<LoadedThings> {
  const loaded = await loadThings(tx, tenant, wanted)
  const found = new Set(loaded.entities.map((each) => entityKey(each.rtype, each.id)))
  const fresh = wanted.filter((each) => {
    const key = entityKey(each.rtype, each.id)
    return !isChanging(key) && !found.has(key)
  })
  if (fresh.length === 0) return loaded
  await lockThings(
    tx,
    tenant,
    fresh.map((each) => entityKey(each.rtype, each.id)),
  )
  const again = await loadThings(tx, tenant, fresh)
  const isFresh = new Set(fresh.map((each) => entityKey(each.rtype, each.id)))
  const kept = loaded.contributions.filter((each) => !isFresh.has(entityKey(each.rtype, each.id)))
  return {
    entities: [...loaded.entities, ...again.entities],
    contributions: [...kept, ...again.contributions],
    merges: loaded.merges,
  }
}

/** What a change of these things reaches: slots and schedules of an appointment, policies that a snapshot may close. */
function* followers(contributions: ReadonlyMap<string, ReadonlyMap<string, Contribution>>): Iterable<string> {
  for (const [at, list] of contributions) {
    if (at.startsWith('Appointment/'))
      for (const slot of slotsOf(at.slice('Appointment/'.length), takenBy(list.values())))
        yield entityKey('Slot', slot)
    for (const { key, data, parts } of list.values()) {
      if (key.startsWith('coverages:')) {
        for (const id of (data as { ids?: readonly string[] } | undefined)?.ids ?? [])
          yield entityKey('Coverage', id)
      }
      for (const part of parts ?? []) {
        for (const [cell, value] of Object.entries(part.cells)) {
          const actor = cell.startsWith('actor<')
            ? (value as { reference?: string } | null)?.reference
            : undefined
          if (actor !== undefined) yield entityKey('Schedule', scheduleId(actor))
        }
      }
    }
  }
}

async function loadLedger(
  tx: Queryable,
  tenant: number,
  world: World,
  keys: readonly { readonly source: string; readonly line: string }[],
): Promise<void> {
  for (const { source, line } of keys) world.lines.set(lineKey(source, line), null)
  for (const row of await loadLines(tx, tenant, keys))
    world.lines.set(lineKey(row.source, row.line), toLine(row))
}

const toLine = (row: LedgerRow): LedgerLine => ({
  ...row,
  accountId: row.accountId ?? undefined,
  original: row.original ?? undefined,
})

/** Loads what no hint has named: one statement for each kind of need. */
export async function loadNeeds(
  tx: Queryable,
  tenant: number,
  world: World,
  needs: readonly Need[],
): Promise<void> {
  const of = <K extends Need['kind']>(kind: K) =>
    needs.filter((each): each is Extract<Need, { kind: K }> => each.kind === kind)
  const registrations = of('registration').filter(
    (each) => !world.registrations.has(registrationKey(each.rtype, each.system, each.value)),
  )
  // A client's write names its identifiers only now: whoever else is about to take one of them waits.
  const names = registrations.map((each) => registrationKey(each.rtype, each.system, each.value))
  await lockThings(tx, tenant, names.filter(isExclusive))
  if (registrations.length > 0) await loadRegistry(tx, tenant, world, registrations)
  await loadEntities(tx, tenant, world, [
    ...new Set(of('entity').map((each) => entityKey(each.rtype, each.id))),
  ])
  await loadAliases(tx, tenant, world, of('merge'))
  const lines = of('ledger').filter((each) => !world.lines.has(lineKey(each.source, each.line)))
  if (lines.length > 0) await loadLedger(tx, tenant, world, lines)
  await loadOpenCharges(tx, tenant, world, of('charges'))
  await loadBusyDays(tx, tenant, world, of('busy'), 'to be booked')
  for (const { id } of of('past')) await loadPast(tx, tenant, world, id)
  const load = (keys: readonly string[]) => loadEntities(tx, tenant, world, keys)
  for (const { target } of of('referrers')) await loadReferring(tx, tenant, world, target, load)
  for (const { target } of of('dependents')) await loadDependentsOf(tx, tenant, world, target, load)
  await loadSearches(tx, tenant, world, of('search'))
}

type Charges = Extract<Need, { kind: 'charges' }>

async function loadOpenCharges(
  tx: Queryable,
  tenant: number,
  world: World,
  needs: readonly Charges[],
): Promise<void> {
  const missing = needs.filter((each) => !world.charges.has(chargesKey(each.accountId, each.code)))
  if (missing.length === 0) return
  const rows = (await loadCharges(tx, tenant, missing)).map(toLine)
  const posted = [...world.lines.values()].filter((each) => each !== null)
  for (const { accountId, code } of missing) {
    // What this batch has posted goes before what the table says.
    const lines = new Map(
      [...rows, ...posted]
        .filter((each) => each.accountId === accountId && each.code === code)
        .map((each) => [lineKey(each.source, each.line), each]),
    )
    world.charges.set(chargesKey(accountId, code), [...lines.values()])
  }
}
