// A40: two records of one person become one; every reference follows (HL7 v2 ch. 3, IHE ITI-30; semantics, section 3).
import type { Thing } from '../mappings/mapped.ts'
import { type Applying, cellsAt, referred, thingsOf } from './applying.ts'
import type { FhirJson } from './fhir-json.ts'
import { type ErrorCode, Refusal } from './finding.ts'
import { type Identifier, identifierType, normalValue, stableId } from './identifier.ts'
import { authorityOf } from './identity.ts'
import { protectorsOf } from './patient.ts'
import { applyPerson } from './person.ts'

interface Pair {
  readonly system: string
  readonly from: string
  readonly to: string
}

/** One or more merges, in order; all of them or none. */
export function applyMerges(applying: Applying): void {
  for (const merge of thingsOf(applying, 'Merge')) {
    const target = referred(applying, merge, 'target') ?? thingsOf(applying, 'Patient')[0]
    if (!target) throw refuse('101', ['PID^1^3'], 'the surviving patient is missing (PID^1^3) - send it')
    const pairs = pairsOf(applying, merge, target)
    for (const pair of pairs) mergePair(applying, merge, pair)
    if (applying.source.a40UpdatesDemographics) applyPerson(applying, target)
  }
}

function refuse(code: string, locations: readonly string[], text: string, app?: ErrorCode): Refusal {
  return new Refusal('AE', { code, locations, text, ...(app ? { app } : {}) })
}

const listAt = (thing: Thing, paths: readonly string[]): Identifier[] =>
  paths
    .flatMap((path) => cellsAt(thing, path))
    .flatMap((cell) => (Array.isArray(cell.value) ? (cell.value as readonly Identifier[]) : []))

/** MRG-1 goes with PID-3 by authority (and type) when both name it, else by position. */
function pairsOf(applying: Applying, merge: Thing, target: Thing): Pair[] {
  const where = `MRG^${merge.segment.occurrence}^1`
  const prior = listAt(merge, ['$priorIdentifier']).filter((each) => each.value)
  const current = listAt(target, ['identifier']).filter((each) => each.value)
  if (prior.length === 0)
    throw refuse('101', [where], `the retired identifier is missing (${where}) - send it`)
  if (current.length === 0)
    throw refuse('101', ['PID^1^3'], 'the surviving identifier is missing (PID^1^3) - send it')
  const pairs: Pair[] = []
  for (const [i, from] of prior.entries()) {
    if (!from.system)
      throw refuse('101', [`${where}^${i + 1}^4`], 'identifier without an assigning authority - send CX.4')
    const same = current.filter((each) => each.system === from.system)
    const to = same.find((each) => identifierType(each) === identifierType(from)) ?? same[0] ?? current[i]
    if (!to?.value) continue
    if (to.system !== from.system) {
      throw refuse(
        '103',
        [`${where}^${i + 1}^4`],
        'the identifiers of a merge have different assigning authorities - link the patients (A24) or merge within one authority',
      )
    }
    const rule = authorityOf(applying.site, from.system)
    pairs.push({
      system: from.system,
      from: normalValue(from.value ?? '', rule),
      to: normalValue(to.value, rule),
    })
  }
  return pairs
}

function mergePair(applying: Applying, merge: Thing, { system, from, to }: Pair): void {
  const { draft } = applying
  const where = `MRG^${merge.segment.occurrence}^1^1`
  if (from === to)
    throw refuse(
      '205',
      [where],
      `${from} cannot be merged into itself (${where}) - name two identifiers`,
      'SAME-ID',
    )
  const source = draft.lookup('Patient', system, from)
  const target = draft.lookup('Patient', system, to)
  const sourceId = source && draft.survivorId('Patient', source.id)
  const targetId = target && draft.survivorId('Patient', target.id)
  if (target?.retired && source && !source.retired && targetId === sourceId)
    throw cycle(applying, where, from, to, sourceId)
  if (source && target && sourceId === targetId) {
    // Merged already, in this direction; or two numbers of one patient, of which one shall be used no more.
    if (!source.retired) retire(applying, targetId ?? '', system, from)
    return
  }
  // Whoever the number was merged into is not meant: following it would merge a third record.
  if (target && source?.retired) throw mergedElsewhere(applying, where, from, sourceId)
  if (!target) {
    // IHE ITI-30: an unknown target changes the identifier; when both are unknown the alias alone is kept.
    const id = sourceId ?? stableId('Patient', system, to)
    draft.register('Patient', system, to, id)
    draft.register('Patient', system, from, id, true)
    if (sourceId) renameIdentifier(applying, sourceId, system, from, to)
    return
  }
  if (!source || !sourceId) {
    retire(applying, targetId ?? '', system, from)
    return
  }
  mergePatients(applying, sourceId, targetId ?? '')
}

