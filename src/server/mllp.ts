// Whom an MLLP listener takes messages from: MLLP has no tokens, so an address or a certificate says who speaks.
import type { Inbound, OnInbound } from '../adapters/adapter.ts'
import { type AckError, buildAck, salvageHeader } from '../hl7/ack.ts'
import { formatDtm } from '../hl7/datetime.ts'
import type { Message } from '../hl7/message.ts'
import type { Gateway } from '../pipeline/gateway.ts'
import { allowedFor, hasPeers, isLoopback, maySend, sourcesAt } from '../pipeline/peers.ts'
import { sendersOf } from './hl7v2.ts'

interface Deps {
  readonly gateway: Pick<Gateway, 'site' | 'now'> & { readonly receive: OnInbound }
  /** Senders prove themselves with certificates; otherwise their address counts. */
  readonly certificates: boolean
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

export interface MllpGuard {
  /** Whether anything from this address is listened to. */
  admits(host: string): boolean
  readonly receive: OnInbound
  /** The AR for a frame that never became a message. */
  nak(text: string): Uint8Array
}

export function mllpGuard({ gateway, certificates, log }: Deps): MllpGuard {
  const refuse = (error: AckError, message?: Message): Uint8Array => {
    const { application, facility, timezone } = gateway.site().gateway
    const ack = buildAck({
      message,
      code: 'AR',
      errors: [error],
      now: formatDtm(gateway.now().getTime(), timezone),
      controlId: Date.now().toString(36).toUpperCase(),
      gateway: { application, facility },
    })
    return Buffer.from(ack, 'utf8')
  }
  return {
    admits: (host) => certificates || sourcesAt(gateway.site(), host)?.length !== 0,
    receive: async (inbound) => {
      const site = gateway.site()
      const allowed = allowedFor(site, inbound, certificates)
      if (allowed === undefined) return await gateway.receive(inbound)
      const senders = sendersOf(inbound.raw) ?? []
      if (senders.length > 0 && senders.every((each) => maySend(site, allowed, each)))
        return await gateway.receive({ ...inbound, allowed })
      const { peer, identity } = inbound
      log.warn({ peer, identity, allowed }, 'mllp message refused: its sender may not use this connection')
      return { bytes: refuse(wrongSender(certificates), headerOf(inbound)) }
    },
    nak: (text) => refuse({ severity: 'E', code: '100', locations: ['MSH^1'], text }),
  }
}

const wrongSender = (certificates: boolean): AckError => ({
  severity: 'E',
  code: '207',
  app: 'WRONG-SENDER',
  locations: ['MSH^1^3', 'MSH^1^4'],
  text: `this connection may not send as MSH-3 and MSH-4 say - correct them, or list the ${certificates ? 'certificate' : 'address'} with that source in the site file`,
})

/** Enough of the message to answer it; latin1 keeps every octet of a header whose character set nobody has read. */
const headerOf = ({ raw }: Inbound): Message | undefined =>
  salvageHeader(Buffer.from(raw.buffer, raw.byteOffset, Math.min(raw.byteLength, 4_096)).toString('latin1'))

/** Where a listener without certificates listens: beyond this machine only when the site says whom to expect there. */
export function hostWithoutCertificates(
  host: string,
  site: ReturnType<Gateway['site']>,
): { readonly host: string; readonly warning?: string } {
  if (isLoopback(host) || hasPeers(site)) return { host }
  const warning =
    'MLLP without client certificates listens on 127.0.0.1 only, for no source of the site file has peers - ' +
    'give a source "peers" (addresses that it sends from) and restart, or use MLLP_TLS_PORT with MLLP_TLS_CLIENT=required'
  return { host: '127.0.0.1', warning }
}
