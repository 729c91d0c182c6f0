// A43 to A45: a number goes to another person, an account to another person, a visit to another account, with all that
// hangs on them (HL7 v2 ch. 3; semantics, section 3). Whatever is still to come of them goes there, too.
import Big from 'big.js'
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, assertionsOf, cellsAt, derived, referred, thingsOf } from '../applying.ts'
import type { FhirJson } from '../fhir-json.ts'
import type { LedgerTotals } from '../money/account.ts'
import { applyPerson } from '../person/person.ts'
import type { Draft } from '../truth/draft.ts'
import { recordsOf, rootOf } from '../truth/family.ts'
import type { Identifier } from './identifier.ts'
import { join } from './merge.ts'
import { move, movedOf } from './moved.ts'
import { identifiersAt, normal, pair, refuse } from './pairs.ts'
import { recordOf, settle, tell, tellSole } from './records.ts'

export const isMove = (event: string): boolean => /^ADT\^A4[345]$/.test(event)

/** Field of MRG that names what is moved; else MRG-1. */
const movedField: Readonly<Record<string, number>> = { 'ADT^A44': 3, 'ADT^A45': 5 }

export function applyMoves(applying: Applying): void {
  const counts = new Map<Thing, number>()
  const merges = thingsOf(applying, 'Merge')
  if (merges.length === 0) {
    const at = `MRG^1^${movedField[applying.event] ?? 1}`
    throw refuse('101', [at], `MRG is missing, and with it the wrong identifier (${at}) - send it`)
  }
  for (const merge of merges) {
    const target = referred(applying, merge, 'target') ?? thingsOf(applying, 'Patient')[0]
    if (!target) throw refuse('101', ['PID^1^3'], 'the right patient is missing (PID^1^3) - send it')
    const place = counts.get(target) ?? 0
    counts.set(target, place + 1)
    if (applying.event === 'ADT^A43') {
      moveNumber(applying, merge, target)
      continue
    }
    introduce(applying, target)
    if (applying.event === 'ADT^A44') moveAccount(applying, merge, target)
    else moveVisit(applying, merge, target, place)
  }
}

/**
 * Whom nobody has told of yet is created, as by any event: what moves goes to a record that is there. What the message says
 * counts only for what nobody else speaks of, so that it makes no difference who tells first.
 */
function introduce(applying: Applying, target: Thing): void {
  const { draft } = applying
  const isNamed = cellsAt(target, 'name').some(({ value }) => value !== null)
  const [to] = personOf(applying, target, 'identifier')
  if (isNamed || (to !== undefined && !draft.exists('Patient', draft.survivorId('Patient', to))))
    applyPerson(applying, target, true)
}

/** A PID without the numbers that are still another's. */
function without(applying: Applying, target: Thing, moved: readonly Key[]): Thing {
  const isMoved = (each: Identifier) =>
    moved.some(({ system, value }) => each.system === system && normal(applying, each) === value)
  const cells = target.cells.map((each) =>
    each.path === 'identifier' && Array.isArray(each.value)
      ? { ...each, value: (each.value as readonly Json[]).filter((one) => !isMoved(one as Identifier)) }
      : each,
  )
  return { ...target, cells }
}

interface Key {
  readonly system: string
  readonly value: string
  readonly record: string
}

const keyOf = (applying: Applying, rtype: string, each: Identifier): Key => {
  const value = normal(applying, each)
  const system = each.system ?? ''
  return { system, value, record: recordOf(applying.draft, rtype, system, value) }
}

/** The number that MRG-1 and PID-3 have in common goes to whom the other numbers of PID-3 mean. */
function moveNumber(applying: Applying, merge: Thing, target: Thing): void {
  const { draft, times } = applying
  const named = (list: readonly Identifier[]) =>
    list.filter((each) => each.system).map((each) => keyOf(applying, 'Patient', each))
  const wrong = named(identifiersAt(merge, ['$priorIdentifier', '$priorPatientId']))
  const right = named(identifiersAt(target, ['identifier']))
  const isIn = (list: typeof wrong, record: string) => list.some((each) => each.record === record)
  const superior = right.find((each) => !isIn(wrong, each.record))
  const moved = right.filter((each) => isIn(wrong, each.record))
  if (!superior || moved.length === 0) {
    const text =
      'PID-3 names the moved number and one of the right patient, MRG-1 the moved number (MRG^1^1) - send all'
    throw refuse('101', [`MRG^${merge.segment.occurrence}^1`], text)
  }
  introduce(applying, without(applying, target, moved))
  for (const each of moved) {
    tellSole(draft, 'Patient', each)
    tellSole(draft, 'Patient', superior)
    const said = {
      m: times.message,
      i: draft.messageId,
      t: times.event,
      from: each.record,
      to: superior.record,
    }
    tell(draft, 'Patient', { kind: 'move', ...said, source: {}, target: {} })
    settle(draft, 'Patient', [each.record, superior.record])
  }
}

