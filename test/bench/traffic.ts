// Traffic of a made-up hospital, endless and the same for the same seed: ADT, SIU and DFT (HL7 v2.5.1, chapters 3, 6, 10).

import { type Chance, chanceOf } from '../../src/generate/chance.ts'
import { Calendar, type Time } from './calendar.ts'
import { beds, type Person, personOf, practitioners } from './persons.ts'
import { weighted } from './weighted.ts'

export const events = ['A01', 'A02', 'A03', 'A08', 'A28', 'A31', 'S12', 'S13', 'S14', 'S15', 'P03'] as const
export type Event = (typeof events)[number]

export interface TrafficOptions {
  readonly seed: number
  /** Patients of all shards together that are registered first, one A28 each; then the mix begins, and more come. */
  readonly patients: number
  /** This generator makes the messages of every `shards`-th patient: one feed that keeps their order. */
  readonly shard: number
  readonly shards: number
}

interface Visit {
  readonly number: string
  readonly account: string
  readonly admitted: string
  readonly attending: string
  place: string
}

interface Booking {
  readonly filler: string
  time: Time
}

interface PatientState {
  readonly person: Person
  registered: boolean
  visit: Visit | undefined
  /** The last visit that has ended: late charges go to it. */
  past: Visit | undefined
  readonly bookings: Booking[]
}

/** How often an event follows, where the patient's state allows it. */
const weights: Readonly<Record<Exclude<Event, 'A28'>, number>> = {
  A01: 16,
  A02: 8,
  A03: 12,
  A08: 16,
  A31: 5,
  S12: 10,
  S13: 5,
  S14: 4,
  S15: 4,
  P03: 20,
}
/** Of 100 messages of the mix, those that register somebody new. */
const newcomers = 4
const openBookings = 3
/** Local wall clock of the hospital, written as if it were UTC: no daylight saving change is near. */
const firstMessage = Date.UTC(2026, 3, 1, 6, 0, 0)

const dtm = (ms: number): string => new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)

export class Traffic {
  readonly #pick: Chance
  readonly #states: PatientState[] = []
  readonly #options: TrafficOptions
  readonly #calendar: Calendar
  #count = 0
  #things = 0

  constructor(options: TrafficOptions) {
    this.#options = options
    this.#pick = chanceOf(options.seed * 1_000 + options.shard)
    this.#calendar = new Calendar(options.shard, this.#pick)
  }

  /** The next message, segments ended by CR. */
  next(): string {
    const { shard, shards } = this.#options
    const at = firstMessage + (this.#count++ * shards + shard) * 1_000
    const state =
      this.#count <= this.registrations || this.#pick.below(100) < newcomers
        ? this.#newcomer()
        : this.#pick.one(this.#states)
    const event = state.registered ? this.#eventFor(state) : 'A28'
    const segments = this.#write(event, state, at)
    return `${segments.join('\r')}\r`
  }

  /** How many messages of this shard come before the mix. */
  get registrations(): number {
    const { patients, shard, shards } = this.#options
    return Math.ceil((patients - shard) / shards)
  }

  #newcomer(): PatientState {
    const { seed, shard, shards } = this.#options
    const person = personOf(seed, shard + this.#states.length * shards)
    const state = { person, registered: false, visit: undefined, past: undefined, bookings: [] }
    this.#states.push(state)
    return state
  }

  #eventFor(state: PatientState): Event {
    const possible: Exclude<Event, 'A28'>[] = ['A31']
    if (state.visit) possible.push('A02', 'A08', 'A03')
    else possible.push('A01')
    if (state.visit ?? state.past) possible.push('P03')
    if (state.bookings.length < openBookings) possible.push('S12')
    if (state.bookings.length > 0) possible.push('S13', 'S14', 'S15')
    return weighted(this.#pick, possible, (each) => weights[each])
  }

  #write(event: Event, state: PatientState, at: number): string[] {
    switch (event) {
      case 'A28':
        state.registered = true
        return [
          ...this.#head('ADT', event, 'ADT_A05', 'ADT1', at),
          pid(state),
          ...personSegments(state.person),
        ]
      case 'A31':
        state.person.change(this.#pick)
        return [...this.#head('ADT', event, 'ADT_A05', 'ADT1', at), pid(state), 'PV1|1|N']
      case 'A01':
        state.visit = this.#admit(at)
        return [
          ...this.#visitHead(event, 'ADT_A01', state, state.visit, at),
          'PV2|||HIP^Hip replacement^L',
          insurance(state.person),
        ]
      case 'A02':
      case 'A08':
      case 'A03':
        return this.#during(event, state, at)
      case 'P03':
        return this.#charge(state, at)
      default:
        return this.#schedule(event, state, at)
    }
  }

  #head(type: string, event: Event, structure: string, sender: string, at: number): string[] {
    const { seed, shard } = this.#options
    const id = `${seed.toString(36)}-${shard.toString(36)}-${this.#count}`.toUpperCase()
    const time = dtm(at)
    const msh = `MSH|^~\\&|${sender}|LKH|PORTICO|LKH|${time}||${type}^${event}^${structure}|${id}|P|2.5.1`
    return type === 'SIU' ? [msh] : [msh, `EVN||${time}|||REG${1 + (this.#count % 9)}^CLERK^PAT`]
  }

  #visitHead(
    event: Event,
    structure: string,
    state: PatientState,
    visit: Visit,
    at: number,
    end?: string,
    prior = '',
  ): string[] {
    const pv1 = pv1Of(visit, 'I', prior, end)
    return [...this.#head('ADT', event, structure, 'ADT1', at), pid(state, visit), pv1]
  }

  #admit(at: number): Visit {
    const { shard } = this.#options
    const number = `${10 + shard}${String(++this.#things).padStart(7, '0')}`
    return {
      number: `V${number}`,
      account: `A${number}`,
      admitted: dtm(at - 300_000),
      attending: this.#pick.one(practitioners),
      place: this.#pick.one(beds),
    }
  }

