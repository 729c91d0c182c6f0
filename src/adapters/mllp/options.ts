// Options of an MLLP listener: limits with their units and defaults, TLS, and the callbacks it reports to.

import type { Inbound } from '../adapter.ts'
import type { FrameFault, FrameFaultCode } from './frame-event.ts'
import type { Timers } from './timers.ts'

/** Limits of one listener. Milliseconds must be at least 1 unless 0 is said to mean off. */
export interface MllpLimits {
  /** Octets of one payload. */
  readonly maxFrameBytes: number
  /** Octets outside frames between two delivered frames; then the connection closes. */
  readonly maxGarbageBytes: number
  /** Faults between two delivered frames; then the connection closes. */
  readonly maxFaults: number
  /** Longest silence inside a frame. */
  readonly frameTimeoutMs: number
  /** Longest time from a frame's first octet to its last. */
  readonly maxFrameTimeMs: number
  /** FS and then this much silence ends a frame although its CR is missing; 0 = off, the frame times out. */
  readonly fsTimeoutMs: number
  /** Longest time a connection may be idle; 0 = for ever. */
  readonly idleTimeoutMs: number
  /** Longest wait for a peer to take an acknowledgement. */
  readonly writeTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly keepAliveMs: number
  /** How long a closed connection's last octets are waited for, so that its last ACK is not reset away. */
  readonly lingerMs: number
  readonly maxConnections: number
  readonly maxConnectionsPerPeer: number
  /** Frames of one connection whose acknowledgement has not left. */
  readonly maxInFlight: number
  /** Octets of begun and unanswered frames of all connections together. */
  readonly maxBufferedBytes: number
  /** How long a frame that the store refused is tried again. */
  readonly storeWaitMs: number
  /** First pause between two tries; it doubles up to twenty times itself. */
  readonly storeRetryMs: number
}

export const MLLP_LIMITS: MllpLimits = {
  maxFrameBytes: 16 * 1024 * 1024,
  maxGarbageBytes: 64 * 1024,
  maxFaults: 1_000,
  frameTimeoutMs: 30_000,
  maxFrameTimeMs: 120_000,
  fsTimeoutMs: 0,
  idleTimeoutMs: 0,
  writeTimeoutMs: 30_000,
  handshakeTimeoutMs: 10_000,
  keepAliveMs: 60_000,
  lingerMs: 1_000,
  maxConnections: 500,
  maxConnectionsPerPeer: 20,
  maxInFlight: 64,
  maxBufferedBytes: 128 * 1024 * 1024,
  storeWaitMs: 10_000,
  storeRetryMs: 100,
}

/** PEM material of a TLS listener. */
export interface MllpTlsMaterial {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
  /** Authorities that client certificates must come from. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** Lists of client certificates that their authority has revoked; with one, a list that has ended refuses everybody. */
  readonly crl?: string | Uint8Array
}

