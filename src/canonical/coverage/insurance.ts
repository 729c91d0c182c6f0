// IN1/IN2/IN3: whose policy it is, in which order it pays, and when it ends (semantics, sections 7 and 11).
import type { Json, Thing } from '../../mappings/mapped.ts'
import {
  type Applying,
  assertionsOf,
  cellAt,
  cellsAt,
  derived,
  referred,
  thingsOf,
  warn,
} from '../applying.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { type Identifier, identifierType, stableId } from '../identity/identifier.ts'
import { writeInstant, zoneClock } from '../instant.ts'
import { referenceTo } from '../masters/actors.ts'
import { singleKey } from '../money/account-lists.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { saysNone } from '../truth/empty-list.ts'
import { rootOf } from '../truth/family.ts'
import { type Classed, coverageId, endedCell, planAmong } from './coverage.ts'
import { noteCoverages } from './coverage-lists.ts'
import { settlePolicies } from './merged-policies.ts'

const personEvents = new Set(['ADT^A28', 'ADT^A31'])
const relationshipSystem = 'http://terminology.hl7.org/CodeSystem/subscriber-relationship'

interface Policy {
  readonly id: string
  readonly order: number
  readonly thing: Thing
}

/** One IN1 is one Coverage. The group is a snapshot of the account, or of the person in A28 and A31. */
export function applyCoverages(applying: Applying): void {
  const policies: Policy[] = []
  const all = thingsOf(applying, 'Coverage')
  const things = all.filter((each) => !isForCharge(each))
  if (things.some(hasAction)) {
    for (const thing of things) applyAction(applying, thing)
    return
  }
  for (const thing of things) {
    const policy = applyCoverage(applying, thing)
    if (policy) policies.push(policy)
  }
  for (const thing of all) if (isForCharge(thing)) applyCoverage(applying, thing)
  const [first] = things
  const isNone = saysNone(applying, 'Coverage')
  // Segments that name no policy say nothing; the list is emptied by a deletion only.
  if (!isNone && (!first || (policies.length === 0 && !things.some(isDeletion)))) return
  const patient = first ? referenceTo(applying, first, 'beneficiary') : named(applying, 'Patient')
  const account = accountOf(applying, first)
  const isPersonal = personEvents.has(applying.event)
  if (account && !isPersonal) orderOnAccount(applying, account, policies)
  if (!patient) return
  const holder = holderOf(applying.draft, patient)
  noteCoverages(applying, holder, policies, isPersonal)
  const id = holder.slice('Patient/'.length)
  const { draft } = applying
  if (draft.members('Patient', draft.survivorId('Patient', id)).size > 0) settlePolicies(draft, id)
}

/** IN1-55: what to do with this policy; S asks for the usual snapshot. */
const actionOf = (thing: Thing): unknown => cellAt(thing, '$actionCode')?.value
const hasAction = (thing: Thing): boolean => !['S', null, undefined].includes(actionOf(thing) as string)

/** Action mode: each policy by itself, whatever else the account or the person has. */
function applyAction(applying: Applying, thing: Thing): void {
  const { draft, source, times } = applying
  const action = actionOf(thing) ?? 'U'
  const id = action === 'X' ? undefined : policyId(applying, thing)
  if (id === undefined) return
  const patient = referenceTo(applying, thing, 'beneficiary') ?? ''
  const account = accountOf(applying, thing)
  let entry: Json = null
  if (action === 'D') {
    if (draft.contributions('Coverage', id).size === 0) {
      const where = `IN1^${thing.segment.occurrence}^55`
      const text = `IN1-55 ends a policy that nobody has told of (${where}) - correct its payer, plan or number`
      warn(applying, 'NOTHING-TO-CANCEL', [where], text)
    }
    const day = writeInstant(times.event, zoneClock(source.timezone)).slice(0, 10)
    draft.assert('Coverage', id, source.id, { [endedCell]: derived(applying, day, times.event) })
  } else {
    const policy = applyCoverage(applying, thing)
    entry = [{ coverage: { reference: `Coverage/${id}` }, priority: policy?.order ?? 1 }]
    noteCoverages(applying, holderOf(draft, patient), [{ id, thing }], false)
  }
  if (account && !personEvents.has(applying.event))
    draft.assert('Account', account.slice('Account/'.length), source.id, {
      [singleKey(id)]: derived(applying, entry, times.event),
    })
}

/** In the group of a charge (DFT^P11): it pays for that charge, and says nothing of what the account has. */
export const isForCharge = (thing: Thing): boolean => thing.refs.transaction !== undefined

