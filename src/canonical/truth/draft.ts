// What one message changes, on top of the world; folded at the end, then taken over as a whole or dropped.
import type { Reply } from '../../hl7/reply.ts'
import { DraftBusy } from '../appointment/busy.ts'
import { canonicalText, type FhirJson, sameContent } from '../fhir-json.ts'
import type { Finding, TaskRequest } from '../finding.ts'
import { DraftDependents } from '../identity/dependents.ts'
import type { Moment } from '../identity/identity-log.ts'
import type { Site } from '../site.ts'
import { Aliases } from './aliases.ts'
import { type Change, changeTo, creationOf, hashOf, type Joined } from './change.ts'
import type { Assertion, CellKey, Contribution } from './contribution.ts'
import { contextOf } from './draft-context.ts'
import { DraftLines } from './draft-lines.ts'
import { DraftRegistry } from './draft-registry.ts'
import { ancestorsOf, recordsOf } from './family.ts'
import { staleInFamily } from './family-stale.ts'
import { type FoldContext, type Folded, foldEntity, type Projection } from './fold.ts'
import { aboutIn, isLabelled, isRestricted } from './label.ts'
import { stateCells } from './statement.ts'
import {
  contributionKey,
  type Entity,
  entityKey,
  isShown,
  mergeable,
  type Registration,
  splitEntityKey,
  type World,
} from './world.ts'

const maxFoldRounds = 20 // visit, appointment, slot: beyond it things go in circles

export class Draft {
  readonly messageId: string
  readonly findings: Finding[] = []
  readonly tasks: TaskRequest[] = []
  /** Merges that this message makes: what they can be undone by. */
  readonly joined: Joined[] = []
  /** Merges that it undoes: id of the Provenance, and of the record. */
  readonly undone: { readonly id: string; readonly sourceId: string }[] = []
  readonly aliases: Aliases
  /** What was said of actors: remembered once it is stored. */
  readonly stated: { name: string; t: number }[] = []
  /** Work that things call for as they stand now, by entity. */
  readonly work = new Map<string, readonly TaskRequest[]>()
  /** Tasks that this message settles. */
  readonly closed: { code: string; patients: readonly string[] }[] = []
  /** Tasks that a message like this one has left when it was refused; it is not now. */
  readonly settled: { code: string; key: string }[] = []
  /** 'Patient/x' that means another record now, things that were moved: messages may wait for that. */
  readonly changed = new Set<string>()
  /** What the change set is in terms of ISO 21089, when it is more than an update. */
  activity: 'merge' | undefined
  /** What the sender asked for. */
  reply: Reply | undefined
  /** Business time of the change, milliseconds; undefined = when it was received. */
  occurred: number | undefined
  readonly lines: DraftLines
  readonly busy: DraftBusy
  readonly dependents: DraftDependents
  readonly registry: DraftRegistry
  readonly #world: World
  readonly #context: FoldContext
  readonly #changes = new Map<string, Change>()
  readonly #entities = new Map<string, Entity>()
  readonly #contributions = new Map<string, Map<string, Contribution>>()
  readonly #dirty = new Set<string>()
  /** Touched because of what belongs to them: those above them are touched already. */
  readonly #above = new Set<string>()
  readonly #foldOf: typeof foldEntity
  constructor(world: World, messageId: string, site: Site, foldOf: typeof foldEntity = foldEntity) {
    this.#foldOf = foldOf
    this.#world = world
    this.registry = new DraftRegistry(world)
    this.aliases = new Aliases(world)
    this.lines = new DraftLines(world)
    this.busy = new DraftBusy(world)
    this.dependents = new DraftDependents(world, this)
    this.messageId = messageId
    this.#context = contextOf(this, site)
  }

