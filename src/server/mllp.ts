// Whom an MLLP listener takes messages from: MLLP has no tokens, so an address or a certificate says who speaks.
import type { OnInbound } from '../adapters/adapter.ts'
import { buildAck } from '../hl7/ack.ts'
import { formatDtm } from '../hl7/datetime.ts'
import type { Gateway } from '../pipeline/gateway.ts'
import { allowedFor, certificatesOf, hasPeers, isLoopback, sourcesAt } from '../pipeline/site/peers.ts'
import { sendersOf } from './hl7v2.ts'

export interface MllpGuard {
  /** Where to listen: beyond this machine only when the site says whom to expect there. */
  readonly host: string
  /** Whether anything from this address is listened to. */
  admits(host: string): boolean
  readonly receive: OnInbound
  /** The AR for a frame that never became a message. */
  nak(text: string): Uint8Array
}

export interface GuardOptions {
  readonly gateway: Pick<Gateway, 'site' | 'now' | 'receive'>
  /** Address that was asked for. */
  readonly host: string
  readonly port: number
  /** Senders prove themselves with certificates; otherwise their address counts. */
  readonly certificates: boolean
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

export function mllpGuard({ gateway, host, port, certificates, log }: GuardOptions): MllpGuard {
  const site = gateway.site()
  const shut = !certificates && !isLoopback(host) && !hasPeers(site)
  if (shut)
    log.warn(
      { port, asked: host },
      'MLLP without client certificates listens on 127.0.0.1 only, for no source of the site file has peers - ' +
        'give a source peers (addresses that it sends from) and restart, or use MLLP_TLS_PORT with MLLP_TLS_CLIENT=required',
    )
  if (certificates && Object.keys(certificatesOf(site)).length === 0)
    log.warn(
      { port },
      'no source of the site file has a certificate, so that every MLLP client over TLS is refused - give the sources theirs',
    )
  return {
    host: shut ? '127.0.0.1' : host,
    admits: (peer) => certificates || sourcesAt(gateway.site(), peer)?.length !== 0,
    receive: async (inbound) => {
      const current = gateway.site()
      const allowed = allowedFor(current, inbound, certificates)
      if (allowed === undefined) return await gateway.receive(inbound)
      // '*|*' stands for those whom the site does not list by name, never for one of them.
      const unlisted = allowed.includes('*|*')
        ? (sendersOf(inbound.raw) ?? []).filter((each) => !current.sources.has(each))
        : []
      return await gateway.receive({ ...inbound, allowed: [...allowed, ...unlisted] })
    },
    nak: (text) => {
      const { application, facility, timezone } = gateway.site().gateway
      const ack = buildAck({
        code: 'AR',
        errors: [{ severity: 'E', code: '100', locations: ['MSH^1'], text }],
        now: formatDtm(gateway.now().getTime(), timezone),
        controlId: Date.now().toString(36).toUpperCase(),
        gateway: { application, facility },
      })
      return Buffer.from(ack, 'utf8')
    },
  }
}