const personOf = (applying: Applying, thing: Thing, path: string): string[] =>
  identifiersAt(thing, [path])
    .filter((each) => each.system)
    .map((each) => keyOf(applying, 'Patient', each).record)

/** All records of a person: whatever was said under any of them. */
const referencesOf = (draft: Draft, records: readonly string[]): string[] => [
  ...new Set(
    records.flatMap((each) =>
      recordsOf(draft, 'Patient', rootOf(draft, 'Patient', each)).map((one) => `Patient/${one}`),
    ),
  ),
]

function known(applying: Applying, rtype: 'Account' | 'Encounter', each: Identifier, where: string): string {
  const { system, value, record } = keyOf(applying, rtype, each)
  if (applying.draft.exists(rtype, applying.draft.survivorId(rtype, record))) return record
  const what = rtype === 'Account' ? 'account' : 'visit'
  const text = `${what} ${value} is not known (${where}) - the message is kept and applied when it appears`
  throw refuse('204', [where], text, 'PARKED', { waitsFor: [{ system, value }] })
}

/** MRG-3 of MRG-1 goes to PID-3. */
function moveAccount(applying: Applying, merge: Thing, target: Thing): void {
  const { draft, times } = applying
  const where = `MRG^${merge.segment.occurrence}^3`
  const own = thingsOf(applying, 'Account').find((each) => referred(applying, each, 'subject') === target)
  const [number] = [...identifiersAt(merge, ['$priorAccount']), ...identifiersAt(own, ['identifier'])]
  if (!number) throw refuse('101', [where], `the account is missing (${where}) - send it`)
  const [to] = personOf(applying, target, 'identifier')
  if (to === undefined) throw refuse('101', ['PID^1^3'], 'the right patient is missing (PID^1^3) - send it')
  const account = known(applying, 'Account', number, where)
  const body = draft.entity('Account', draft.survivorId('Account', account)).body
  const [holder] = (body?.subject ?? []) as readonly { readonly reference?: string }[]
  const right = `Patient/${rootOf(draft, 'Patient', to)}`
  const isThere = holder?.reference === draft.survivor(right)
  const stated = personOf(applying, merge, '$priorIdentifier')
  const held = holder?.reference && !isThere ? [holder.reference.slice('Patient/'.length)] : []
  const from = referencesOf(draft, [...held, ...stated]).filter(
    (each) => draft.survivor(each) !== draft.survivor(right),
  )
  if (from.length === 0) return
  for (const record of recordsOf(draft, 'Account', account))
    moveWithAll(draft, 'Account', record, from, right, times.message, isThere)
  // What is still to come of it may be older than the move.
  if (isThere) return
  draft.tasks.push({
    code: 'coverage-review',
    key: account,
    description: `an account was moved to another patient by message ${applying.controlId} of ${applying.source.id} - say who pays for it`,
    focus: `Account/${account}`,
    patient: draft.survivor(right),
  })
}

/** What hangs on an account or a visit goes with it. */
function moveWithAll(
  draft: Draft,
  rtype: string,
  id: string,
  from: readonly string[],
  to: string,
  m: number,
  idle = false,
): void {
  move(draft, rtype, id, from, to, m, idle)
  const things = draft.referrers(`${rtype}/${draft.survivorId(rtype, id)}`)
  for (const key of things) {
    const [type = '', each = ''] = key.split('/')
    if (!followers.has(type)) continue
    move(draft, type, each, from, to, m, idle)
    if (type !== 'Encounter') continue
    const { body } = draft.entity('Encounter', each)
    for (const { reference = '' } of (body?.appointment ?? []) as readonly { readonly reference?: string }[])
      if (reference.startsWith('Appointment/'))
        move(draft, 'Appointment', reference.slice(12), from, to, m, idle)
  }
}

const followers = new Set(['Encounter', 'ChargeItem', 'PaymentNotice'])

