// Generated histories of a few people, as several sources tell them; and gateways that hear them in different ways.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { Site } from '../../src/canonical/site.ts'
import { canonicalJson, readJson } from '../../src/fhir/json.ts'
import { createEngine, type Engine } from '../../src/pipeline/engine.ts'
import { createMetrics } from '../../src/pipeline/metrics.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { type Answer, acceptanceSite, baseMaps, readAnswers } from './gateway.ts'
import { account, mrn, pid, segment, visit, wcl } from './messages.ts'

/** One message of a history: what it says, when it happened, and where it stands among the others. */
export interface Told {
  readonly source: string
  readonly event: string
  /** Minutes since the beginning; also the time of the message. */
  readonly minute: number
  readonly segments: readonly string[]
}

const begin = Date.UTC(2026, 2, 2, 14) // 2026-03-02T08:00 in Chicago

/** 'YYYYMMDDHHMMSS' of a minute of the history, local to the site (before the clocks change). */
export function dtm(minute: number): string {
  const local = new Date(begin - 6 * 3_600_000 + minute * 60_000)
  return local.toISOString().replace(/[-T:]/g, '').slice(0, 14)
}

/** Text of a message; `id` is its MSH-10. */
export function textOf(told: Told, id: string): string {
  const { source, event, minute, segments } = told
  const structure = structures[event] ?? ''
  const head = `MSH|^~\\&|${source}|PORTICO|GHH|${dtm(minute)}||${event}${structure}|${id}|P|2.5.1`
  const lines = event.startsWith('SIU^') ? [head] : [head, `EVN||${dtm(minute)}|||OP1^FOX^TIM|${dtm(minute)}`]
  return `${[...lines, ...segments].join('\r')}\r`
}

const structures: Readonly<Record<string, string>> = {
  'ADT^A28': '^ADT_A05',
  'ADT^A31': '^ADT_A05',
  'ADT^A40': '^ADT_A39',
  'DFT^P03': '^DFT_P03',
}

// ------------------------------------------------------------------------------------------------- what may be said

const maybe = <T>(values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 })

const names = [
  'DOE^JANE^^^^^L',
  'DOE^JANE^ANN^^^^L',
  'ROE^JANE^^^^^L~DOE^JANE^^^^^M',
  'DOE-ROE^JANE^^^^^L~DOE^J^^^^^A',
]
const addresses = [
  '""',
  '1 OAK ST^^SPRINGFIELD^IL^62701^USA^H',
  '2 ELM ST^^SPRINGFIELD^IL^62702^USA^H~PO BOX 7^^SPRINGFIELD^IL^62705^USA^M',
  '9 MILL RD^^CHATHAM^IL^62629^USA^O',
]
const homePhones = ['""', '^PRN^PH^^1^217^5550001', '^PRN^PH^^1^217^5550002~^NET^Internet^jane@example.org']
const workPhones = ['""', '^WPN^PH^^1^217^5550009']
const doctors = [
  '1234567893^CHEN^WEI^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
  '1003000126^LOPEZ^INES^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
]

/** What a source may say of a person beyond who it is; '""' deletes. */
const personFields = fc.record({
  5: fc.constantFrom(...names),
  7: maybe(['19800101', '19800102']),
  8: maybe(['F', 'M', 'U']),
  11: maybe(addresses),
  13: maybe(homePhones),
  14: maybe(workPhones),
  15: maybe(['en^English^HL70296', 'es^Spanish^HL70296', '""']),
  16: maybe(['M', 'S', 'D', '""']),
  17: maybe(['CAT^Catholic^HL70006', '""']),
  24: maybe(['Y', 'N']),
  19: fc.option(fc.constantFrom('219-09-9999', '""'), { nil: undefined, freq: 4 }),
  25: maybe(['1', '2']),
  32: fc.option(fc.constantFrom('AL', 'UD'), { nil: undefined, freq: 4 }),
  33: fc.option(fc.integer({ min: 0, max: 400 }).map(dtm), { nil: undefined, freq: 6 }),
  29: fc.option(fc.constantFrom('20260302', '""'), { nil: undefined, freq: 8 }),
  30: fc.option(fc.constantFrom('Y', 'N', '""'), { nil: undefined, freq: 6 }),
})

const extras = fc.record({
  protection: fc.option(fc.constantFrom('Y', 'N', '""'), { nil: undefined, freq: 4 }),
  kin: fc.option(
    fc.constantFrom(
      ['NK1|""'],
      ['NK1|1|DOE^JOHN|SPO^Spouse^HL70063||^PRN^PH^^1^217^5550011'],
      ['NK1|1|DOE^JOHN|SPO^Spouse^HL70063', 'NK1|2|DOE^MARY|MTH^Mother^HL70063'],
    ),
    { nil: undefined, freq: 3 },
  ),
})

