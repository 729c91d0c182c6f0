// Who is taken when: the busy intervals of an actor's day, and which of two bookings came first (semantics, section 9).

import type { World } from '../truth/world.ts'
import type { BusyInterval } from './appointment-actors.ts'

/** One busy interval of one actor, taken by one appointment. Times in milliseconds since the epoch. */
export interface Taken {
  readonly actor: string
  readonly start: number
  readonly end: number
  /** Since when it is booked for that time. */
  readonly since: number
}

export interface TakenBy extends Taken {
  readonly appointment: string
}

const msPerDay = 86_400_000

/** Days of one interval that are compared with others; of a longer one, the rest is not. */
export const maxBusyDays = 31

/** Days (of UTC, since the epoch) that an interval touches. */
export function daysOf({ start, end }: { readonly start: number; readonly end: number }): number[] {
  const first = Math.floor(start / msPerDay)
  const last = Math.max(first, Math.floor((end - 1) / msPerDay))
  return Array.from({ length: Math.min(maxBusyDays, last - first + 1) }, (_, i) => first + i)
}

export const busyKey = (actor: string, day: number): string => `${actor}|${day}`

export const takenOf = (busy: readonly BusyInterval[]): Taken[] =>
  busy.map(({ actor, start, end, since }) => ({
    actor,
    start: Date.parse(start),
    end: Date.parse(end),
    since,
  }))

const overlaps = (a: Taken, b: Taken): boolean => a.actor === b.actor && a.start < b.end && b.start < a.end

/** True when the booking of `other` is the older one. */
export const isEarlier = (other: TakenBy, own: TakenBy): boolean =>
  other.since < own.since || (other.since === own.since && other.appointment < own.appointment)

/** The busy intervals as one message sees them: those of the world, and its own on top. */
export class DraftBusy {
  readonly #world: World
  /** By appointment: all that it takes now. */
  readonly changed = new Map<string, readonly Taken[]>()

  constructor(world: World) {
    this.#world = world
  }

  take(appointment: string, now: readonly Taken[]): void {
    this.changed.set(appointment, now)
  }

  /** Intervals of other appointments that overlap with one of this appointment. */
  rivals(appointment: string, own: Taken): TakenBy[] {
    const found = new Map<string, TakenBy>()
    for (const day of daysOf(own)) {
      const stored = this.#world.busy.get(busyKey(own.actor, day))
      if (!stored) this.#world.miss({ kind: 'busy', actor: own.actor, day })
      for (const each of stored ?? [])
        if (!this.#replaced(each.appointment) && overlaps(each, own)) found.set(each.appointment, each)
    }
    for (const changes of [this.#world.busyChanged, this.changed]) {
      for (const [by, list] of changes) {
        if (changes !== this.changed && this.changed.has(by)) continue
        for (const each of list) if (overlaps(each, own)) found.set(by, { ...each, appointment: by })
      }
    }
    found.delete(appointment)
    return [...found.values()].sort((a, b) => (isEarlier(a, b) ? -1 : 1))
  }

  /** Appointments among them that were booked later: what this one takes or leaves means something to these alone. */
  rivalsAfter(appointment: string, own: Taken): string[] {
    const later = this.rivals(appointment, own).filter((each) => isEarlier({ ...own, appointment }, each))
    return later.map((each) => each.appointment)
  }

  #replaced(appointment: string): boolean {
    return this.changed.has(appointment) || this.#world.busyChanged.has(appointment)
  }

  /** Makes what was taken and freed part of the world. */
  commit(): void {
    for (const [appointment, list] of this.changed) this.#world.busyChanged.set(appointment, list)
  }
}
