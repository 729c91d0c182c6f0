// The part of the truth that a batch of messages touches, in memory, with one draft per message on top.
import type { SearchQuery } from '../../fhir/search-query.ts'
import type { Taken, TakenBy } from '../appointment/busy.ts'
import type { FhirJson } from '../fhir-json.ts'
import type { Dependent } from '../identity/dependents.ts'
import type { Moment } from '../identity/identity-log.ts'
import type { Contribution } from './contribution.ts'

export interface Entity {
  readonly rtype: string
  readonly id: string
  /** 0 = not stored yet. */
  readonly version: number
  readonly deleted: boolean
  /** When its version was made, milliseconds; 0 when there is none. */
  readonly updatedAt: number
  /** sha256 of the canonical body, hexadecimal; undefined when there is none. */
  readonly hash: string | undefined
  readonly body: FhirJson | undefined
  /** By contributionKey(). */
  readonly contributions: ReadonlyMap<string, Contribution>
}

export interface Registration {
  /** The record of the identifier, for ever; whom it means by now is told by the identity log. */
  readonly id: string
  /** When a message first named it alone; undefined when it came with others only. */
  readonly since?: Moment
}

/** Types whose things may turn out to be one. */
export const mergeable: ReadonlySet<string> = new Set(['Patient', 'Account', 'Encounter', 'Coverage'])

export interface LedgerLine {
  readonly source: string
  readonly line: string
  readonly accountId: string | undefined
  readonly rtype: string
  readonly id: string
  readonly kind: 'CG' | 'CD' | 'PY' | 'AJ' | 'CO'
  /** '' = the line has none. */
  readonly code: string
  /** Decimal text as posted. */
  readonly amount: string
  readonly currency: string
  /** sha256 of what was posted, hexadecimal. */
  readonly content: string
  /** Line that a credit or an adjustment names as the one that it is about. */
  readonly original: string | undefined
  /** When it was entered, and when that was told, milliseconds: newer lines are used up first. */
  readonly t: number
  readonly m: number
  readonly messageId: string
}

/** What has to be loaded before a message can be applied; thrown by the world, caught by the pipeline alone. */
export type Need =
  | { readonly kind: 'entity'; readonly rtype: string; readonly id: string }
  | { readonly kind: 'merge'; readonly rtype: string; readonly id: string }
  | { readonly kind: 'registration'; readonly rtype: string; readonly system: string; readonly value: string }
  | { readonly kind: 'ledger'; readonly source: string; readonly line: string }
  | { readonly kind: 'charges'; readonly accountId: string; readonly code: string }
  | { readonly kind: 'busy'; readonly actor: string; readonly day: number }
  /** What refers to a thing, loaded with all that is said of it. */
  | { readonly kind: 'referrers'; readonly target: string }
  /** The same without what has nothing but the reference to change (dependents.ts). */
  | { readonly kind: 'dependents'; readonly target: string }
  /** What was set aside of a visit (settled.ts). */
  | { readonly kind: 'past'; readonly id: string }
  /** Ids of what matches a client's criteria. */
  | { readonly kind: 'search'; readonly name: string; readonly query: SearchQuery }

export class Miss extends Error {
  readonly need: Need
  constructor(need: Need) {
    super(`not loaded: ${JSON.stringify(need)}`)
    this.need = need
  }
}

export const contributionKey = (source: string, key: string): string => `${source}\u0001${key}`
export const entityKey = (rtype: string, id: string): string => `${rtype}/${id}`
export const splitEntityKey = (key: string): [rtype: string, id: string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}
export const registrationKey = (rtype: string, system: string, value: string): string =>
  `${rtype}\u0001${system}\u0001${value}`
export const storedKey = (entity: string, contribution: string): string => `${entity}\u0001${contribution}`
export const lineKey = (source: string, line: string): string => `${source}\u0001${line}`

/** Everything loaded so far, and what drafts have added. A missing key is unknown; null is known to be absent. */
export class World {
  readonly entities = new Map<string, Entity>()
  readonly registrations = new Map<string, Registration | null>()
  /** Texts of contributions as they are in the store, by storedKey(): what is only said once more is not written again. */
  readonly stored = new Map<string, string>()
  /** 'Patient/old' -> id as which it is shown. Loaded together with the entity. */
  readonly merges = new Map<string, string | null>()
  /** 'Patient/x' -> ids of what is shown as it. Loaded together with the entity. */
  readonly members = new Map<string, ReadonlySet<string>>()
  /** Needs that no hint had named. */
  misses: number
  readonly lines = new Map<string, LedgerLine | null>()
  /** Charges and credits by chargesKey(). */
  readonly charges = new Map<string, readonly LedgerLine[]>()
  /** Busy intervals in the store by busyKey(). */
  readonly busy = new Map<string, readonly TakenBy[]>()
  /** What appointments take since, by appointment. */
  readonly busyChanged = new Map<string, readonly Taken[]>()
  /** 'Patient/x' -> keys of entities that refer to it; loaded for merges only. */
  readonly referrers = new Map<string, readonly string[]>()
  /** 'Patient/x' -> keys of what is shown to refer to it, not all of it loaded. */
  readonly dependentsOf = new Map<string, readonly string[]>()
  /** By entityKey(); what is loaded since is an entity. */
  readonly dependents = new Map<string, Dependent>()
  /** Criteria -> ids, in the store: what the batch has written is not among them. */
  readonly searches = new Map<string, readonly string[]>()

  /** While set, what is missing is noted here instead of thrown: a message is tried out to learn all that it needs. */
  collected: Need[] | undefined

  /** The batch has one item: nothing that is in the store is older than what is here. */
  readonly alone: boolean

  constructor(alone = false) {
    this.alone = alone
    this.collected = undefined
    this.misses = 0
  }

  entity(rtype: string, id: string): Entity {
    const entity = this.entities.get(entityKey(rtype, id))
    if (entity) return entity
    this.miss({ kind: 'entity', rtype, id })
    return absentEntity(rtype, id)
  }

  /** Ids of at most two resources that match; `name` is the criteria as they were written. */
  search(name: string, query: SearchQuery): readonly string[] {
    const found = this.searches.get(name)
    if (!found) this.miss({ kind: 'search', name, query })
    return found ?? []
  }

  /** Takes over what a message has made; what was loaded as referring to something has it, too. */
  set(key: string, entity: Entity): void {
    this.entities.set(key, entity)
    for (const lists of [this.referrers, this.dependentsOf]) {
      for (const [target, keys] of lists) {
        const isNew = key !== target && !key.startsWith('Provenance/') && !keys.includes(key)
        if (isNew && JSON.stringify(entity.body ?? null).includes(`"${target}"`))
          lists.set(target, [...keys, key].sort())
      }
    }
  }

  /** Throws Miss, or notes the need and lets the caller go on as if there were nothing. */
  miss(need: Need): void {
    if (!this.collected) throw new Miss(need)
    this.collected.push(need)
  }
}

export const absentEntity = (rtype: string, id: string): Entity => ({
  rtype,
  id,
  version: 0,
  deleted: false,
  updatedAt: 0,
  hash: undefined,
  body: undefined,
  contributions: new Map(),
})

export const isShown = (entity: Entity): boolean => entity.version > 0 && !entity.deleted