const policies = ['PPO10', 'HMO20', 'MCR30'] as const

function policy(plan: string, member: string, order: number, insured: string): string {
  const payer = `${plan}P^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP`
  return segment('IN1', {
    1: String(order),
    2: `${plan}^Plan ${plan}^L`,
    3: payer,
    4: `Payer of ${plan}`,
    12: '20250101',
    16: insured === 'SPO' ? 'DOE^JOHN^^^^^L' : 'DOE^JANE^^^^^L',
    17: insured === 'SPO' ? 'SPO^Spouse^HL70063' : 'SEL^Self^HL70063',
    18: insured === 'SPO' ? '19750505' : '',
    22: String(order),
    36: member,
  })
}

/** undefined: no segment; an empty list: IN1|"". */
const insurance = fc.option(
  fc.record({
    plans: fc.uniqueArray(fc.constantFrom(...policies), { maxLength: 3 }),
    insured: fc.constantFrom('SEL', 'SEL', 'SPO'),
    guarantor: fc.option(fc.constantFrom('SEL', 'SPO'), { nil: undefined }),
  }),
  { nil: undefined, freq: 2 },
)

interface Insured {
  readonly plans: readonly string[]
  readonly insured: string
  readonly guarantor: string | undefined
}

function coverageSegments(said: Insured | undefined, who: number): string[] {
  if (said === undefined) return []
  const { plans, insured, guarantor } = said
  const list =
    plans.length === 0
      ? ['IN1|""|""']
      : plans.map((plan, i) => policy(plan, `${plan}-${who}`, i + 1, insured))
  return [...list, ...guarantorSegments(guarantor)]
}

function guarantorSegments(relation: string | undefined): string[] {
  if (relation === undefined) return []
  const name = relation === 'SPO' ? 'DOE^JOHN^^^^^L' : 'DOE^JANE^^^^^L'
  return [
    segment('GT1', { 1: '1', 3: name, 8: relation === 'SPO' ? '19750505' : '', 11: `${relation}^^HL70063` }),
  ]
}

const compact = (fields: Readonly<Record<string, string | undefined>>): Record<number, string> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<
    number,
    string
  >

type Draft = Omit<Told, 'minute'>
const who = fc.integer({ min: 0, max: 2 })

const identity = (patient: number, source: string): string =>
  source === 'WREG|WCL' ? `${mrn(`M${patient}`)}~${wcl(`W${patient}`)}` : mrn(`M${patient}`)

const protectionOf = (value: string | undefined): string[] =>
  value === undefined ? [] : [segment('PD1', { 12: value })]

const person: fc.Arbitrary<Draft> = fc
  .record({
    patient: who,
    source: fc.constantFrom('ADT1|GHH', 'WREG|WCL', 'REG|GHH'),
    event: fc.constantFrom('ADT^A28', 'ADT^A31', 'ADT^A31', 'ADT^A08'),
    fields: personFields,
    more: extras,
    plans: insurance,
  })
  .map(({ patient, source, event, fields, more, plans }) => ({
    source,
    event,
    segments: [
      pid({ 3: identity(patient, source), ...compact(fields) }),
      ...protectionOf(more.protection),
      ...(more.kin ?? []),
      ...(event === 'ADT^A08' ? [] : ['PV1|1|N', ...coverageSegments(plans, patient)]),
    ],
  }))

const places = ['3N^301^^GHH', '3N^302^^GHH', 'CLN1^EX1^^GHH']

/** Visit 0 is an inpatient's, visit 1 an outpatient's with an appointment. */
const encounter: fc.Arbitrary<Draft> = fc
  .record({
    patient: who,
    number: fc.integer({ min: 0, max: 1 }),
    event: fc.constantFrom(
      ...['A01', 'A04', 'A05', 'A02', 'A08', 'A08', 'A03', 'A11', 'A13'].map((each) => `ADT^${each}`),
    ),
    place: maybe(places),
    doctor: maybe([...doctors, '""']),
    service: maybe(['MED', 'SUR', '""']),
    linked: fc.boolean(),
    plans: insurance,
    marital: maybe(['M', 'S', '""']),
    financial: maybe(['01^Self^HL70064', '02^HMO^HL70064', '""']),
    closed: fc.option(fc.constantFrom('active', 'closed'), { nil: undefined, freq: 3 }),
  })
  .map(({ patient, number, event, place, doctor, service, linked, plans, marital, financial, closed }) => ({
    source: 'ADT1|GHH',
    event,
    segments: [
      pid(
        compact({
          3: mrn(`M${patient}`),
          5: 'DOE^JANE^^^^^L',
          16: marital,
          18: account(`A${patient}${number}`),
        }),
      ),
      segment(
        'PV1',
        compact({
          1: '1',
          2: number === 0 ? 'I' : 'O',
          3: place,
          7: doctor,
          10: service,
          19: visit(`V${patient}${number}`),
          20: financial,
          41: closed,
          50: linked && number === 1 ? filler(patient) : undefined,
        }),
      ),
      ...(hasInsurance.has(event) ? coverageSegments(plans, patient) : []),
    ],
  }))

