// What happens to one patient in a generated day: registered, booked, admitted, moved, charged, discharged, merged.
import type { Cast } from './cast.ts'
import type { Chance } from './chance.ts'
import type { Happening } from './day.ts'
import { addressOf, type Person, phoneOf } from './person.ts'
import {
  type Booking,
  beds,
  booking,
  doctors,
  dtm,
  ft1,
  in1,
  type Line,
  mrg,
  pid,
  pv1,
  rooms,
  segment,
  type Visit,
} from './segments.ts'

const msPerMinute = 60_000
const msPerDay = 86_400_000
const fees = ['180.00', '115.50', '88.00', '20.5', '62.75'] as const

export class Story {
  readonly #cast: Cast
  readonly #person: Person
  readonly #end: number
  readonly #chance: Chance
  readonly #told: Happening[] = []
  #now: number
  #things = 0

  constructor(cast: Cast, person: Person, span: { begin: number; end: number }, chance: Chance) {
    this.#cast = cast
    this.#person = person
    this.#chance = chance
    this.#now = span.begin + chance.below(Math.max(1, Math.floor((span.end - span.begin) * 0.6)))
    this.#end = span.end
  }

  /** What happens to this person until the day ends. */
  tell(): readonly Happening[] {
    const chance = this.#chance
    this.#tell('ADT^A28', [this.#pid(), 'PV1|1|N', in1(this.#person)])
    if (this.#person.walkin !== undefined && chance.happens(0.6)) this.#walkIn()
    const what = chance.below(10)
    if (what < 4) this.#inpatient()
    else if (what < 8) this.#outpatient()
    else if (what < 9) this.#doubleRecord()
    if (chance.happens(0.4)) this.#moves()
    return this.#told
  }

  #pid = (visit?: Visit): string => pid(this.#cast, this.#person, visit ? { visit } : {})

  /** Tells one thing, some minutes after the one before. */
  #tell(event: string, segments: readonly string[], source = this.#cast.registration): void {
    const at = this.#now
    this.#now += (1 + this.#chance.below(90)) * msPerMinute + this.#chance.below(60) * 1_000
    if (at < this.#end) this.#told.push({ event, source, at, segments })
  }

  #number = (letter: string): string => `${letter}${this.#person.number}-${++this.#things}`

  #visit(kind: Visit['kind']): Visit {
    const place = kind === 'I' ? this.#chance.one(beds) : this.#chance.one(rooms)
    return {
      number: this.#number('V'),
      account: this.#number('A'),
      kind,
      doctor: this.#chance.one(doctors),
      place,
    }
  }

  #inpatient(): void {
    const chance = this.#chance
    const visit = this.#visit('I')
    const adt = (event: string, more: Parameters<typeof pv1>[2] = {}) =>
      this.#tell(event, [this.#pid(visit), pv1(this.#cast, visit, more)])
    if (chance.happens(0.3)) adt('ADT^A05')
    const start = dtm(this.#now - 5 * msPerMinute)
    this.#tell('ADT^A01', [this.#pid(visit), pv1(this.#cast, visit, { start }), in1(this.#person)])
    if (chance.happens(0.1)) {
      adt('ADT^A11')
      return
    }
    for (let moves = chance.below(3); moves > 0; moves--) {
      const prior = visit.place
      visit.place = chance.one(beds)
      adt('ADT^A02', { prior, start })
    }
    this.#charge(visit)
    if (chance.happens(0.5)) adt('ADT^A08', { start })
    const end = dtm(this.#now)
    adt('ADT^A03', { start, end })
    if (chance.happens(0.15)) {
      adt('ADT^A13', { start })
      adt('ADT^A03', { start, end: dtm(this.#now) })
    }
    this.#charge(visit)
  }

  #outpatient(): void {
    const chance = this.#chance
    const { scheduling } = this.#cast
    const booked: Booking = {
      number: this.#number('F'),
      doctor: chance.one(doctors),
      room: chance.one(rooms),
      start: this.#halfHour(),
    }
    const siu = (event: string, status: string, action: 'A' | 'U' | 'X') =>
      this.#tell(event, booking(this.#cast, this.#person, booked, status, action), scheduling)
    siu('SIU^S12', 'Booked', 'A')
    if (chance.happens(0.3)) {
      booked.start = this.#halfHour()
      siu('SIU^S13', 'Booked', 'U')
    }
    if (chance.happens(0.2)) siu('SIU^S14', 'Booked', 'X')
    const end = chance.below(20)
    if (end < 3) siu('SIU^S15', 'Cancelled', 'X')
    else if (end < 5) siu('SIU^S26', 'Noshow', 'X')
    if (end < 5) return
    const visit = this.#visit('O')
    this.#tell('ADT^A04', [this.#pid(visit), pv1(this.#cast, visit), in1(this.#person)])
    this.#charge(visit)
    if (chance.happens(0.5))
      this.#tell('ADT^A03', [this.#pid(visit), pv1(this.#cast, visit, { end: dtm(this.#now) })])
  }

  #halfHour(): string {
    const day = Math.floor(this.#now / msPerDay) + 1 + this.#chance.below(14)
    return dtm(day * msPerDay + (16 + this.#chance.below(18)) * 30 * msPerMinute)
  }

  /** Charges, perhaps a payment, perhaps a credit for what was charged by mistake. */
  #charge(visit: Visit): void {
    const chance = this.#chance
    const first: Line = { number: this.#number('L'), kind: 'CG', code: '99213', amount: chance.one(fees) }
    const lines: Line[] = [first]
    if (chance.happens(0.4)) {
      const kind = chance.one(['PY', 'CO'] as const)
      lines.push({ number: this.#number('L'), kind, code: 'CASH', amount: '20.00' })
    }
    if (chance.happens(0.15))
      lines.push({ ...first, number: this.#number('L'), kind: 'CD', of: first.number })
    const at = dtm(this.#now)
    this.#tell(
      'DFT^P03',
      [this.#pid(visit), pv1(this.#cast, visit), ...lines.map((each, i) => ft1(this.#cast, each, i + 1, at))],
      this.#cast.billing,
    )
  }

  /** Registered anew under another number with a name misspelt; found out and merged later. */
  #doubleRecord(): void {
    const person = this.#person
    const double: Person = {
      ...person,
      number: `${person.number}9`,
      walkin: undefined,
      family: `${person.family}E`,
    }
    const visit = this.#visit('E')
    this.#tell('ADT^A04', [pid(this.#cast, double, { visit }), pv1(this.#cast, visit)])
    this.#tell('ADT^A40', [this.#pid(), mrg(this.#cast, double.number)])
    this.#charge(visit)
  }

  #moves(): void {
    const person = this.#person
    person.address = addressOf(this.#chance)
    if (this.#chance.happens(0.5)) person.phone = phoneOf(this.#chance)
    this.#tell('ADT^A31', [this.#pid(), 'PV1|1|N'])
  }

  /** The second registration knows the person, too, under both numbers; it does not say everything. */
  #walkIn(): void {
    const { walkin } = this.#cast
    if (walkin === undefined) return
    const own = pid(this.#cast, { ...this.#person, phone: phoneOf(this.#chance) }, { walkin: true })
    this.#tell('ADT^A31', [own, segment('PV1', { 1: '1', 2: 'N' })], walkin)
  }
}
