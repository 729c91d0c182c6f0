// From contributions to the resource that FHIR shows, and to what other things need to know of it.

import type { Json } from '../../mappings/mapped.ts'
import { foldBooking } from '../appointment/booking.ts'
import type { Taken, TakenBy } from '../appointment/busy.ts'
import { withCurrency } from '../clinical/allergy-list.ts'
import { foldCoverage } from '../coverage/coverage.ts'
import { canonicalText, type FhirJson, redirectReferences } from '../fhir-json.ts'
import type { TaskRequest } from '../finding.ts'
import { movedIn, withoutPolicies } from '../identity/moved.ts'
import { zoneClock } from '../instant.ts'
import { foldMaster, masterTypes } from '../masters/master.ts'
import { foldAccount, policiesIn } from '../money/account.ts'
import { contestOf } from '../money/account-lists.ts'
import { foldCharge } from '../money/charge.ts'
import { foldPatient } from '../person/patient.ts'
import { type Numbers, numbersKey } from '../person/patient-family.ts'
import type { SourceOf } from '../visit/encounter-events.ts'
import { foldMeeting, meetingType } from '../visit/meeting.ts'
import { foldVisit } from '../visit/visit-links.ts'
import { isClientMeta, listOf, toldOf, withClientMeta, withLabels } from './client-meta.ts'
import type { Contribution, Payload } from './contribution.ts'
import type { AliasData, Family } from './family.ts'
import { asFamily, saidOfFamily } from './family-fold.ts'
import { withLabelOf } from './label.ts'
import { type Statement, statementsByPath, writeLatest } from './latest.ts'

export interface FoldContext {
  /** Weight of a source's word, 0 to 100. */
  trust(source: string): number
  /** What a source means by its events. */
  readonly source: SourceOf
  /** IANA zone in which computed times are written. */
  readonly zone: string
  /** 'Patient/old' -> 'Patient/survivor'; anything else as it is. */
  survivor(reference: string): string
  /** True when the thing is shown: somebody has told of it, and it was not deleted. */
  exists(rtype: string, id: string): boolean
  /** Id of the thing that an identifier means. */
  named?(rtype: string, system: string, value: string): string | undefined
  /** True for 'Patient/x' that is protected: so is what is about it. */
  isProtected?(patient: string): boolean
  /** Busy intervals of other appointments that overlap with this one's. */
  rivals?(appointment: string, own: Taken): readonly TakenBy[]
  /** As what a record is shown, when it is not itself; nothing for types that are never merged. */
  alias?(rtype: string, id: string): AliasData | undefined
  /** The other records of the thing, and what was merged into it. */
  family?(rtype: string, id: string): Family | undefined
  /** Gaps of a survivor are filled from what was merged into it. */
  readonly mergeFill?: boolean
}

/** What one thing tells another: kept there as a contribution of the gateway. undefined data takes it back. */
export interface Projection {
  readonly rtype: string
  readonly id: string
  readonly key: string
  readonly data: Payload | undefined
}

export interface Folded {
  readonly body: FhirJson | undefined
  readonly projections: readonly Projection[]
  /** 'Encounter/x': what shows a reference to this thing as soon as it exists. */
  readonly awaited?: readonly string[]
  /** Work for people that it calls for as it stands; undefined for what never does. */
  readonly work?: readonly TaskRequest[]
  /** What it has taken of calendars and takes now, when that changes. */
  readonly taking?: { readonly before: readonly Taken[]; readonly now: readonly Taken[] }
}

/** What messages take for granted of what they name. */
const defaults: Readonly<Record<string, FhirJson>> = {
  Practitioner: { active: true },
  PractitionerRole: { active: true },
  Organization: { active: true },
  RelatedPerson: { active: true },
  Location: { status: 'active', mode: 'instance' },
}

const isLive = (each: Contribution): boolean =>
  each.data !== undefined || Object.keys(each.cells).length > 0 || each.event !== undefined