const hasInsurance = new Set(['ADT^A01', 'ADT^A04', 'ADT^A05', 'ADT^A08'])

const filler = (patient: number): string => `F${patient}^^^SCHED1&2.16.840.1.113883.19.5.4&ISO^FILL`

const starts = ['20260306100000', '20260307143000', '20260309090000']

const booking: fc.Arbitrary<Draft> = fc
  .record({
    patient: who,
    event: fc.constantFrom(...['S12', 'S12', 'S13', 'S14', 'S15', 'S17', 'S26'].map((each) => `SIU^${each}`)),
    start: fc.constantFrom(...starts),
    minutes: fc.constantFrom('15', '30'),
    status: fc.constantFrom('Booked', 'Booked', 'Pending', 'Waitlist'),
    action: fc.constantFrom('A', 'U', 'D', ''),
    doctor: fc.constantFrom(...doctors),
    room: fc.constantFrom('EX1', 'EX2'),
  })
  .map(({ patient, event, start, minutes, status, action, doctor, room }) => {
    const sent = event === 'SIU^S12' ? 'A' : action
    return {
      source: 'SCHED1|GHH',
      event,
      segments: [
        segment('SCH', {
          2: `F${patient}^SCHED1^2.16.840.1.113883.19.5.4^ISO`,
          6: 'REASON^Reason^L',
          7: 'FOLLOWUP^Follow up visit^HL70276',
          16: '77^CLERK^PAT',
          25: `${status}^${status}^HL70278`,
        }),
        segment('TQ1', { 1: '1', 6: `${minutes}^min&minute&ISO+`, 7: start }),
        pid({ 3: mrn(`M${patient}`), 5: 'DOE^JANE^^^^^L' }),
        segment('RGS', { 1: '1', 2: sent }),
        segment('AIS', { 1: '1', 2: sent, 3: `OV${minutes}^Office visit^L`, 4: start, 7: minutes, 8: 'min' }),
        segment('AIL', { 1: '1', 2: sent, 3: `CLN1^${room}^^GHH`, 6: start, 9: minutes, 10: 'min' }),
        segment('AIP', { 1: '1', 2: sent, 3: doctor, 4: 'ATND^attender^L', 6: start, 9: minutes, 10: 'min' }),
      ],
    }
  })

const kinds = ['CG', 'CG', 'PY', 'CO', 'AJ', 'CD'] as const

const lineId = (n: number): string => `#LINE${n}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO`

function ledgerLine(kind: string, n: number, amount: string, code: string, original?: string): string {
  const fields = { 4: '20260305103500', 5: '20260305110000', 6: kind, 7: `${code}^Visit^L`, 10: '1' }
  return segment('FT1', {
    1: String(n + 1),
    2: lineId(n),
    ...fields,
    11: `${amount}&USD`,
    ...(original === undefined ? {} : { 31: original }),
  })
}

/**
 * The line number is made from the message's place, so that no two lines collide. A credit names its charge and comes
 * with it: which charge an unnamed one takes back depends on what was posted before.
 */
const charge: fc.Arbitrary<Draft> = fc
  .record({
    patient: who,
    number: fc.integer({ min: 0, max: 1 }),
    lines: fc.array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        amount: fc.constantFrom('150.00', '20.5', '0.125', '99'),
        code: fc.constantFrom('99213', '99214'),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    named: fc.boolean(),
    address: maybe(addresses),
  })
  .map(({ patient, number, lines, named, address }) => ({
    source: 'BILL1|GHH',
    event: 'DFT^P03',
    segments: [
      pid(
        compact({
          3: mrn(`M${patient}`),
          5: named ? 'DOE^BILLING^^^^^L' : undefined,
          11: named ? address : undefined,
          18: account(`A${patient}${number}`),
        }),
      ),
      segment('PV1', { 1: '1', 2: number === 0 ? 'I' : 'O', 19: visit(`V${patient}${number}`) }),
      ...lines.flatMap(({ kind, amount, code }, i) =>
        kind === 'CD'
          ? [ledgerLine('CG', i * 2, amount, code), ledgerLine('CD', i * 2 + 1, amount, code, lineId(i * 2))]
          : [ledgerLine(kind, i * 2, amount, code)],
      ),
    ],
  }))