/** The number stays with its patient as one of the past. */
function retire(applying: Applying, id: string, system: string, value: string): void {
  applying.draft.register('Patient', system, value, id, true)
  absorb(applying, id, undefined, [{ system, value }])
}

function mergedElsewhere(
  applying: Applying,
  where: string,
  from: string,
  survivor: string | undefined,
): Refusal {
  return new Refusal(
    'AE',
    {
      code: '205',
      app: 'MERGE-CYCLE',
      locations: [where],
      text: `${from} was merged into another record before (${where}) - merge that record, if it is meant`,
    },
    {
      task: {
        code: 'merge-cycle',
        key: `${from}|elsewhere`,
        description: `message ${applying.controlId} of ${applying.source.id} merges what an earlier message has merged into another record`,
        ...(survivor ? { focus: `Patient/${survivor}`, patient: `Patient/${survivor}` } : {}),
      },
    },
  )
}

function cycle(
  applying: Applying,
  where: string,
  from: string,
  to: string,
  survivor: string | undefined,
): Refusal {
  return new Refusal(
    'AE',
    {
      code: '205',
      app: 'MERGE-CYCLE',
      locations: [where],
      text: `${to} was merged into ${from} before (${where}) - undo that merge first`,
    },
    {
      task: {
        code: 'merge-cycle',
        key: `${from}|${to}`,
        description: `message ${applying.controlId} of ${applying.source.id} asks for the inverse of an earlier merge`,
        ...(survivor ? { focus: `Patient/${survivor}`, patient: `Patient/${survivor}` } : {}),
      },
    },
  )
}

const instant = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

/** Survivor's values win whatever their age; the retired ones only fill gaps. All that referred to it follows. */
function mergePatients(applying: Applying, sourceId: string, targetId: string): void {
  const { draft, site } = applying
  const retired = draft.entity('Patient', sourceId).body
  const own = (retired?.identifier ?? []) as readonly Identifier[]
  absorb(applying, targetId, sourceId, own, site.policy.mergeFill ? fillOf(retired) : undefined)
  for (const { system, value } of own) {
    if (system && value && draft.lookup('Patient', system, normalValue(value, authorityOf(site, system)))) {
      draft.register('Patient', system, normalValue(value, authorityOf(site, system)), targetId, true)
    }
  }
  draft.contribute('Patient', sourceId, {
    source: 'gateway',
    key: 'merged',
    i: draft.messageId,
    cells: {},
    data: { reference: `Patient/${targetId}` },
  })
  draft.merge('Patient', sourceId, targetId)
  for (const key of draft.referrers(`Patient/${sourceId}`)) {
    const [rtype = '', id = ''] = key.split('/')
    draft.touch(rtype, id)
  }
  draft.closed.push({ code: 'possible-duplicate', patients: [sourceId, targetId] })
  draft.activity = 'merge'
}

const notFilled = new Set(['resourceType', 'id', 'meta', 'active', 'identifier', 'link', 'name', 'text'])

function fillOf(body: FhirJson | undefined): FhirJson {
  return Object.fromEntries(Object.entries(body ?? {}).filter(([key]) => !notFilled.has(key)))
}

/** Keeps what the survivor takes over: retired identifiers, and values for its gaps. */
function absorb(
  applying: Applying,
  targetId: string,
  sourceId: string | undefined,
  identifiers: readonly Identifier[],
  fill?: FhirJson,
): void {
  const { draft, times } = applying
  const end = instant(times.event)
  const retired = identifiers.map((each) => ({
    ...each,
    use: 'old',
    period: { ...each.period, end: each.period?.end ?? end },
  }))
  const key = `merge:${sourceId ?? identifiers.map((each) => `${each.system}|${each.value}`).join(',')}`
  draft.contribute('Patient', targetId, {
    source: 'gateway',
    key,
    i: draft.messageId,
    cells: {},
    data: {
      identifiers: retired as unknown as readonly FhirJson[],
      ...(fill ? { fill } : {}),
      ...(sourceId
        ? {
            reference: `Patient/${sourceId}`,
            type: 'replaces',
            protectedBy: protectorsOf([...draft.contributions('Patient', sourceId).values()]),
          }
        : {}),
    },
  })
}

/** The identifier was typed wrongly: the same patient gets another one, the old one is kept as an alias. */
function renameIdentifier(applying: Applying, id: string, system: string, from: string, to: string): void {
  absorb(applying, id, undefined, [{ system, value: from }])
  const { draft, source, times } = applying
  const type = {
    coding: [
      {
        system: 'http://terminology.hl7.org/CodeSystem/v2-0203',
        code: authorityOf(applying.site, system)?.types[0] ?? 'MR',
      },
    ],
  }
  draft.assert('Patient', id, source.id, {
    'identifier<MRG-1': {
      v: [{ system, value: to, type }],
      t: times.event,
      m: times.message,
      i: draft.messageId,
    },
  })
}