/** Whose policy it is, whatever number the message names this person by. */
const holderOf = (draft: Draft, patient: string): string =>
  `Patient/${rootOf(draft, 'Patient', patient.slice('Patient/'.length))}`

/** IN1|"" and IN1|1|"": the group is emptied. */
export const isDeletion = (thing: Thing): boolean =>
  thing.cells.some((each) => each.value === null) &&
  thing.cells.every((each) => each.value === null || each.path === '$order')

/** The first thing of a type that the message has named so far. */
export const named = (applying: Applying, rtype: string): string | undefined =>
  [...applying.references.values()].find((each) => each.startsWith(`${rtype}/`))

export const accountOf = (applying: Applying, thing: Thing | undefined): string | undefined =>
  (thing && referenceTo(applying, thing, 'account')) ?? named(applying, 'Account')

const textAt = (thing: Thing, path: string): string => {
  const value = cellAt(thing, path)?.value
  return typeof value === 'string' ? value : ''
}

/** Plan of a policy: the class of type 'plan'. */
export function planOf(thing: Thing): string {
  const classes = cellsAt(thing, 'class').flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Classed[]) : [],
  )
  return planAmong(classes) ?? ''
}

/** Member or policy number. */
export function memberOf(thing: Thing): string {
  const identifiers = cellsAt(thing, 'identifier').flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Identifier[]) : [],
  )
  return textAt(thing, 'subscriberId') || (identifiers[0]?.value ?? '')
}

/** undefined = the segment names no policy: neither a payer, nor a plan, nor a number. */
function policyId(applying: Applying, thing: Thing): string | undefined {
  const beneficiary = referenceTo(applying, thing, 'beneficiary')
  const payor = referenceTo(applying, thing, 'payor')
  const [plan, member] = [planOf(thing), memberOf(thing)]
  if (!beneficiary || isDeletion(thing) || !(payor ?? (plan || member))) return undefined
  return coverageId(holderOf(applying.draft, beneficiary), payor ?? '', plan, member)
}

function applyCoverage(applying: Applying, thing: Thing): Policy | undefined {
  const { draft, source, times } = applying
  const beneficiary = referenceTo(applying, thing, 'beneficiary')
  const payor = referenceTo(applying, thing, 'payor')
  const id = policyId(applying, thing)
  if (!beneficiary || id === undefined) return undefined
  applying.references.set(`#${thing.as}`, `Coverage/${id}`)
  const say = (v: Json) => derived(applying, v, times.event)
  const cells: Record<CellKey, Assertion> = { ...assertionsOf(applying, thing, times.event) }
  const relationship = relationshipOf(applying, thing, beneficiary)
  for (const key of Object.keys(cells)) if (key.startsWith('relationship<')) delete cells[key]
  if (saysTwice(thing)) delete cells['identifier<IN1-36']
  cells['relationship<IN1-17'] = say(relationship.concept)
  cells['beneficiary<PID-3'] = say({ reference: beneficiary })
  cells['payor<IN1-3'] = say([payor === undefined ? { extension: notTold } : { reference: payor }])
  const subscriber = relationship.code === 'self' ? beneficiary : subscriberOf(applying, thing, beneficiary)
  if (subscriber) cells['subscriber<IN1-16'] = say({ reference: subscriber })
  cells['$standing<IN1'] = say('active')
  const order = Number(cellAt(thing, '$order')?.value ?? thing.segment.occurrence)
  if (Number.isInteger(order) && order > 0) cells['order<IN1-22'] = say(order)
  draft.assert('Coverage', id, source.id, cells)
  return { id, order, thing }
}

/** IN1-36 is a number of its own (type SN) where it is not the subscriber's (IN1-49). */
function saysTwice(thing: Thing): boolean {
  const said = thing.cells.find((each) => each.path === 'identifier' && each.field === 'IN1-36')?.value
  const [first] = (Array.isArray(said) ? said : []) as readonly Identifier[]
  return (
    first !== undefined && identifierType(first) === 'SN' && first.value === textAt(thing, 'subscriberId')
  )
}

interface Related {
  readonly code: string
  readonly concept: Json
}