/** MRG-5 (MRG-6) goes to the account of PID-18, with its charges; a PV1-19 of its own renumbers it. */
function moveVisit(applying: Applying, merge: Thing, target: Thing, place: number): void {
  const { draft, times } = applying
  const where = `MRG^${merge.segment.occurrence}^5`
  const [number] = identifiersAt(merge, ['$priorVisit', '$priorAlternateVisit'])
  if (!number) throw refuse('101', [where], `the visit is missing (${where}) - send it`)
  const visit = known(applying, 'Encounter', number, where)
  const visits = thingsOf(applying, 'Encounter').filter(
    (each) => referred(applying, each, 'subject') === target,
  )
  const current = identifiersAt(visits[place], ['identifier'])
  for (const each of pair(applying, [number], current, where))
    if (each.from !== each.to) join(applying, 'Encounter', 'change', each)
  const own = thingsOf(applying, 'Account').find((each) => referred(applying, each, 'subject') === target)
  const [account] = identifiersAt(own, ['identifier']).map((each) => keyOf(applying, 'Account', each))
  const [to] = personOf(applying, target, 'identifier')
  const body = draft.entity('Encounter', draft.survivorId('Encounter', visit)).body
  const held = (body?.subject as { readonly reference?: string } | undefined)?.reference
  const right = to === undefined ? held : `Patient/${rootOf(draft, 'Patient', to)}`
  if (held !== undefined && right !== undefined && draft.survivor(right) !== held)
    moveWithAll(
      draft,
      'Encounter',
      visit,
      referencesOf(draft, [held.slice('Patient/'.length)]),
      right,
      times.message,
    )
  if (!account || !own) return
  nameAccount(applying, own, right)
  const [before] = (body?.account ?? []) as readonly { readonly reference?: string }[]
  const wrong = before?.reference?.slice('Account/'.length)
  if (wrong === undefined || wrong === draft.survivorId('Account', account.record)) return
  const from = recordsOf(draft, 'Account', wrong).map((each) => `Account/${each}`)
  move(draft, 'Encounter', visit, from, `Account/${account.record}`, times.message)
  for (const key of draft.referrers(`Encounter/${draft.survivorId('Encounter', visit)}`)) {
    if (!key.startsWith('ChargeItem/')) continue
    const id = key.slice('ChargeItem/'.length)
    const charge = draft.entity('ChargeItem', id).body
    move(draft, 'ChargeItem', id, from, `Account/${account.record}`, times.message)
    transfer(draft, charge, wrong, account.record)
  }
}

/** The account that a visit goes to need not have been told of before. */
function nameAccount(applying: Applying, own: Thing, subject: string | undefined): void {
  const { draft, source, times } = applying
  const [number] = identifiersAt(own, ['identifier'])
  if (!number) return
  const { record } = keyOf(applying, 'Account', number)
  if (draft.exists('Account', draft.survivorId('Account', record))) return
  const cells = assertionsOf(applying, own, times.event)
  if (subject !== undefined) cells['subject<PID-3'] = derived(applying, [{ reference: subject }], times.event)
  draft.assert('Account', record, source.id, cells)
}

/** A charge that goes to another account takes its amount with it. */
function transfer(draft: Draft, charge: FhirJson | undefined, from: string, to: string): void {
  const { value, currency } = (charge?.priceOverride ?? {}) as {
    readonly value?: unknown
    readonly currency?: string
  }
  if (value === undefined || currency === undefined) return
  const amount = JSON.isRawJSON(value) ? value.rawJSON : String(value)
  for (const [account, sum] of [
    [from, new Big(amount).times(-1)],
    [to, new Big(amount)],
  ] as const) {
    const before = (draft.contribution('Account', account, 'gateway', 'ledger')?.data ?? {}) as LedgerTotals
    const total = sum.plus(before[currency] ?? '0')
    const data = { ...before, [currency]: total.toFixed(Math.max(2, total.c.length - total.e - 1)) }
    draft.contribute('Account', account, {
      source: 'gateway',
      key: 'ledger',
      i: draft.messageId,
      cells: {},
      data,
    })
  }
}

/** What comes later of a moved account or visit, and was said before the move, goes where that went. */
export function followMove(
  applying: Applying,
  owner: readonly [string, string],
  rtype: string,
  id: string,
): void {
  const { draft, times } = applying
  const moved = movedOf(draft, ...owner)
  if (!moved || moved.m < times.message) return
  for (const [from, to] of Object.entries(moved.to)) move(draft, rtype, id, [from], to, moved.m)
}
