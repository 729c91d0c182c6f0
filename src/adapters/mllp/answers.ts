// What is written for one frame: its framed reply (MLLP release 1), a commit acknowledgement before it (release 2).

import type { Inbound, Reply } from '../adapter.ts'
import { frame } from './frame.ts'
import type { FrameFault } from './frame-event.ts'
import { COMMIT_ACK, COMMIT_NAK } from './octets.ts'
import type { MllpOptions } from './options.ts'

const COMMITTED = frame(Uint8Array.of(COMMIT_ACK))
const NOT_COMMITTED = frame(Uint8Array.of(COMMIT_NAK))

/** Whether a payload is the commit acknowledgement (or refusal) of an MLLP release 2 peer. */
export function isCommitAck(payload: Uint8Array): boolean {
  return payload.length === 1 && (payload[0] === COMMIT_ACK || payload[0] === COMMIT_NAK)
}

/** Octets to write; undefined = nothing. */
export class Answers {
  readonly #options: MllpOptions
  readonly #release2: boolean

  constructor(options: MllpOptions) {
    this.#options = options
    this.#release2 = options.release === 2
  }

  /** After the pipeline took a message. */
  taken(reply: Reply): Uint8Array | undefined {
    const framed = reply.bytes === undefined ? undefined : frame(reply.bytes)
    if (!this.#release2) return framed
    return framed === undefined ? COMMITTED : Buffer.concat([COMMITTED, framed])
  }

  /** After the store stayed unavailable. */
  unavailable(inbound: Inbound): Uint8Array | undefined {
    return this.#negative(() => this.#options.unavailable?.(inbound))
  }

  /** For a frame that is no message. */
  refused(fault: FrameFault): Uint8Array | undefined {
    return this.#negative(() => this.#options.nak?.(fault, fault.head))
  }

  #negative(build: () => Uint8Array | undefined): Uint8Array | undefined {
    if (this.#release2) return NOT_COMMITTED
    const bytes = orNothing(build)
    return bytes === undefined ? undefined : frame(bytes)
  }
}

/** What a builder makes of hostile octets; nothing when it fails on them. */
function orNothing(build: () => Uint8Array | undefined): Uint8Array | undefined {
  try {
    return build()
  } catch {
    return undefined
  }
}
