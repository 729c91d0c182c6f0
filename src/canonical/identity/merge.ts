// Numbers that become one: merges and changes of patients, accounts and visits (HL7 v2 ch. 3, IHE ITI-30; semantics,
// section 3). Each is one entry of the identity log; what it means depends on what was known when it was said.
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, referred, thingsOf } from '../applying.ts'
import { settlePolicies } from '../coverage/merged-policies.ts'
import { changeOf, type Refusal } from '../finding.ts'
import { applyPerson } from '../person/person.ts'
import type { Draft } from '../truth/draft.ts'
import { recordsOf, rootOf } from '../truth/family.ts'
import { pastKey } from '../truth/settled.ts'
import { Miss } from '../truth/world.ts'
import type { Identifier } from './identifier.ts'
import type { Result } from './identity-log.ts'
import { isExcluded } from './link.ts'
import { identifiersAt, normal, type Pair, pair, refuse } from './pairs.ts'
import { type LoggedJoin, loggedBefore, recordOf, settle, tell, tellSole } from './records.ts'

type Kind = LoggedJoin['kind']
export type Rtype = 'Patient' | 'Account' | 'Encounter'

/** Records that are shown as one: each message about one of them loads them all. */
const maxRecords = 1_000

/** What an event joins: which fields of MRG, which of PID and PV1, and how. */
interface Rule {
  readonly rtype: Rtype
  readonly kind: Kind
  readonly prior: string
  /** Field of MRG, for the sender. */
  readonly field: number
  readonly current: (applying: Applying, merge: Thing, target: Thing) => Identifier[]
  readonly at: string
}

const ofPatient = (_: Applying, __: Thing, target: Thing): Identifier[] =>
  identifiersAt(target, ['identifier'])
const ofAccount = (applying: Applying, _: Thing, target: Thing): Identifier[] =>
  identifiersAt(beside(applying, 'Account', target), ['identifier'])

/** The account or visit of a PID: that of the same group. */
const beside = (applying: Applying, type: string, patient: Thing): Thing | undefined =>
  thingsOf(applying, type).find((each) => referred(applying, each, 'subject') === patient)

const visitNumbers =
  (field: string) =>
  (applying: Applying, merge: Thing, target: Thing): Identifier[] => {
    const visits = thingsOf(applying, 'Encounter').filter(
      (each) => referred(applying, each, 'subject') === target,
    )
    const merges = thingsOf(applying, 'Merge').filter((each) => referred(applying, each, 'target') === target)
    const visit = visits[merges.indexOf(merge)] ?? visits[0]
    const cells = visit?.cells.filter((each) => each.path === 'identifier' && each.field === field) ?? []
    return cells.flatMap((each) => (Array.isArray(each.value) ? (each.value as readonly Identifier[]) : []))
  }

const patients = (kind: Kind): Rule => ({
  rtype: 'Patient',
  kind,
  prior: '$priorIdentifier',
  field: 1,
  current: ofPatient,
  at: 'PID^1^3',
})
const accounts = (kind: Kind): Rule => ({
  rtype: 'Account',
  kind,
  prior: '$priorAccount',
  field: 3,
  current: ofAccount,
  at: 'PID^1^18',
})
const visits = (kind: Kind, field: 5 | 6): Rule => ({
  rtype: 'Encounter',
  kind,
  prior: field === 5 ? '$priorVisit' : '$priorAlternateVisit',
  field,
  current: visitNumbers(field === 5 ? 'PV1-19' : 'PV1-50'),
  at: field === 5 ? 'PV1^1^19' : 'PV1^1^50',
})

const rules: Readonly<Record<string, readonly Rule[]>> = {
  A18: [patients('merge')],
  A30: [patients('merge')],
  A34: [patients('merge')],
  A35: [accounts('merge')],
  A36: [patients('merge'), accounts('merge')],
  A39: [patients('merge')],
  A40: [patients('merge')],
  A41: [accounts('merge')],
  A42: [visits('merge', 5)],
  A46: [patients('change')],
  A47: [patients('change')],
  A48: [patients('change')],
  A49: [accounts('change')],
  A50: [visits('change', 5)],
  A51: [visits('change', 6)],
}

export const isMerge = (event: string): boolean => event.startsWith('ADT^') && event.slice(4) in rules

