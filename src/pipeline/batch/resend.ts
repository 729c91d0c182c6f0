// What was answered before: messages that come again, and requests with an Idempotency-Key (semantics, section 8.1).
import { Refusal } from '../../canonical/finding.ts'
import type { AckCode, AckError } from '../../hl7/ack.ts'
import type { Transaction } from '../../store/db.ts'
import { type AnswerRow, loadAnswers } from '../../store/idempotency.ts'
import { loadMessageKeys, type MessageKeyRow } from '../../store/messages.ts'
import type { Item, MessageItem, Outcome } from './item.ts'
import type { ProcessContext } from './process.ts'
import type { BatchWrite } from './write.ts'

export async function answersOf(
  tx: Transaction,
  tenant: number,
  items: readonly Item[],
): Promise<Map<string, AnswerRow>> {
  const keys = items.flatMap((each) =>
    each.kind === 'rule' && each.once ? [{ client: each.source, key: each.once.key }] : [],
  )
  const rows = await loadAnswers(tx, tenant, keys)
  return new Map(rows.map((row) => [`${row.client} ${row.key}`, row]))
}

/** The first answer to a request with the same key; it also stands when the first one is in this batch. */
export function answerAgain(item: Item, answers: ReadonlyMap<string, AnswerRow>): Outcome | undefined {
  if (item.kind !== 'rule' || !item.once) return undefined
  const row = answers.get(`${item.source} ${item.once.key}`)
  if (!row) return undefined
  const answered = { body: row.body, same: row.sha256 === item.sha256 }
  return {
    messageId: '',
    code: 'AA',
    errors: [],
    ack: undefined,
    resent: true,
    draft: undefined,
    diff: [],
    answered,
  }
}

/** Answers given before to messages with these keys. */
export async function resends(
  tx: Transaction,
  tenant: number,
  items: readonly Item[],
): Promise<Map<string, MessageKeyRow>> {
  const keys = items.flatMap((each) =>
    each.kind === 'message' && each.key && !each.stored ? [each.key] : [],
  )
  const rows = await loadMessageKeys(tx, tenant, keys)
  return new Map(rows.map((row) => [row.key, row]))
}

export const isResend = (item: Item, known: ReadonlyMap<string, MessageKeyRow>): boolean =>
  item.kind === 'message' && !item.stored && item.key !== undefined && known.has(item.key)

/** The stored answer to a message that is here already. */
export function answerResend(
  item: Item,
  known: ReadonlyMap<string, MessageKeyRow>,
  write: BatchWrite,
  context: ProcessContext,
): Outcome | undefined {
  if (item.kind !== 'message' || item.stored || item.key === undefined) return undefined
  const row = known.get(item.key)
  const earlier = write.answered.get(item.key)
  if (!row && !earlier) return undefined
  const code = (earlier?.code ?? row?.ackCode ?? 'AA') as AckCode
  const stored = earlier?.ack ?? row?.ack
  // Retention has dropped the message with its answer: the key still knows whether it was refused.
  const errors = stored || code === 'AA' ? [] : [refusedBefore(item)]
  const ack = stored ?? context.acknowledge(item, code, errors)
  return { messageId: row?.messageId ?? '', code, errors, ack, resent: true, draft: undefined, diff: [] }
}

const refusedBefore = (item: MessageItem): AckError => ({
  severity: 'E',
  code: '207',
  locations: ['MSH^1^10'],
  text: `message ${item.header?.controlId ?? ''} was refused when it came first, why is not kept any more (MSH^1^10) - send it under a new control id`,
})

/** Why a message whose key another one has is refused; undefined when it is new, or the same once more. */
export function reuseOf(
  item: Item,
  known: ReadonlyMap<string, MessageKeyRow>,
  write: BatchWrite,
): Refusal | undefined {
  if (item.kind !== 'message' || item.stored || item.key === undefined) return undefined
  const first = write.answered.get(item.key) ?? known.get(item.key)
  if (!first || first.sha256 === item.sha256) return undefined
  const controlId = item.header?.controlId ?? ''
  const text = `control id ${controlId} was used for another message (MSH^1^10) - send this one under a new control id`
  const sender = item.sender?.id ?? item.source
  const description = `${sender} sent two messages with control id ${controlId} - see which of them is meant; the second was not applied`
  return new Refusal(
    'AE',
    { code: '205', app: 'CONTROL-ID-REUSE', locations: ['MSH^1^10'], text },
    {
      task: {
        code: 'control-id-reuse',
        key: item.key,
        description,
        inputs: [{ type: 'message', value: { valueString: controlId } }],
      },
    },
  )
}

/** Kept like any message that is refused, but without the key: that is the first one's, as is what it holds. */
export const withoutKey = (item: Item): Item =>
  item.kind === 'message' ? { ...item, key: undefined, unmapped: [], held: false } : item
