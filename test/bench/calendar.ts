// The calendar of one outpatient clinic: who is booked when. Nearly every booking finds a free half hour, as at a front desk.

import type { Chance } from '../../src/generate/chance.ts'
import { type Consultant, consultantsOf } from './persons.ts'

export interface Time {
  readonly consultant: Consultant
  /** Milliseconds since the epoch. */
  readonly start: number
}

const msPerDay = 86_400_000
const slotMs = 1_800_000
/** Of a day: from eight to five. */
const [firstSlot, slotsPerDay] = [16, 18]
const daysAhead = 28
/** Of 100 bookings, those that are put on top of another one on purpose. */
const doubled = 2

export class Calendar {
  readonly #consultants: readonly Consultant[]
  readonly #pick: Chance
  readonly #taken: Time[] = []
  /** How many have each time, by its key. */
  readonly #counts = new Map<string, number>()

  constructor(clinic: number, pick: Chance) {
    this.#consultants = consultantsOf(clinic)
    this.#pick = pick
  }

  /** A half hour of a day within the four weeks that follow. */
  book(at: number): Time {
    return this.#take(this.#takenTime(at) ?? this.#freeTime(at, this.#pick.one(this.#consultants)))
  }

  /** Another half hour of the same consultant. */
  move(from: Time, at: number): Time {
    this.free(from)
    return this.#take(this.#freeTime(at, from.consultant))
  }

  #take(time: Time): Time {
    this.#taken.push(time)
    this.#count(time, 1)
    return time
  }

  free(time: Time): void {
    this.#taken.splice(this.#taken.indexOf(time), 1)
    this.#count(time, -1)
  }

  #count(time: Time, more: number): void {
    const key = keyOf(time)
    const count = (this.#counts.get(key) ?? 0) + more
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }

  /** A time that somebody else has, if there is any left that is still to come. */
  #takenTime(at: number): Time | undefined {
    if (this.#taken.length === 0 || this.#pick.below(100) >= doubled) return undefined
    const time = this.#pick.one(this.#taken)
    return time.start > at ? { ...time } : undefined
  }

  #freeTime(at: number, consultant: Consultant): Time {
    for (;;) {
      const day = Math.floor(at / msPerDay) + 1 + this.#pick.below(daysAhead)
      const start = day * msPerDay + (firstSlot + this.#pick.below(slotsPerDay)) * slotMs
      const time = { consultant, start }
      if (!this.#counts.has(keyOf(time))) return time
    }
  }
}

const keyOf = ({ consultant, start }: Time): string => `${consultant.room} ${start}`
