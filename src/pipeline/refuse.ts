// A message that the rules refuse: kept with its answer, and with the task that it leaves to a person.

import type { Finding, Refusal } from '../canonical/finding.ts'
import { Draft } from '../canonical/truth/draft.ts'
import { openTasks } from '../canonical/truth/task.ts'
import { Miss, type World } from '../canonical/truth/world.ts'
import type { AckError } from '../hl7/ack.ts'
import type { Transaction } from '../store/db.ts'
import type { Item, Outcome } from './item.ts'
import { loadNeeds } from './load.ts'
import type { ProcessContext } from './process.ts'
import type { BatchWrite } from './write.ts'

const maxLoadsPerTask = 200

/** What the reading of the bytes found, as far as a refused message goes; these warnings have no code of our own. */
export const octetWarnings = (item: Item): readonly AckError[] =>
  item.kind === 'message' ? item.warnings.filter(({ app }) => app === undefined) : []

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
  const outcome = write.refused(
    item,
    id,
    ack,
    [toAckError(finding), ...octetWarnings(item)],
    waitsFor.length > 0 ? 'parked' : 'rejected',
    waitsFor,
  )
  if (!task) return outcome
  for (let loads = 0; loads < maxLoadsPerTask; loads++) {
    const draft = new Draft(world, id, context.site)
    try {
      openTasks(draft, [task], context.iso(item.receivedAt))
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
