// Segments of a generated day (HL7 v2.5.1, chapters 3, 6 and 10).
import type { Authority, Cast } from './cast.ts'
import type { Person } from './person.ts'

/** 'YYYYMMDDHHMMSS' of a local wall clock that is written as if it were UTC. */
export const dtm = (ms: number): string => new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)

/** Fields by number: { 3: '1', 5: 'DOE^JANE' }. */
export function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(0, ...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, i) => fields[i + 1] ?? '')].join('|')
}

const cx = (value: string, { namespace, oid }: Authority, type: string): string =>
  `${value}^^^${namespace}&${oid}&ISO^${type}`
export const ei = (value: string, { namespace, oid }: Authority): string => `${value}^${namespace}^${oid}^ISO`

export interface Visit {
  readonly number: string
  readonly account: string
  readonly kind: 'I' | 'O' | 'E'
  readonly doctor: string
  place: string
}

export const doctors = [
  '1234567893^LINDQVIST^ERIK^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
  '1003000126^LOPEZ^INES^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
  '1999999984^OKONKWO^GRACE^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
] as const
export const beds = ['3N^301^A', '3N^301^B', '3N^302^A', 'ICU^02^1', '4S^410^A'] as const
export const rooms = ['CLN1^EX1', 'CLN1^EX2', 'CLN2^EX1'] as const

export function pid(cast: Cast, person: Person, more: { visit?: Visit; walkin?: boolean } = {}): string {
  const { record, walkinRecord, account } = cast
  const own = cx(person.number, record, 'MR')
  const other = walkinRecord && person.walkin ? cx(person.walkin, walkinRecord, 'MR') : undefined
  const { visit, walkin = false } = more
  return segment('PID', {
    1: '1',
    3: walkin && other ? `${other}~${own}` : own,
    5: `${person.family}^${person.given}^^^^^L`,
    7: person.born,
    8: person.sex,
    11: person.address,
    13: person.phone,
    16: `${person.marital}^^HL70002`,
    ...(visit && { 18: cx(visit.account, account, 'AN') }),
  })
}

export function pv1(
  cast: Cast,
  visit: Visit,
  more: { prior?: string; end?: string; start?: string } = {},
): string {
  return segment('PV1', {
    1: '1',
    2: visit.kind,
    3: `${visit.place}^${cast.gateway.facility}`,
    ...(more.prior !== undefined && { 6: `${more.prior}^${cast.gateway.facility}` }),
    7: visit.doctor,
    10: 'MED^Medical Service^HL70069',
    19: cx(visit.number, cast.visit, 'VN'),
    ...(more.end !== undefined && { 36: '01^Home^HL70112', 45: more.end }),
    ...(more.start !== undefined && { 44: more.start }),
  })
}

export function in1(person: Person): string {
  return segment('IN1', {
    1: '1',
    2: `${person.plan}^Plan ${person.plan}^L`,
    3: `${person.plan}P`,
    4: `Payer of ${person.plan}`,
    12: '20260101',
    16: `${person.family}^${person.given}^^^^^L`,
    17: 'SEL^Self^HL70063',
    18: person.born,
    22: '1',
    36: person.member,
  })
}

export const mrg = (cast: Cast, number: string): string =>
  segment('MRG', { 1: cx(number, cast.record, 'MR') })

export interface Line {
  readonly number: string
  readonly kind: 'CG' | 'PY' | 'CO' | 'CD'
  readonly code: string
  readonly amount: string
  /** The line that a credit takes back. */
  readonly of?: string
}

export function ft1(cast: Cast, line: Line, place: number, at: string): string {
  const id = (value: string) => `${value}^^^${cast.line.namespace}&${cast.line.oid}&ISO`
  return segment('FT1', {
    1: String(place),
    2: id(line.number),
    4: at,
    5: at,
    6: line.kind,
    7: `${line.code}^Service ${line.code}^L`,
    10: '1',
    11: `${line.amount}&USD`,
    ...(line.of !== undefined && { 31: id(line.of) }),
  })
}

export interface Booking {
  readonly number: string
  readonly doctor: string
  readonly room: string
  start: string
}

export function booking(
  cast: Cast,
  person: Person,
  booked: Booking,
  status: string,
  action: 'A' | 'U' | 'X',
): string[] {
  const { start } = booked
  const times = { 9: '30', 10: 'min' }
  const head = [
    segment('SCH', {
      2: ei(booked.number, cast.booking),
      6: 'REASON^Reason^L',
      7: 'FOLLOWUP^Follow up^HL70276',
      16: '77^CLERK^PAT',
      25: `${status}^${status}^HL70278`,
    }),
    segment('TQ1', { 1: '1', 6: '30^min&minute&ISO+', 7: start }),
    pid(cast, person),
    segment('RGS', { 1: '1', 2: action }),
  ]
  if (action === 'X') return head
  return [
    ...head,
    segment('AIS', { 1: '1', 2: action, 3: 'OV30^Office visit^L', 4: start, 7: '30', 8: 'min' }),
    segment('AIL', { 1: '1', 2: action, 3: `${booked.room}^^${cast.gateway.facility}`, 6: start, ...times }),
    segment('AIP', { 1: '1', 2: action, 3: booked.doctor, 4: 'ATND^attender^L', 6: start, ...times }),
  ]
}
