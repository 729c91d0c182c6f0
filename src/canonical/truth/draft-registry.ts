// Numbers as one message sees them: the registry of the world, and what the message tells of them on top.
import type { Moment } from '../identity/identity-log.ts'
import { type Registration, registrationKey, type World } from './world.ts'

export interface Registered {
  readonly rtype: string
  readonly system: string
  readonly value: string
  readonly to: Registration
}

export class DraftRegistry {
  /** In the order in which it was told. */
  readonly told: Registered[] = []
  readonly #world: World
  readonly #own = new Map<string, Registration>()

  constructor(world: World) {
    this.#world = world
  }

  lookup(rtype: string, system: string, value: string): Registration | undefined {
    const key = registrationKey(rtype, system, value)
    const own = this.#own.get(key)
    if (own) return own
    const known = this.#world.registrations.get(key)
    if (known === undefined) this.#world.miss({ kind: 'registration', rtype, system, value })
    return known ?? undefined
  }

  register(rtype: string, system: string, value: string, id: string, since?: Moment): void {
    const known = this.lookup(rtype, system, value)
    if (known?.id === id && known.since?.m === since?.m && known.since?.i === since?.i) return
    const to = { id, ...(since && { since }) }
    this.#own.set(registrationKey(rtype, system, value), to)
    this.told.push({ rtype, system, value, to })
  }

  /** Makes it part of the world. */
  commit(): void {
    for (const [key, to] of this.#own) this.#world.registrations.set(key, to)
  }
}
