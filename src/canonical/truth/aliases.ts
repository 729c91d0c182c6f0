// As what things are shown, on top of what the world knows: one hop each.
import type { Alias } from './change.ts'
import { entityKey, mergeable, type World } from './world.ts'

export class Aliases {
  /** In the order in which they were set. */
  readonly changed: Alias[] = []
  readonly #world: World
  readonly #targets = new Map<string, string | null>()
  readonly #members = new Map<string, Set<string>>()

  constructor(world: World) {
    this.#world = world
  }

  survivorId(rtype: string, id: string): string {
    if (!mergeable.has(rtype)) return id
    const key = entityKey(rtype, id)
    const own = this.#targets.get(key)
    const next = own === undefined ? this.#world.merges.get(key) : own
    // Of a patient everything is needed sooner or later; of the others only where they are shown.
    if (next === undefined) this.#world.miss({ kind: rtype === 'Patient' ? 'entity' : 'merge', rtype, id })
    return next ?? id
  }

  survivor(reference: string): string {
    const slash = reference.indexOf('/')
    const rtype = reference.slice(0, slash)
    return mergeable.has(rtype) ? `${rtype}/${this.survivorId(rtype, reference.slice(slash + 1))}` : reference
  }

  members(rtype: string, id: string): ReadonlySet<string> {
    const key = entityKey(rtype, id)
    const known = this.#members.get(key) ?? this.#world.members.get(key)
    if (!known) this.#world.entity(rtype, id)
    return known ?? new Set()
  }

  set(rtype: string, sourceId: string, targetId: string | undefined): void {
    const before = this.survivorId(rtype, sourceId)
    if (before === (targetId ?? sourceId)) return
    if (before !== sourceId) this.#own(rtype, before).delete(sourceId)
    if (targetId !== undefined) this.#own(rtype, targetId).add(sourceId)
    this.#targets.set(entityKey(rtype, sourceId), targetId ?? null)
    this.changed.push({ rtype, sourceId, targetId })
  }

  #own(rtype: string, id: string): Set<string> {
    const own = new Set(this.members(rtype, id))
    this.#members.set(entityKey(rtype, id), own)
    return own
  }

  /** Makes it part of the world. */
  commit(): void {
    for (const [key, to] of this.#targets) this.#world.merges.set(key, to)
    for (const [key, all] of this.#members) this.#world.members.set(key, all)
  }
}
