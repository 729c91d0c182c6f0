// One batch, one transaction: all that its messages change and all that they owe to others commit together.
// Start reading here: resend check -> load -> apply each message to its draft -> fold -> write.
import { Refusal, type TaskRequest } from '../../canonical/finding.ts'
import type { Site } from '../../canonical/site.ts'
import { Draft } from '../../canonical/truth/draft.ts'
import { type Author, addProvenance } from '../../canonical/truth/provenance.ts'
import { settleWork } from '../../canonical/truth/standing-work.ts'
import { completeTask, openTasks, pairKey } from '../../canonical/truth/task.ts'
import { Miss, World } from '../../canonical/truth/world.ts'
import type { ZoneOffset } from '../../fhir/date.ts'
import type { AckCode, AckError } from '../../hl7/ack.ts'
import type { Reply } from '../../hl7/reply.ts'
import type { Transaction } from '../../store/db.ts'
import { takeStored } from '../../store/messages.ts'
import { lockAgain } from '../../store/truth.ts'
import { settleUnapplied, tasksOfUnapplied } from '../later/unapplied.ts'
import { applyMessage, applyRule, messageTimes } from './apply-item.ts'
import { followDeaths } from './death.ts'
import { type Item, ItemRefused, type MessageItem, type Outcome } from './item.ts'
import { loadBatch, loadNeeds } from './load.ts'
import { hashCharacters, mapsPolicy } from './maps-policy.ts'
import { finishBatch, refusedOutcome } from './read-back.ts'
import { keepRefused, octetWarnings, refuse } from './refuse.ts'
import { answerAgain, answerResend, answersOf, isResend, resends, reuseOf, withoutKey } from './resend.ts'
import type { Said } from './said.ts'
import { needsOf } from './scout.ts'
import { BatchWrite } from './write.ts'

export interface ProcessContext {
  readonly tenant: number
  readonly site: Site
  /** What dates without a zone mean in searches: the site's wall clock. */
  readonly zone: ZoneOffset
  /** Instant in the gateway's zone, ISO 8601 with offset. */
  iso(at: Date | number): string
  /** The acknowledgement of a message, in its sender's delimiters, version and character set. */
  acknowledge(item: MessageItem, code: AckCode, errors: readonly AckError[], reply?: Reply): Uint8Array
  /** What is wrong with a resource that the rules have made; empty when nothing is. */
  validate(resource: object): readonly { readonly path: string; readonly text: string }[]
  /** As many as there are items. Never given before, whatever becomes of the transaction. */
  readonly messageIds: readonly string[]
  /** What this process knows to be in the store of what sources say of actors. */
  readonly said: Said
  /** Shapes of lineage that are in the store already, as far as this process knows. */
  readonly storedShapes: Set<string>
  /** Told when codes that no table has were stored. */
  onUnmapped(): void
  /** Told of content that the rules could not take: a defect of ours. No patient data. */
  onFault(messageId: string, error: unknown): void
}

export interface Processed {
  readonly outcomes: readonly Outcome[]
  /** To be called once the transaction is committed. */
  readonly committed: () => void
}

/** Applies the items in order. Rejects only when the store fails; then nothing of the batch is kept. */
export async function processBatch(
  tx: Transaction,
  items: readonly Item[],
  context: ProcessContext,
): Promise<Processed> {
  const ids = context.messageIds
  await lockAgain(tx, context.tenant)
  const known = await resends(tx, context.tenant, items)
  const stored = items.flatMap((each) => (each.kind === 'message' && each.stored ? [each.stored.id] : []))
  const taken = await takeStored(tx, context.tenant, stored)
  const answers = await answersOf(tx, context.tenant, items)
  const world = new World(items.length === 1)
  const fresh = items.filter((each) => !isResend(each, known))
  const hinted = fresh.flatMap((each) =>
    each.kind === 'message' && each.mapped && !each.defer && !each.refusal
      ? [{ mapped: each.mapped, source: each.source, t: messageTimes(each, each.mapped, context).event }]
      : [],
  )
  const entities = fresh.flatMap((each) => (each.kind === 'rule' ? each.entities : []))
  await loadBatch(tx, context, world, hinted, [...entities, ...tasksOfUnapplied(fresh)])
  const needs = fresh.flatMap((each) => (each.kind === 'rule' ? (each.needs ?? []) : []))
  if (needs.length > 0) await loadNeeds(tx, context.tenant, world, needs)

  const write = new BatchWrite(context, world.stored)
  const outcomes: Outcome[] = []
  for (const [i, item] of items.entries()) {
    const id = item.kind === 'message' && item.stored ? item.stored.id : (ids[i] ?? '')
    if (item.kind === 'message' && item.stored && !taken.has(id)) {
      outcomes.push({
        messageId: id,
        code: 'AA',
        errors: [],
        ack: undefined,
        resent: true,
        draft: undefined,
        diff: [],
      })
      continue
    }
    const reuse = reuseOf(item, known, write)
    const outcome =
      answerAgain(item, answers) ??
      (reuse && (await refuse(tx, world, withoutKey(item), id, reuse, write, context))) ??
      answerResend(item, known, write, context) ??
      (await processItem(tx, world, item, items.slice(i + 1), id, write, context))
    if (item.kind === 'rule' && item.once && !outcome.resent && !outcome.refusal) {
      const answer = item.once.answer(outcome)
      const row = {
        client: item.source,
        key: item.once.key,
        sha256: item.sha256,
        body: JSON.stringify(answer),
      }
      answers.set(`${row.client} ${row.key}`, row)
      write.answers.push({ ...row, status: answer.status })
    }
    outcomes.push(outcome)
  }
  return await finishBatch(tx, items, outcomes, write)
}

