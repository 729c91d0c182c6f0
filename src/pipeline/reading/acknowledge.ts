// Which acknowledgement a message gets, and as which bytes (HL7 v2 ch. 2, original and enhanced mode).
import { type AckCode, type AckError, type AckSetting, buildAck, decideAckMode } from '../../hl7/ack.ts'
import { decodeBytes, encodeText } from '../../hl7/charset.ts'
import { formatDtm } from '../../hl7/datetime.ts'
import type { Reply } from '../../hl7/reply.ts'
import type { MessageItem, Outcome } from '../batch/item.ts'
import type { ReceiveContext } from './receive.ts'

const ackSetting = (item: MessageItem): AckSetting => item.sender?.ackMode ?? 'original'

/** Text of an acknowledgement; undefined when nothing is owed for this message. */
export function replyText(outcome: Outcome, item: MessageItem | undefined): string | undefined {
  if (!outcome.ack || !item) return undefined
  const plan = decideAckMode(item.header?.acceptAck, item.header?.applicationAck, ackSetting(item), true)
  const positive = outcome.code === 'AA' || outcome.code === 'CA'
  if (plan.mode === 'enhanced') {
    const owed = positive ? plan.accept.stored : plan.accept.refused
    if (!owed) return undefined
  }
  const decoded = decodeBytes(outcome.ack, { endpointDefault: item.charset })
  return 'text' in decoded ? decoded.text : undefined
}

/** The acknowledgement of an item, in the sender's character set. */
export function acknowledge(
  item: MessageItem,
  code: AckCode,
  errors: readonly AckError[],
  context: ReceiveContext,
  reply?: Reply,
): Uint8Array {
  const { application, facility } = context.site().gateway
  const plan = decideAckMode(item.header?.acceptAck, item.header?.applicationAck, ackSetting(item), true)
  const enhanced = { AA: 'CA', AE: 'CE', AR: 'CR' } as const
  const shown =
    plan.mode === 'enhanced' && (code === 'AA' || code === 'AE' || code === 'AR') ? enhanced[code] : code
  const text = buildAck({
    message: item.message,
    code: shown,
    errors,
    now: formatDtm(item.receivedAt.getTime(), context.site().gateway.timezone),
    controlId: context.newControlId(),
    gateway: { application, facility },
    reply,
  })
  return encodeText(text, item.charset)
}