  /** What becomes of resources, each once. */
  get changes(): readonly Change[] {
    return [...this.#changes.values()]
  }

  entity(rtype: string, id: string): Entity {
    return this.#entities.get(entityKey(rtype, id)) ?? this.#world.entity(rtype, id)
  }

  /** True when somebody has said something of it; projections of others do not make a thing exist. */
  exists(rtype: string, id: string): boolean {
    const entity = this.entity(rtype, id)
    if (entity.version > 0 && !entity.deleted) return true
    return [...this.contributions(rtype, id).values()].some((each) => each.source !== 'gateway')
  }

  contributions(rtype: string, id: string): ReadonlyMap<string, Contribution> {
    return this.#contributions.get(entityKey(rtype, id)) ?? this.entity(rtype, id).contributions
  }

  contribution(rtype: string, id: string, source: string, key = ''): Contribution | undefined {
    return this.contributions(rtype, id).get(contributionKey(source, key))
  }

  /** Puts one contribution in the place of the one with the same source and key. `fold`: what shows may differ. */
  contribute(rtype: string, id: string, contribution: Contribution, fold = true): void {
    const at = entityKey(rtype, id)
    const own = this.#contributions.get(at) ?? new Map(this.entity(rtype, id).contributions)
    this.#contributions.set(at, own)
    own.set(contributionKey(contribution.source, contribution.key), contribution)
    if (fold) this.#dirty.add(at)
  }

  withdraw(rtype: string, id: string, source: string, key: string): void {
    if (!this.contribution(rtype, id, source, key)) return
    const empty: Contribution = { source, key, i: this.messageId, cells: {} }
    this.contribute(rtype, id, empty)
  }

  /** Folds again what has not changed itself, because something that it refers to has. */
  touch(rtype: string, id: string): void {
    const key = entityKey(rtype, id)
    // More may change than its references: it has to be loaded.
    if (this.dependents.find(key)) this.entity(rtype, id)
    this.#dirty.add(key)
  }

  /** Shows all that refers to 'Patient/x' with what that means now. */
  follow(target: string): void {
    for (const key of this.dependents.of(target)) this.#dirty.add(key)
  }

  /** States cells for one source. Returns those that are stale: older, and other than what this source has said since,
   * or what wins in a latest-wins group. `key` sets apart what counts for less than the source's own word. */
  assert(
    rtype: string,
    id: string,
    source: string,
    cells: Readonly<Record<CellKey, Assertion>>,
    key: '' | 'fill' | 'mention' | 'file' = '',
  ): CellKey[] {
    const all = this.contributions(rtype, id)
    const { next, stale, echo } = stateCells(rtype, source, all, cells, key)
    const late = key ? [] : staleInFamily(this, { rtype, id, source, cells })
    // The same source may speak of the thing under another number, too.
    const fold = !echo || (mergeable.has(rtype) && recordsOf(this, rtype, id).length > 1)
    if (next) this.contribute(rtype, id, { source, key, i: this.messageId, cells: next }, fold)
    return [...new Set([...stale, ...late])]
  }

  lookup(rtype: string, system: string, value: string): Registration | undefined {
    return this.registry.lookup(rtype, system, value)
  }

  register(rtype: string, system: string, value: string, id: string, since?: Moment): void {
    this.registry.register(rtype, system, value, id, since)
  }

  /** The id that a merged thing is read as; its own when it is not merged. */
  survivorId(rtype: string, id: string): string {
    return this.aliases.survivorId(rtype, id)
  }

  survivor(reference: string): string {
    return this.aliases.survivor(reference)
  }

  /** Ids of what is shown as this thing, in no order. */
  members(rtype: string, id: string): ReadonlySet<string> {
    return this.aliases.members(rtype, id)
  }

  /** Things that refer to 'Patient/x', as keys 'Encounter/y'. */
  referrers(target: string): readonly string[] {
    const known = this.#world.referrers.get(target)
    if (!known) this.#world.miss({ kind: 'referrers', target })
    return known ?? []
  }

  /** A resource that is written once and never folded, such as a Provenance. */
  emit(rtype: string, id: string, body: FhirJson): void {
    this.#changes.set(entityKey(rtype, id), creationOf(rtype, id, body))
  }

  /** Folds all that was touched; things that depend on what changed are folded after them. */
  fold(): void {
    for (let round = 0; this.#dirty.size > 0; round++) {
      // Half of it must never be stored: the message is kept as failed, and the log says so.
      if (round === maxFoldRounds)
        throw new Error(`folding does not end: ${[...this.#dirty].slice(0, 5).join(', ')}`)
      const keys = [...this.#dirty]
      this.#dirty.clear()
      for (const key of keys) this.#foldOne(key)
    }
  }

  #foldOne(key: string): void {
    const plain = this.dependents.changeOf(key)
    if (plain && plain !== 'none') this.#changes.set(key, plain)
    if (plain) return
    const [rtype, id] = splitEntityKey(key)
    const entity = this.entity(rtype, id)
    const contributions = this.contributions(rtype, id)
    // What a record says shows in all that it belongs to.
    if (mergeable.has(rtype) && !this.#above.delete(key)) {
      for (const each of ancestorsOf(this, rtype, id)) {
        this.touch(rtype, each)
        this.#above.add(entityKey(rtype, each))
      }
    }
    const folded = this.#foldOf(rtype, id, [...contributions.values()], this.#context)
    const { body, projections, awaited, work, taking } = folded
    if (work) this.work.set(key, work)
    if (taking) this.#take(id, taking)
    for (const projection of projections) this.project(projection, key)
    if (awaited && isShown(entity) !== (body !== undefined))
      for (const each of awaited) this.touch(...splitEntityKey(each))
    if (!body) {
      if (entity.version > 0 && !entity.deleted) this.#record(entity, contributions, undefined)
      return
    }
    const text = canonicalText(body)
    const digest = hashOf(text)
    if (digest !== entity.hash || entity.deleted) this.#record(entity, contributions, body, text, digest)
    else this.#entities.set(key, { ...entity, contributions })
  }

  /** Whoever came later for an actor of an appointment that has moved is folded again: those before it do not mind. */
  #take(id: string, { before, now }: NonNullable<Folded['taking']>): void {
    this.busy.take(id, now)
    for (const each of [...before, ...now])
      for (const later of this.busy.rivalsAfter(id, each)) this.touch('Appointment', later)
  }