/** Coverage must say a payor and a relationship: with this they say that nobody has told which. */
const notTold: readonly Json[] = [
  { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
]

/** FHIR states the beneficiary's relationship to the subscriber; IN1-17 states the inverse, IN2-72 the same. */
function relationshipOf(applying: Applying, thing: Thing, beneficiary: string): Related {
  const concepts = cellsAt(thing, 'relationship').flatMap((each) => {
    const concept = each.value as { coding?: readonly { system?: string; code?: string }[] } | null
    return concept ? [{ field: each.field, codings: concept.coding ?? [] }] : []
  })
  const chosen = concepts.find((each) => each.field.startsWith('IN2')) ?? concepts[0]
  const mapped = chosen?.codings.find((each) => each.system === relationshipSystem)?.code
  const raw = cellAt(thing, '$relationshipToPatient')?.value
  let code = mapped ?? 'other'
  if (applying.source.in1_17Direction === 'patient-to-insured' && chosen?.field.startsWith('IN1'))
    code = inverse[code] ?? code
  else if (code === 'parent' && insuredIsOlder(applying, thing, beneficiary)) {
    code = 'child'
    const text =
      'IN1-17 calls the insured a child who is at least 14 years older than the patient - taken as the parent'
    warn(applying, 'RELATIONSHIP-DIRECTION', [`IN1^${thing.segment.occurrence}^17`], text)
  }
  const original = chosen?.codings.filter((each) => each.system !== relationshipSystem && each.code) ?? []
  const kept =
    original.length === 0 && typeof raw === 'string'
      ? [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0063', code: raw }]
      : original
  const isTold = kept.length > 0 && !kept.some((each) => each.code === 'UNK')
  const coding = [...kept, { system: relationshipSystem, code }]
  return { code, concept: isTold ? { coding } : { extension: notTold, coding } }
}

const inverse: Readonly<Record<string, string>> = { child: 'parent', parent: 'child' }
const guardYears = 14

function insuredIsOlder(applying: Applying, thing: Thing, beneficiary: string): boolean {
  const insured = cellsAt(thing, '$insured').flatMap((each) => {
    const { birthDate } = (each.value ?? {}) as { readonly birthDate?: string }
    return birthDate === undefined ? [] : [birthDate]
  })
  const subscriber = referred(applying, thing, 'subscriber')
  const born = insured[0] ?? (subscriber ? textAt(subscriber, 'birthDate') : '')
  const patient = referred(applying, thing, 'beneficiary')
  const { draft } = applying
  const known = draft.entity('Patient', draft.survivorId('Patient', beneficiary.slice('Patient/'.length)))
    .body?.birthDate
  const childBorn = (patient && textAt(patient, 'birthDate')) || known
  if (!born || typeof childBorn !== 'string') return false
  // As texts: dates that are not known to the day compare by what is known.
  return `${Number(born.slice(0, 4)) + guardYears}${born.slice(4)}` <= childBorn
}

/** The insured as a RelatedPerson of the patient: the same insured id, else the same name and birth date. */
function subscriberOf(applying: Applying, thing: Thing, beneficiary: string): string | undefined {
  const person = referred(applying, thing, 'subscriber')
  if (!person) return undefined
  return relatedPerson(applying, person, beneficiary)
}

/** A relative of the patient as a RelatedPerson: the same number, else the same name and birth date. */
export function relatedPerson(applying: Applying, person: Thing, patient: string): string | undefined {
  const { draft, source, times } = applying
  const identifiers = cellsAt(person, 'identifier').flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly Identifier[]) : [],
  )
  const [first] = identifiers.filter((each) => each.value)
  const names = cellsAt(person, 'name').flatMap((each) =>
    Array.isArray(each.value) ? (each.value as readonly FhirJson[]) : [],
  )
  const [name] = names
  if (!first && !name) return undefined
  const key = first
    ? `${first.system ?? ''}|${first.value ?? ''}`
    : canonicalText([name?.family, name?.given, textAt(person, 'birthDate')])
  const id = stableId('RelatedPerson', holderOf(draft, patient), key)
  applying.references.set(`#${person.as}`, `RelatedPerson/${id}`)
  const cells = assertionsOf(applying, person, times.event)
  cells['patient<PID-3'] = derived(applying, { reference: patient }, times.event)
  draft.assert('RelatedPerson', id, source.id, cells)
  return `RelatedPerson/${id}`
}

/** The coverages of an account, as this source orders them. */
function orderOnAccount(applying: Applying, account: string, policies: readonly Policy[]): void {
  const { draft, source, times } = applying
  const list = policies
    .toSorted((a, b) => a.order - b.order)
    .map(({ id, order }) => ({ coverage: { reference: `Coverage/${id}` }, priority: order }))
  draft.assert('Account', account.slice('Account/'.length), source.id, {
    'coverage<IN1': derived(applying, list.length > 0 ? list : null, times.event),
  })
}