  #during(event: 'A02' | 'A08' | 'A03', state: PatientState, at: number): string[] {
    const { visit } = state
    if (!visit) throw new Error('no visit')
    if (event === 'A08') {
      state.person.change(this.#pick)
      return this.#visitHead(event, 'ADT_A01', state, visit, at)
    }
    if (event === 'A02') {
      const prior = visit.place
      visit.place = this.#pick.one(beds)
      return this.#visitHead(event, 'ADT_A02', state, visit, at, undefined, prior)
    }
    state.visit = undefined
    state.past = visit
    return this.#visitHead(event, 'ADT_A03', state, visit, at, dtm(at - 120_000))
  }

  #charge(state: PatientState, at: number): string[] {
    const visit = state.visit ?? state.past
    if (!visit) throw new Error('no visit')
    const lines = 1 + this.#pick.below(2)
    const segments = [
      ...this.#head('DFT', 'P03', 'DFT_P03', 'BILL1', at),
      pid(state, visit),
      pv1Of(visit, 'I', ''),
    ]
    for (let line = 1; line <= lines; line++) {
      const { code, text, amount } = this.#pick.one(fees)
      const transaction = `T${10 + this.#options.shard}${String(++this.#things).padStart(8, '0')}`
      segments.push(
        `FT1|${line}|${transaction}^^^BILL1TX&2.16.840.1.113883.19.200.7&ISO||${dtm(at - 600_000)}|${dtm(at)}|CG|${code}^${text}^L|||1|` +
          `${amount}&USD|${amount}&USD||LKPPO^Lakeside Choice PPO^L|||||M16.11^Unilateral primary osteoarthritis, right hip^I10C|` +
          `${visit.attending}|||||${code}^${text}^C4`,
      )
    }
    return segments
  }

  #schedule(event: Event, state: PatientState, at: number): string[] {
    const booking = event === 'S12' ? this.#book(at) : this.#pick.one(state.bookings)
    if (event === 'S12') state.bookings.push(booking)
    if (event === 'S13') booking.time = this.#calendar.move(booking.time, at)
    if (event === 'S15') this.#calendar.free(booking.time)
    if (event === 'S15') state.bookings.splice(state.bookings.indexOf(booking), 1)
    const { practitioner, room } = booking.time.consultant
    const start = dtm(booking.time.start)
    const status = event === 'S15' ? 'Cancelled^Cancelled^HL70278' : 'Booked^Booked^HL70278'
    const reason = {
      S12: 'NEW^New booking^L',
      S13: 'PATREQ^Patient request^L',
      S14: 'MOD^Comment added^L',
      S15: 'PATCAN^Cancelled by the patient^L',
    }
    const segments = [
      ...this.#head('SIU', event, 'SIU_S12', 'SCHED1', at),
      `SCH||${booking.filler}^SCHED1^2.16.840.1.113883.19.200.4^ISO||||${reason[event as 'S12']}|FOLLOWUP^A follow up visit from a previous appointment^HL70276|` +
        `Normal^Routine schedule request type^HL70277||||||||77^CLERK^PAT||||77^CLERK^PAT|||||${status}`,
      `TQ1|1|||||30^min&minute&UCUM|${start}`,
    ]
    if (event === 'S14') segments.push('NTE|1||Brings X-rays from another hospital')
    segments.push(pid(state))
    if (event === 'S14' || event === 'S15') return [...segments, 'RGS|1|X']
    const action = event === 'S12' ? 'A' : 'U'
    const tail = `${start}|||30|min||Booked^Booked^HL70278`
    return [
      ...segments,
      `RGS|1|${action}`,
      `AIS|1|${action}|OV30^Office visit 30^L|${tail}`,
      `AIL|1|${action}|${room}|||${tail}`,
      `AIP|1|${action}|${practitioner}|ATND^attender^L||${tail}`,
    ]
  }

  #book(at: number): Booking {
    return {
      filler: `F${10 + this.#options.shard}${String(++this.#things).padStart(7, '0')}`,
      time: this.#calendar.book(at),
    }
  }
}

