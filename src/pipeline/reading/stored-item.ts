// A message of the log, read again as it would be today.
import { decodeBytes } from '../../hl7/charset.ts'
import type { StoredMessage } from '../../store/messages.ts'
import type { MessageItem } from '../batch/item.ts'
import { type ReceiveContext, readOne } from './receive.ts'

/** None for what cannot be read any more: a character set that is gone, or a write over FHIR. */
export function storedItem(stored: StoredMessage, context: ReceiveContext): MessageItem[] {
  const decoded = decodeBytes(stored.raw, stored.charset === null ? {} : { endpointDefault: stored.charset })
  if ('fault' in decoded || stored.channel === 'fhir') return []
  const { id, receivedAt, state } = stored
  const inbound = { raw: stored.raw, channel: stored.channel, peer: stored.peer ?? '' }
  const item = readOne(
    decoded.text,
    stored.raw,
    decoded.charset,
    inbound,
    context,
    { id, receivedAt, state },
    decoded.findings,
  )
  return item ? [item] : []
}