/** All that the message joins, in its order; all of it or none. */
export function applyMerges(applying: Applying): void {
  const list = rules[applying.event.slice(4)] ?? []
  const merges = thingsOf(applying, 'Merge')
  if (merges.length === 0) {
    const at = `MRG^1^${list[0]?.field ?? 1}`
    throw refuse('101', [at], `MRG is missing, and with it the retired identifier (${at}) - send it`)
  }
  for (const merge of merges) {
    const target = referred(applying, merge, 'target') ?? thingsOf(applying, 'Patient')[0]
    if (!target) throw refuse('101', ['PID^1^3'], 'the surviving patient is missing (PID^1^3) - send it')
    for (const rule of list) applyRule(applying, rule, merge, target)
    if (applying.source.a40UpdatesDemographics && list.some((each) => each.rtype === 'Patient'))
      applyPerson(applying, target)
  }
}

/** The visits of MRG-5 and PV1-19 are one: both have been told of before anybody said so. */
export function mergeVisits(applying: Applying): void {
  for (const merge of thingsOf(applying, 'Merge')) {
    const target = referred(applying, merge, 'target') ?? thingsOf(applying, 'Patient')[0]
    if (target) applyRule(applying, visits('merge', 5), merge, target)
  }
}

function applyRule(applying: Applying, rule: Rule, merge: Thing, target: Thing): void {
  const field = `MRG^${merge.segment.occurrence}^${rule.field}`
  const older =
    rule.rtype === 'Patient' ? identifiersAt(merge, ['$priorPatientId']).filter((each) => each.system) : []
  const prior = [...identifiersAt(merge, [rule.prior]), ...older]
  const current = rule.current(applying, merge, target)
  if (prior.length === 0) {
    // A36 merges accounts only when it names some.
    if (rule.rtype === 'Account' && applying.event === 'ADT^A36') return
    throw refuse('101', [field], `the retired identifier is missing (${field}) - send it`)
  }
  if (current.length === 0)
    throw refuse('101', [rule.at], `the surviving identifier is missing (${rule.at}) - send it`)
  const pairs = pair(applying, prior, current, field)
  if (rule.rtype !== 'Patient') checkSuperior(applying, rule, merge, target)
  // A number that stays as it is says nothing beside one that does not: A46 changes PID-2 and repeats PID-3.
  const differing = pairs.filter(({ from, to }) => from !== to)
  for (const each of differing.length > 0 ? differing : pairs) join(applying, rule.rtype, rule.kind, each)
}

/**
 * Accounts are merged within one patient, visits within one account: another event moves them first. The message waits for
 * that.
 */
function checkSuperior(applying: Applying, rule: Rule, merge: Thing, target: Thing): void {
  const shown = (rtype: Rtype, list: readonly Identifier[]): string[] =>
    list.filter((each) => each.system).map((each) => `${rtype}/${shownOf(applying, rtype, each)}`)
  const differ = (a: readonly string[], b: readonly string[]): boolean =>
    a.length > 0 && b.length > 0 && !a.some((each) => b.includes(each))
  const patients = [
    shown('Patient', identifiersAt(merge, ['$priorIdentifier'])),
    shown('Patient', ofPatient(applying, merge, target)),
  ] as const
  const accounts = [
    shown('Account', identifiersAt(merge, ['$priorAccount'])),
    shown('Account', ofAccount(applying, merge, target)),
  ] as const
  const patientsDiffer = differ(...patients)
  if (!patientsDiffer && !(rule.rtype === 'Encounter' && differ(...accounts))) return
  const where = `MRG^${merge.segment.occurrence}^${patientsDiffer ? 1 : 3}`
  const text = `${patientsDiffer ? 'the patients differ' : 'the accounts differ'} (${where}) - move it first (A43 to A45)`
  const waitsFor = (patientsDiffer ? patients : accounts).flat().map(changeOf)
  throw refuse('205', [where], text, 'ID-CONFLICT', { waitsFor })
}

const shownOf = (applying: Applying, rtype: Rtype, each: Identifier): string =>
  applying.draft.survivorId(rtype, recordOf(applying.draft, rtype, each.system ?? '', normal(applying, each)))

