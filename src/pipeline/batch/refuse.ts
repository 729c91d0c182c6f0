// A message that the rules refuse: kept with its answer, and with the task that it leaves to a person.

import type { Finding, Refusal, TaskRequest } from '../../canonical/finding.ts'
import { Draft } from '../../canonical/truth/draft.ts'
import { openTasks } from '../../canonical/truth/task.ts'
import { Miss, type World } from '../../canonical/truth/world.ts'
import type { AckCode, AckError } from '../../hl7/ack.ts'
import type { Transaction } from '../../store/db.ts'
import type { MessageState } from '../../store/messages.ts'
import { unappliedTask } from '../later/unapplied.ts'
import type { Item, Outcome } from './item.ts'
import { loadNeeds } from './load.ts'
import type { ProcessContext } from './process.ts'
import type { BatchWrite } from './write.ts'

const maxLoadsPerTask = 200

/** What the reading of the bytes found, as far as a refused message goes; these warnings have no code of our own. */
export const octetWarnings = (item: Item): readonly AckError[] =>
  item.kind === 'message' ? item.warnings.filter(({ app }) => app === undefined) : []

/** A message that is not applied, and why. */
interface Refused {
  readonly code: AckCode
  readonly errors: readonly AckError[]
  readonly state: MessageState
  readonly waitsFor?: Refusal['waitsFor']
  readonly task?: TaskRequest | undefined
}

/** The end of what the rules refuse. */
export async function refuse(
  tx: Transaction,
  world: World,
  item: Item,
  id: string,
  refusal: Refusal,
  write: BatchWrite,
  context: ProcessContext,
): Promise<Outcome> {
  const { finding, ack, task, waitsFor } = refusal
  const errors = [toAckError(finding), ...octetWarnings(item)]
  const state = waitsFor.length > 0 ? 'parked' : 'rejected'
  return await keepRefused(tx, world, item, id, { code: ack, errors, state, waitsFor, task }, write, context)
}

/** Keeps what is not applied, with the work that it leaves. */
export async function keepRefused(
  tx: Transaction,
  world: World,
  item: Item,
  id: string,
  { code, errors, state, waitsFor = [], task }: Refused,
  write: BatchWrite,
  context: ProcessContext,
): Promise<Outcome> {
  const outcome = write.refused(item, id, code, errors, state, waitsFor)
  const work = task ?? unappliedTask(item, id, state, errors)
  if (!work) return outcome
  for (let loads = 0; loads < maxLoadsPerTask; loads++) {
    const draft = new Draft(world, id, context.site)
    try {
      openTasks(draft, [work], context.iso(item.receivedAt))
      draft.fold()
      write.take(draft, item.receivedAt)
      return outcome
    } catch (error) {
      if (!(error instanceof Miss)) throw error
      await loadNeeds(tx, context.tenant, world, [error.need])
    }
  }
  return outcome
}

export const toAckError = ({ severity, code, app, locations, text }: Finding): AckError => ({
  severity,
  code,
  ...(app === undefined ? {} : { app }),
  locations,
  text,
})
