// The two interfaces between the outside world and the pipeline: what a receiver hands over, and what it gets back.

/** Bytes of one HL7 v2 message or batch as they came, with what the transport knows of their sender. */
export interface Inbound {
  readonly raw: Uint8Array
  readonly channel: 'mllp' | 'http' | 'file'
  /** Address of the peer, for the log of connections: 'host:port', or the name of a file. */
  readonly peer: string
  /** Character encoding that the transport declared (HTTP charset), if it did. */
  readonly charset?: string
  /** Identity that the transport proved, such as 'DNS:lab.example.org' out of a client certificate. */
  readonly identity?: string
  /** Sources (MSH-3|MSH-4) that the transport has authenticated; undefined = any the site knows. */
  readonly allowed?: readonly string[]
  /** Faults of the framing that did not keep the message from being read, such as MLLP_FS_WITHOUT_CR. */
  readonly warnings?: readonly string[]
}

/** What goes back to the sender. `bytes` undefined = nothing is owed (HL7 enhanced mode, or an ACK was received). */
export interface Reply {
  readonly bytes: Uint8Array | undefined
}

/**
 * Takes one inbound payload to its durable end and resolves with the reply, never rejects for bad content.
 * Rejects only when the store is not available; the receiver then pauses or closes as its protocol says.
 */
export type OnInbound = (inbound: Inbound) => Promise<Reply>

/** Something that hands over payloads until it is closed. */
export interface Receiver {
  /** Port that it listens on. */
  readonly port: number
  /** Stops accepting, finishes what has begun within `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>
}