const maxLoadsPerItem = 200
const scoutEvery = 4

/** One item to its end: applied, refused or deferred; it is never half of any. */
async function processItem(
  tx: Transaction,
  world: World,
  item: Item,
  rest: readonly Item[],
  id: string,
  write: BatchWrite,
  context: ProcessContext,
): Promise<Outcome> {
  if (item.kind === 'message' && item.defer) return write.deferred(item, id, context)
  if (item.kind === 'message' && item.refusal)
    return await keepRefused(
      tx,
      world,
      item,
      id,
      {
        code: item.refusal.code,
        errors: [...item.refusal.errors, ...octetWarnings(item)],
        state: item.held ? 'held' : 'rejected',
      },
      write,
      context,
    )
  for (let loads = 0; ; loads++) {
    const draft = new Draft(world, id, context.site)
    try {
      const author =
        item.kind === 'rule'
          ? applyRule(draft, item, context.site, world)
          : applyMessage(draft, item, context)
      finish(draft, item, author, draft.tasks, context)
      return write.applied(item, id, draft)
    } catch (error) {
      if (error instanceof Miss && loads < maxLoadsPerItem) {
        // One need is loaded; when they add up, the rest of the batch is tried out to learn all of them at once.
        const isMany = item.kind === 'rule' && item.alone
        const scouted =
          ++world.misses % scoutEvery === 0 || isMany ? needsOf(world, [item, ...rest], context) : []
        await loadNeeds(tx, context.tenant, world, [error.need, ...scouted])
      } else if (error instanceof ItemRefused) {
        return refusedOutcome(id, error)
      } else if (error instanceof Refusal) {
        return await refuse(tx, world, item, id, error, write, context)
      } else {
        context.onFault(id, error)
        const failed = { code: 'AE', errors: [internalError()], state: 'failed' } as const
        return await keepRefused(tx, world, item, id, failed, write, context)
      }
    }
  }
}

export const internalError = (): AckError => ({
  severity: 'E',
  code: '207',
  locations: ['MSH^1^9'],
  text: 'the gateway could not process this message - it is kept; ask its operator, who finds it under failed messages',
})

/** Folds, opens and closes tasks, writes the Provenance, and makes sure that what comes out is FHIR. */
function finish(
  draft: Draft,
  item: Item,
  author: Author,
  tasks: readonly TaskRequest[],
  context: ProcessContext,
): void {
  const recorded = context.iso(item.receivedAt)
  const t = item.receivedAt.getTime()
  openTasks(draft, tasks, recorded)
  for (const { code, patients } of draft.closed) {
    const [a = '', b = ''] = patients
    completeTask(draft, code, pairKey(a, b), { t, iso: recorded })
  }
  if (item.kind === 'message' && item.stored?.state === 'parked')
    for (const { code, key } of draft.settled) completeTask(draft, code, key, { t, iso: recorded })
  settleUnapplied(draft, item, { t, iso: recorded })
  draft.fold()
  followDeaths(draft, context.site, { t, iso: recorded })
  settleWork(draft, { t, iso: recorded })
  draft.fold()
  if (item.kind === 'rule') item.check?.(draft)
  for (const { rtype, id, body } of draft.changes) {
    const [problem] = body ? context.validate({ ...body, resourceType: rtype, id }) : []
    if (problem) throw new InvalidResult(`${rtype} would be invalid at ${problem.path}: ${problem.text}`)
  }
  const controlId = item.kind === 'message' ? (item.header?.controlId ?? '') : draft.messageId
  const occurred = context.iso(draft.occurred ?? t)
  const source = item.kind === 'message' && item.sender?.id !== author.id ? item.sender?.id : undefined
  const logged = item.kind === 'message' || item.logged
  const maps = item.kind === 'message' ? item.mapsHash : undefined
  const policy = maps === undefined ? {} : { policy: mapsPolicy + maps.slice(0, hashCharacters) }
  addProvenance(draft, {
    author,
    occurred,
    recorded,
    controlId,
    event: item.event,
    source,
    logged,
    ...policy,
  })
}

/** The rules made something that is not FHIR: a defect of ours, or content that mapping should have caught. */
export class InvalidResult extends Error {}