export interface MllpTls extends MllpTlsMaterial {
  /** Refuses clients without a certificate of one of `ca`. */
  readonly requestClientCert?: boolean
  /**
   * Identity of a certificate -> sources (MSH-3|MSH-4) it may send as; undefined = any. Identities are written
   * 'URI:...', 'DNS:...' (subjectAltName), 'SPKI:<sha-256 hex>' or 'CN:...'; the first one listed counts. With it,
   * certificates that have none of them are refused.
   */
  readonly allowedSubjects?: Readonly<Record<string, readonly string[] | undefined>>
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** The other end of a connection. */
export interface MllpPeer {
  /** 'host:port' */
  readonly address: string
  readonly host: string
  /** Identity that its certificate proved, as in `allowedSubjects`. */
  readonly identity?: string
  readonly allowed?: readonly string[]
  /** End of its certificate's validity, as the certificate writes it. */
  readonly certificateExpires?: string
}

export type MllpFaultCode =
  | FrameFaultCode
  | 'COMMIT_ACK_RECEIVED'
  | 'TOO_MANY_FAULTS'
  | 'ACK_WRITE_TIMEOUT'
  | 'TLS_HANDSHAKE_FAILED'
  | 'TLS_HANDSHAKE_TIMEOUT'
  | 'TLS_PLAIN_BYTES'
  | 'TLS_CLIENT_REFUSED'
  | 'LISTENER_ERROR'

/** What is told of a fault: never payload. `detail`: reason and certificate subject of a TLS fault. */
export interface MllpFault {
  readonly code: MllpFaultCode
  readonly peer: string
  /** Offset in the connection's stream, and number of octets concerned. */
  readonly offset: number
  readonly length: number
  readonly detail?: string
}

export type CloseReason =
  | 'peer'
  | 'error'
  | 'idle'
  | 'evicted'
  | 'replaced'
  | 'shutdown'
  | 'store-unavailable'
  | MllpFaultCode

/** Where a listener reports; for logs and metrics. None may throw, none receives payload. */
export interface MllpEvents {
  connectionOpened?(peer: MllpPeer): void
  connectionClosed?(peer: MllpPeer, reason: CloseReason, frames: number): void
  /** Too many connections, in all or from this peer, or an address that is not admitted: accepted and closed at once. */
  connectionRefused?(peer: string, limit: 'maxConnections' | 'maxConnectionsPerPeer' | 'address'): void
  fault?(fault: MllpFault): void
  frame?(peer: string, bytes: number): void
  ackSent?(peer: string): void
  /** A message was taken, but its acknowledgement could not be handed to the network. */
  ackUndelivered?(peer: string): void
  /** A connection that ended without one octet, as health checks do. */
  probe?(peer: string): void
  /** The store refused a frame of this peer; it is tried again. */
  storeUnavailable?(peer: string): void
}

export interface MllpOptions extends Partial<MllpLimits> {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly tls?: MllpTls
  /** Whether an address may connect at all; asked before an octet is read. Default: all may. */
  readonly admits?: (host: string) => boolean
  /** Closes the older connection of a peer when it opens another. */
  readonly singleConnection?: boolean
  readonly allowMissingVt?: boolean
  readonly terminator?: 'fs-vt' | 'fs-cr'
  /** MLLP release: 2 answers each frame with a commit acknowledgement block before its ACK. */
  readonly release?: 1 | 2
  /** What happens when the store stays unavailable: an AR from `unavailable` (default), or silence and close. */
  readonly whenUnavailable?: 'reject' | 'close'
  /** Builds the AR (207) for a message that could not be stored. */
  readonly unavailable?: (inbound: Inbound) => Uint8Array | undefined
  /** Builds the NAK for a frame that never became a message; `head`: its first 4096 octets. */
  readonly nak?: (fault: FrameFault, head: Uint8Array) => Uint8Array | undefined
  /** Keeps the octets of a fault (`sample`, 256 at most) for an operator: for the store, never for a log. May not throw. */
  readonly keepFault?: (fault: FrameFault, peer: MllpPeer) => void
  readonly timers?: Timers
}

const LIMIT_NAMES = Object.keys(MLLP_LIMITS) as (keyof MllpLimits)[]
/** Longest delay that timers take. */
const MAX_MS = 2 ** 31 - 1
const ZERO_IS_OFF: readonly (keyof MllpLimits)[] = ['fsTimeoutMs', 'idleTimeoutMs']

/** The limits of `options` over the defaults. Throws RangeError for one that is no whole number in its range. */
export function limitsOf(options: Partial<MllpLimits>): MllpLimits {
  const limits: { -readonly [Name in keyof MllpLimits]: number } = { ...MLLP_LIMITS }
  for (const name of LIMIT_NAMES) {
    const value = options[name] ?? MLLP_LIMITS[name]
    const least = ZERO_IS_OFF.includes(name) ? 0 : 1
    const most = name.endsWith('Ms') ? MAX_MS : Number.MAX_SAFE_INTEGER
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`)
    }
    limits[name] = value
  }
  return limits
}