/** Tells the log of one pair, and carries out what the log makes of it. */
export function join(applying: Applying, rtype: Rtype, kind: Kind, each: Pair): Result {
  const { draft, times } = applying
  const { system, from, to, source, target, where } = each
  if (from === to)
    throw refuse(
      '205',
      [where],
      `${from} cannot be merged into itself (${where}) - name two identifiers`,
      'SAME-ID',
    )
  const [one, other] = [recordOf(draft, rtype, system, from), recordOf(draft, rtype, system, to)]
  const said: LoggedJoin = {
    kind,
    from: one,
    to: other,
    ...(one === other && { numbers: [source.value ?? from, target.value ?? to] }),
    m: times.message,
    i: draft.messageId,
    t: times.event,
    source,
    target,
  }
  if (rtype === 'Patient' && kind === 'merge') checkExclusion(applying, said, each)
  const records = [said.from, said.to].flatMap((record) => recordsOf(draft, rtype, record))
  if (records.length > maxRecords) {
    const text = `more than ${maxRecords} records would be one (${where}) - ask the operator whether they are`
    throw refuse('207', [where], text)
  }
  if (rtype === 'Encounter') wantPast(draft, records)
  const roots = [rootOf(draft, rtype, said.from), rootOf(draft, rtype, said.to)] as const
  const before = loggedBefore(draft, rtype, said) !== undefined
  tellSole(draft, rtype, { system, value: from, record: said.from })
  tellSole(draft, rtype, { system, value: to, record: said.to })
  tell(draft, rtype, said)
  const { resultOf, refused } = settle(draft, rtype, [said.from, said.to])
  const [bad] = refused
  if (bad) throw refusalOf(applying, rtype, bad.result, each, draft.survivorId(rtype, roots[0]))
  const result = resultOf(said) ?? 'known'
  if (before || result !== 'merged') return result
  carryOutMerge(draft, rtype, roots, said)
  return result
}

/** Among the events of another visit, what was set aside of one may count again. */
function wantPast(draft: Draft, records: readonly string[]): void {
  for (const id of records)
    if (draft.contribution('Encounter', id, 'gateway', pastKey)?.data !== undefined)
      throw new Miss({ kind: 'past', id })
}

/** What follows from a merge that has just been made: its entry in the journal, tasks that it settles, policies. */
export function carryOutMerge(
  draft: Draft,
  rtype: Rtype,
  [sourceId, targetId]: readonly [string, string],
  said: LoggedJoin,
): void {
  draft.activity = 'merge'
  draft.joined.push({ rtype, sourceId, targetId, said })
  if (rtype !== 'Patient') return
  for (const code of ['possible-duplicate', 'identity-conflict'])
    draft.closed.push({ code, patients: [sourceId, targetId] })
  settlePolicies(draft, targetId)
}

/** Whoever has said that they are two has said so later than this message: it does not make them one again. */
function checkExclusion(
  { draft, controlId, source }: Applying,
  said: LoggedJoin,
  { from, to, where }: Pair,
): void {
  if (!isExcluded(draft, said.from, said.to, said.m)) return
  throw refuse(
    '205',
    [where],
    `${from} and ${to} were found to be two persons since (${where}) - send the merge anew, if it is meant`,
    'ID-CONFLICT',
    {
      task: {
        code: 'merge-after-unmerge',
        key: `${said.from}|${said.to}`,
        description: `message ${controlId} of ${source.id} merges what was found to be two persons since`,
        focus: `Patient/${draft.survivorId('Patient', said.to)}`,
      },
    },
  )
}

function refusalOf(applying: Applying, rtype: Rtype, result: Result, pair: Pair, survivor: string): Refusal {
  const { from, to, where } = pair
  const by = `message ${applying.controlId} of ${applying.source.id}`
  const focus = `${rtype}/${survivor}`
  const about = { focus, ...(rtype === 'Patient' ? { patient: focus } : {}) }
  if (result === 'in-use') {
    const text = `${to} is in use (${where}) - merge the two (A40 to A42), if they are one`
    const description = `${by} changes ${from} to ${to}, which is in use`
    const task = { code: 'identity-conflict', key: `${from}|${to}`, description, ...about }
    return refuse('205', [where], text, 'ID-IN-USE', { task })
  }
  const inverse = result === 'cycle'
  const text = inverse
    ? `${to} was merged into ${from} before (${where}) - undo that merge first`
    : `${from} was merged into another record before (${where}) - merge that record, if it is meant`
  const description = inverse
    ? `${by} asks for the inverse of an earlier merge`
    : `${by} merges what an earlier message has merged into another record`
  const task = { code: 'merge-cycle', key: `${from}|${inverse ? to : 'elsewhere'}`, description, ...about }
  return refuse('205', [where], text, 'MERGE-CYCLE', { task })
}