/** Pure: the same contributions in any order give the same resource. */
export function foldEntity(
  rtype: string,
  id: string,
  contributions: readonly Contribution[],
  anywhere: FoldContext,
): Folded {
  const context = withMoves(contributions, anywhere)
  const alias = context.alias?.(rtype, id)
  const family = context.family?.(rtype, id)
  // What is shown as another thing tells nothing to others itself.
  if (alias?.kind === 'same')
    return withdrawn(foldByType(rtype, id, contributions.filter(isLive), context, false, true))
  const said = rtype === 'Account' ? withoutPolicies(contributions) : contributions
  const live = saidOfFamily(rtype, id, said, context, family, alias).filter(isLive)
  const deleted = isDeleted(live)
  const folded = foldByType(
    rtype,
    id,
    live.filter((each) => each.key !== '$deleted' && !isClientMeta(each)),
    context,
    deleted,
    alias !== undefined,
  )
  if (!folded.body) return folded
  const labelled = withClientMeta(folded.body, toldOf(contributions, family))
  const plain = patientless.has(rtype)
    ? labelled
    : withLabelOf(redirected(labelled, context), (each) => context.isProtected?.(each) === true)
  const numbers = contributions.find(({ key, data }) => key === numbersKey && data)?.data as
    | Numbers
    | undefined
  const shows = alias || family || numbers
  const body = shows ? asFamily(rtype, plain, { alias, family, numbers }, context) : plain
  if (deleted) return { ...folded, body: undefined }
  return alias ? { ...withdrawn(folded), body } : { ...folded, body }
}

/** Of what was moved, references to the wrong one are read as those to the right one. */
function withMoves(contributions: readonly Contribution[], context: FoldContext): FoldContext {
  const moved = movedIn(contributions)
  if (!moved) return context
  return { ...context, survivor: (reference) => context.survivor(moved.to[reference] ?? reference) }
}

/** What was told to others under this record is told by the one as which it is shown. */
const withdrawn = ({ projections }: Folded): Folded => ({
  body: undefined,
  projections: projections.map((each) => (each.key === 'covered' ? each : { ...each, data: undefined })),
})

/** Types that never refer to a patient. */
const patientless = new Set([
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'Device',
  'HealthcareService',
  'Schedule',
  'Slot',
])

/** What referred to a merged record refers to its survivor; only the survivor itself still names what it has replaced. */
function redirected(body: FhirJson, { survivor }: FoldContext): FhirJson {
  if (body.resourceType !== 'Patient' || !Array.isArray(body.link))
    return redirectReferences(body, survivor) as FhirJson
  const { link, ...others } = body
  const links = (link as readonly FhirJson[]).map((each) =>
    each.type === 'replaces' ? each : (redirectReferences(each, survivor) as FhirJson),
  )
  const once = [...new Map(links.map((each) => [canonicalText(each), each])).values()]
  return { ...(redirectReferences(others, survivor) as FhirJson), link: once }
}

/** A client's DELETE stands until something is said later. */
function isDeleted(contributions: readonly Contribution[]): boolean {
  let deletion: { readonly v: unknown; readonly t: number } | undefined
  let latest = Number.NEGATIVE_INFINITY
  for (const { cells, t } of contributions) {
    if (t !== undefined) latest = Math.max(latest, t)
    for (const [key, cell] of Object.entries(cells)) {
      if (key !== '$deleted<FHIR') latest = Math.max(latest, cell.t)
      else if (!deletion || cell.t >= deletion.t) deletion = cell
    }
  }
  return deletion?.v === true && deletion.t >= latest
}

function foldByType(
  rtype: string,
  id: string,
  contributions: readonly Contribution[],
  context: FoldContext,
  deleted: boolean,
  isAlias: boolean,
): Folded {
  switch (rtype) {
    case 'Patient':
      return patient(id, contributions, context)
    case 'Encounter':
      return foldVisit(id, contributions, context, { deleted, isAlias })
    case 'Appointment':
      return foldBooking(id, contributions, context, deleted)
    case 'Coverage':
      return { body: foldCoverage(contributions, zoneClock(context.zone)), projections: [] }
    case 'Account':
      return account(id, contributions, isAlias)
    case meetingType:
      return { body: undefined, projections: foldMeeting(id, contributions) }
    case 'ChargeItem':
      return { projections: [], ...foldCharge(id, contributions, context.exists) }
    default:
      return { body: foldPlain(rtype, contributions, context), projections: [] }
  }
}

