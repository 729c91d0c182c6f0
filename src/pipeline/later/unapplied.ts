// Messages that were answered when they were stored (after-commit) and cannot be applied: their sender has heard AA and hears
// no more, so that a Task says so (semantics, section 18).
import type { TaskRequest } from '../../canonical/finding.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { rawMessageId } from '../../canonical/truth/provenance.ts'
import { completeTask, taskId } from '../../canonical/truth/task.ts'
import type { AckError } from '../../hl7/ack.ts'
import type { MessageState } from '../../store/messages.ts'
import type { Item, MessageItem } from '../batch/item.ts'
import { nextStepOf } from '../next-step.ts'

type Stored = MessageItem & { readonly stored: NonNullable<MessageItem['stored']> }

/** True when its sender was told AA before anybody had read it. */
const wasAnsweredEarly = (item: Item): item is Stored =>
  item.kind === 'message' && item.stored !== undefined && item.sender?.acknowledge === 'after-commit'

const isNew = ({ stored }: Stored): boolean => stored.state === 'received'

/** 'Task/x' of messages that have one or will get one, as far as that is known before they are applied. */
export const tasksOfUnapplied = (items: readonly Item[]): string[] =>
  items.flatMap((item) =>
    wasAnsweredEarly(item) && (!isNew(item) || (item.refusal && !item.held))
      ? [`Task/${taskId('unapplied-message', item.stored.id)}`]
      : [],
  )

/** No value of a patient: where and why, and where the message is. Held ones have the Task of their code. */
export function unappliedTask(
  item: Item,
  id: string,
  state: MessageState,
  errors: readonly AckError[],
): TaskRequest | undefined {
  if (!wasAnsweredEarly(item) || state === 'held') return undefined
  const reasons = errors.map(({ severity, code, app, locations }) => ({
    severity,
    code,
    locations,
    ...(app !== undefined && { app }),
  }))
  const why = errors
    .filter(({ severity }) => severity === 'E')
    .map((each) => `${each.app ?? each.code} at ${each.locations.join(', ')}`)
    .join('; ')
  const controlId = item.header?.controlId ?? ''
  return {
    code: 'unapplied-message',
    key: id,
    description: `message ${controlId} of ${item.source} was acknowledged when it was stored and could not be applied since: ${why} - ${nextStepOf(state, reasons)}`,
    inputs: [
      {
        type: 'message',
        value: {
          valueReference: { reference: `Binary/${rawMessageId(id)}`, identifier: { value: controlId } },
        },
      },
    ],
  }
}

/** Applied in the end: nothing is left to do about it. */
export function settleUnapplied(
  draft: Draft,
  item: Item,
  at: { readonly t: number; readonly iso: string },
): void {
  if (wasAnsweredEarly(item) && !isNew(item)) completeTask(draft, 'unapplied-message', item.stored.id, at)
}