/** A history in the order in which it happened: every message has a minute of its own. */
export function history(size: { min: number; max: number }): fc.Arbitrary<Told[]> {
  const one = fc.oneof(
    { arbitrary: person, weight: 4 },
    { arbitrary: encounter, weight: 4 },
    { arbitrary: booking, weight: 3 },
    { arbitrary: charge, weight: 2 },
  )
  return fc.array(one, { minLength: size.min, maxLength: size.max }).map((list) =>
    list.map((each, i) => ({
      ...each,
      minute: (i + 1) * 7,
      segments: each.segments.map((line) => line.replaceAll('#LINE', `L${i}-`)),
    })),
  )
}

/** A permutation of 0 .. n-1 out of numbers that fast-check shrinks. */
export function permuted<T>(list: readonly T[], keys: readonly number[]): T[] {
  return list
    .map((each, i) => ({ each, key: keys[i] ?? 0, i }))
    .sort((a, b) => a.key - b.key || a.i - b.i)
    .map(({ each }) => each)
}

// ------------------------------------------------------------------------------------------------ who hears of it

export interface Hearing {
  /** Default 1. Another one is another store: nothing need be emptied for it. */
  readonly tenant?: number
  readonly lanes?: number
  readonly maxBatchMessages?: number
}

export interface Listener {
  readonly engine: Engine
  readonly faults: unknown[]
  send(text: string): Promise<Answer>
  idle(): Promise<void>
  /** Empties the store. */
  reset(): Promise<void>
  /** Current resources but Provenance and Task, as canonical text by 'Type/id'. */
  state(): Promise<Map<string, string>>
}

/** The acceptance site with one more registration system. */
export const storySite = (): Site =>
  acceptanceSite((site) => {
    site.sources = [...(site.sources as object[]), { id: 'REG|GHH', token: 'REG-token', trust: 60 }]
    site.subscribers = []
  })

/** An engine on a database that the caller owns. Its clock stands on 2026-03-20. */
export function listener(store: TestDatabase, site: Site, hearing: Hearing = {}): Listener {
  const faults: unknown[] = []
  const engine = createEngine({
    db: store.db,
    tenant: 1,
    site: () => site,
    maps: baseMaps,
    clock: { now: () => new Date('2026-03-20T12:00:00-05:00') },
    lineage: false,
    maxBatchMessages: 200,
    maxBatchBytes: 1 << 22,
    maxWaiting: 10_000,
    maxWaitingBytes: 67_108_864,
    observe: createMetrics((_id, error) => faults.push(error)),
    ...hearing,
  })
  return {
    engine,
    faults,
    send: async (text) => {
      const { bytes } = await engine.receive({ raw: Buffer.from(text), channel: 'mllp', peer: 'test:1' })
      return readAnswers(bytes)[0] ?? { code: '', text: '', errors: [], codes: [] }
    },
    idle: async () => {
      while (!(await engine.idle())) await new Promise((resolve) => setImmediate(resolve))
    },
    reset: () => engine.reset(),
    state: () => stateOf(store, hearing.tenant),
  }
}

/** A database for several listeners. */
export const storyDatabase = (): Promise<TestDatabase> => testDatabase()

export async function stateOf(store: TestDatabase, tenant = 1): Promise<Map<string, string>> {
  const rows = await store.db.read.query<{ rtype: string; id: string; body: string }>(
    'test_state',
    `select rtype, id, body::text as body from resource
     where tenant = $1 and not deleted and rtype not in ('Provenance', 'Task') order by rtype, id`,
    [tenant],
  )
  return new Map(rows.map(({ rtype, id, body }) => [`${rtype}/${id}`, exact(body)]))
}

/** Canonical text whose decimals keep their digits. */
function exact(body: string): string {
  const read = readJson(body)
  if ('issues' in read) throw new Error(read.issues[0]?.diagnostics)
  return canonicalJson(read.value)
}

export const digestOf = (state: ReadonlyMap<string, string>): string =>
  createHash('sha256')
    .update([...state].map(([key, text]) => `${key} ${text}`).join('\n'))
    .digest('hex')

/** What differs between two states, for a person to read. */
export function difference(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const out: string[] = []
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    if (a.get(key) !== b.get(key))
      out.push(`${key}\n  - ${a.get(key) ?? 'absent'}\n  + ${b.get(key) ?? 'absent'}`)
  }
  return out
}