  /** What one thing tells another, unless it is known there. What `by` keeps for itself does not make it fold again. */
  project({ rtype, id, key, data }: Projection, by?: string): void {
    if (sameContent(this.contribution(rtype, id, 'gateway', key)?.data, data)) return
    const told = { source: 'gateway', key, i: this.messageId, cells: {} }
    this.contribute(rtype, id, data === undefined ? told : { ...told, data }, by !== entityKey(rtype, id))
  }

  /** What refers to a patient, as 'Type/id'. */
  about(patient: string): string[] {
    return [...new Set([...this.referrers(patient), ...aboutIn(this.#world.entities, patient)])]
  }

  /** What is about a person has the label of the person: it is folded again when that changes. */
  #relabel({ rtype, id, version }: Entity): void {
    const others = version > 0 ? this.about(`${rtype}/${id}`) : []
    for (const each of [...others, ...this.dependents.about(`${rtype}/${id}`), ...this.#contributions.keys()])
      if (isLabelled(each) && this.contributions(...splitEntityKey(each)).size > 0) this.#dirty.add(each)
  }

  #record(
    entity: Entity,
    contributions: ReadonlyMap<string, Contribution>,
    body: FhirJson | undefined,
    text?: string,
    hash = '',
  ): void {
    const { rtype, id } = entity
    if (rtype === 'Patient' && isRestricted(body) !== isRestricted(entity.body)) this.#relabel(entity)
    const key = entityKey(rtype, id)
    const change = changeTo(entity, this.#changes.get(key), body, text, hash)
    const { version } = change
    // What comes and goes within one message was never there.
    const isGone = change.op === 'delete' && version === 1
    if (isGone) this.#changes.delete(key)
    else this.#changes.set(key, change)
    const shown = { version: isGone ? 0 : version, hash, body, deleted: !isGone && body === undefined }
    this.#entities.set(key, { ...entity, ...shown, contributions })
  }

  /** Makes what this message changed part of the world. Returns what has to be stored beside the changes. */
  commit(): { contributions: { rtype: string; id: string; contribution: Contribution }[] } {
    const world = this.#world
    const contributions: { rtype: string; id: string; contribution: Contribution }[] = []
    for (const [key, own] of this.#contributions) {
      const [rtype, id] = splitEntityKey(key)
      const before = world.entity(rtype, id).contributions
      for (const [at, contribution] of own) {
        if (before.get(at) !== contribution) contributions.push({ rtype, id, contribution })
      }
      this.#entities.set(key, { ...this.entity(rtype, id), contributions: own })
    }
    for (const [key, entity] of this.#entities) world.set(key, entity)
    this.registry.commit()
    this.aliases.commit()
    this.lines.commit()
    this.busy.commit()
    return { contributions }
  }
}