const fees = [
  { code: '99221', text: 'Initial hospital care', amount: '180.00' },
  { code: '99232', text: 'Subsequent hospital care', amount: '115.50' },
  { code: '99238', text: 'Discharge day management', amount: '140.25' },
  { code: '73502', text: 'X-ray of hip', amount: '88.00' },
  { code: '97110', text: 'Therapeutic exercise', amount: '62.75' },
] as const

function pid({ person }: PatientState, visit?: Visit): string {
  const account = visit ? `${visit.account}^^^LKHACCT&2.16.840.1.113883.19.200.2&ISO^AN` : ''
  return `PID|1||${person.mrn}^^^LKH&2.16.840.1.113883.19.200.1&ISO^MR||${person.name}||${person.born}|${person.sex}||2106-3^White^HL70005|${person.address}||${person.phones}|${person.work}|en^English^HL70296|M^Married^HL70002||${account}||||N^Not Hispanic or Latino^HL70189`
}

function personSegments(person: Person): string[] {
  return [
    `PD1||||${person.doctor}||||||||N`,
    `NK1|1|${person.kin}|SPO^Spouse^HL70063||^PRS^CP^^1^217^${person.kinPhone}||C^Emergency Contact^HL70131`,
    'PV1|1|N',
    insurance(person),
  ]
}

function insurance(person: Person): string {
  return (
    'IN1|1|LKPPO^Lakeside Choice PPO^L|LAKESIDEHP^^^PAYERID&2.16.840.1.113883.19.202.1&ISO^NIIP|Lakeside Health Plan|PO BOX 4400^^CHICAGO^IL^60601^USA||^WPN^PH^^1^800^5550100|' +
    `GRP3340|Lakeside School District|||20260101|||PPO^preferred provider organization policy^HL70086|${person.name}|SEL^Self^HL70063|${person.born}|` +
    `${person.address}|||1||||||||||||||${person.policy}|||||||||||||${person.policy}^^^LAKEPPO&2.16.840.1.113883.19.202.2&ISO^MB`
  )
}

function pv1Of(visit: Visit, patientClass: string, prior: string, end?: string): string {
  const number = `${visit.number}^^^LKHVN&2.16.840.1.113883.19.200.3&ISO^VN`
  const disposition = end === undefined ? '' : '01^Home or self care^HL70112'
  return `PV1|1|${patientClass}|${visit.place}|R^Routine^HL70007||${prior}|${visit.attending}|||MED^Medical Service^HL70069||||1^Physician referral^HL70023|||||${number}|||||||||||||||||${disposition}||||||||${visit.admitted}${end === undefined ? '' : `|${end}`}`
}