/** A link to somebody who is not known yet shows as soon as that one is. */
function patient(id: string, contributions: readonly Contribution[], context: FoldContext): Folded {
  const isPair = ({ key }: Contribution): boolean => key.startsWith('pair:')
  const pairs = contributions.filter(isPair)
  if (pairs.length === 0) return { body: foldPatient(contributions, context), projections: [] }
  const others = pairs.map((each) => context.survivor((each.data as Required<Referring>).reference))
  const own = context.survivor(`Patient/${id}`)
  const isKnown = (each: Contribution): boolean => {
    if (!isPair(each)) return true
    const other = others[pairs.indexOf(each)] ?? own
    return other !== own && context.exists('Patient', idOf(other))
  }
  return { body: foldPatient(contributions.filter(isKnown), context), projections: [], awaited: others }
}

/** An open account tells the policies that it lists that they are in use, and those that give way where they stand. */
function account(id: string, contributions: readonly Contribution[], isAlias: boolean): Folded {
  const body = foldAccount(contributions)
  const isOpen = body?.status === 'active' && !isAlias
  const { contested, moved } = policiesIn(contributions)
  const work = isOpen && contested ? [contestOf(id)] : []
  const listed = (isOpen ? body.coverage : undefined) as
    | readonly { readonly coverage?: Referring }[]
    | undefined
  const now = (listed ?? []).flatMap(({ coverage }) =>
    coverage?.reference?.startsWith('Coverage/') ? [idOf(coverage.reference)] : [],
  )
  now.sort()
  const before = (contributions.find((each) => each.key === 'covered')?.data ?? []) as readonly string[]
  const placed = now.map((each) => {
    const place = moved.get(`Coverage/${each}`)
    return place === undefined ? each : `${each}=${place}`
  })
  if (placed.join() === before.join()) return { body, projections: [], work }
  const key = `account:${id}`
  const known = before.map((each) => each.replace(/=.*$/, ''))
  const told = [...new Set([...known, ...now])].map((each): Projection => {
    const data = now.includes(each) ? (moved.get(`Coverage/${each}`) ?? true) : undefined
    return { rtype: 'Coverage', id: each, key, data }
  })
  return { body, projections: [...told, { rtype: 'Account', id, key: 'covered', data: placed }], work }
}

/** Things without rules of their own: what was derived, overwritten by the latest statement of every element. */
function foldPlain(
  rtype: string,
  contributions: readonly Contribution[],
  { trust }: FoldContext,
): FhirJson | undefined {
  const derived = contributions.find((each) => each.key === 'derived')?.data as FhirJson | undefined
  const state = contributions.filter((each) => each.data === undefined)
  if (!derived && state.length === 0) return undefined
  const base = { ...(isToldByClientsOnly(state) ? {} : defaults[rtype]), ...derived }
  if (masterTypes.has(rtype)) return foldMaster(rtype, base, state, trust)
  const body: FhirJson = { resourceType: rtype, ...base }
  const byPath = statementsByPath(state)
  writeLatest(body, byPath)
  const labelled = withLabels(body, labelsOfMessages(byPath))
  return rtype === 'AllergyIntolerance' ? withCurrency(labelled, contributions) : labelled
}

/** Clients write meta as a whole, rows its labels alone (DG1-18). */
function labelsOfMessages(byPath: ReadonlyMap<string, readonly Statement[]>): readonly Json[] {
  const labels = new Map([...byPath].filter(([path]) => path.startsWith('meta.security')))
  if (labels.size === 0) return []
  const body: FhirJson = {}
  writeLatest(body, labels)
  return listOf(body, 'security')
}

/** A client writes the whole of what it means: what it leaves out is not put in. */
const isToldByClientsOnly = (state: readonly Contribution[]): boolean =>
  state.length > 0 && state.every(({ cells }) => Object.keys(cells).every((key) => key.includes('<FHIR')))

const idOf = (reference: string): string => reference.slice(reference.indexOf('/') + 1)

type Referring = { readonly reference?: string }
