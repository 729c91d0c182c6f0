// One row of the message log: the bytes as they came, and how they ended.
import type { AckCode, AckError } from '../../hl7/ack.ts'
import type { MessageState, MessageWrite } from '../../store/messages.ts'
import type { Item } from './item.ts'

export interface Ending {
  readonly state: MessageState
  readonly code: AckCode
  readonly ack: Uint8Array | undefined
  readonly errors: readonly AckError[]
  /** What it is serialised by: 'Patient/x'. */
  readonly cluster: string | undefined
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** A message that is in the log already keeps its bytes and its time of receipt. */
export function messageRow(
  item: Item,
  id: string,
  { state, code, ack, errors, cluster }: Ending,
): MessageWrite {
  const message = item.kind === 'message' ? item : undefined
  return {
    id,
    received_at: message?.stored?.receivedAt ?? item.receivedAt.toISOString(),
    source: item.source,
    channel: item.channel,
    peer: item.peer,
    control_id: message?.header?.controlId,
    event: item.event,
    version: message?.header?.version,
    charset: message?.charset,
    raw: message?.stored ? '' : base64(item.raw),
    sha256: item.sha256,
    state,
    cluster,
    ack_code: code,
    ack: ack && base64(ack),
    findings: errors,
    maps_hash: message?.mapsHash,
    processed_at: state === 'received' ? undefined : item.receivedAt.toISOString(),
    command: item.kind === 'rule' ? item.command?.() : undefined,
  }
}
