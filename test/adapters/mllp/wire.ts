// A raw TCP peer for MLLP tests, and a listener that records what it reports. Its framing is its own on purpose.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Inbound, OnInbound } from '../../../src/adapters/adapter.ts'
import type { MllpEvents, MllpFault, MllpOptions, MllpPeer } from '../../../src/adapters/mllp/options.ts'
import { listenMllp, type MllpReceiver } from '../../../src/adapters/mllp/receiver.ts'

export const VT = '\x0b'
export const END = '\x1c\r'

export const octets = (text: string): Buffer => Buffer.from(text, 'latin1')
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
export const message = (id: string, extra = ''): string =>
  `MSH|^~\\&|SRC|HOSP|PORTICO|HOSP|20260714||ADT^A01^ADT_A01|${id}|P|2.5.1\rPID|1||X^^^H||DOE^J${extra}\r`
export const framed = (payload: string): string => VT + payload + END
export const ackOf = (id: string, code = 'AA'): string =>
  `MSH|^~\\&|PORTICO|HOSP|SRC|HOSP|20260714||ACK|A${id}|P|2.5.1\rMSA|${code}|${id}\r`
/** MSH-10 of a test message. */
export const idOf = (raw: Uint8Array): string => text(raw).split('|')[9] ?? ''
/** MSA-2 of a test ACK. */
export const ackedId = (ack: string): string => ack.split('MSA|')[1]?.split(/[|\r]/)[1] ?? ''

/** The other end of a connection under test. */
export class Wire {
  readonly socket: Socket
  #received = ''
  #ended = false
  #closed = false
  #wake: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received += text(chunk)
      this.#notify()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#notify()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#notify()
    })
    socket.on('error', () => {})
  }

  static async to(port: number, options: { allowHalfOpen?: boolean } = {}): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, ...options })
    const wire = new Wire(socket)
    await once(socket, 'connect')
    return wire
  }

  get received(): string {
    return this.#received
  }

  /** Payloads of the whole frames that have come. */
  get frames(): string[] {
    const parts = this.#received.split(END).slice(0, -1)
    return parts.map((part) => part.slice(part.lastIndexOf(VT) + 1))
  }

  write(data: string | Uint8Array): void {
    this.socket.write(typeof data === 'string' ? octets(data) : data)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  /** Waits for so many frames; fails when the connection ends before. */
  async replies(count: number): Promise<string[]> {
    await this.until(() => this.frames.length >= count || this.#closed || this.#ended)
    if (this.frames.length < count) throw new Error(`closed after ${this.frames.length} of ${count} replies`)
    return this.frames
  }

  /** Waits for the FIN of the other side, or for the end of all. */
  async ended(): Promise<void> {
    await this.until(() => this.#ended || this.#closed)
  }

  async closed(): Promise<void> {
    await this.until(() => this.#closed)
  }

  close(): void {
    this.socket.destroy()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

export interface Recorded {
  readonly receiver: MllpReceiver
  readonly seen: Inbound[]
  readonly faults: MllpFault[]
  readonly peers: MllpPeer[]
  /** Names of events with their peer or reason left out, in order: 'opened', 'closed:peer', 'probe', ... */
  readonly log: string[]
  connect(options?: { allowHalfOpen?: boolean }): Promise<Wire>
  until(condition: () => boolean): Promise<void>
  codes(): string[]
  /** Resolves when no connection is open. */
  vacant(): Promise<void>
  end(): Promise<void>
}

/** Answers AA with the message's own ID; NAKs name their fault. */
export const echo: OnInbound = async (inbound) => ({ bytes: octets(ackOf(idOf(inbound.raw))) })

/** A listener on a free port that records; `end` closes it and all its peers. */
export async function record(
  options: Partial<MllpOptions> = {},
  onInbound: OnInbound = echo,
): Promise<Recorded> {
  const seen: Inbound[] = []
  const faults: MllpFault[] = []
  const peers: MllpPeer[] = []
  const log: string[] = []
  const wires: Wire[] = []
  let wake: (() => void)[] = []
  const note = (entry: string) => {
    log.push(entry)
    const waiting = wake
    wake = []
    for (const resolve of waiting) resolve()
  }
  const events: MllpEvents = {
    connectionOpened: (peer) => {
      peers.push(peer)
      note('opened')
    },
    connectionClosed: (_peer, reason) => note(`closed:${reason}`),
    connectionRefused: (_peer, limit) => note(`refused:${limit}`),
    fault: (fault) => {
      faults.push(fault)
      note(`fault:${fault.code}`)
    },
    ackSent: () => note('ackSent'),
    ackUndelivered: () => note('ackUndelivered'),
    probe: () => note('probe'),
    storeUnavailable: () => note('storeUnavailable'),
  }
  const receiver = await listenMllp(
    { host: '127.0.0.1', port: 0, nak: (fault) => octets(`NAK|${fault.code}`), ...options },
    async (inbound) => {
      seen.push(inbound)
      note('frame')
      return await onInbound(inbound)
    },
    events,
  )
  return {
    receiver,
    seen,
    faults,
    peers,
    log,
    connect: async (settings) => {
      const wire = await Wire.to(receiver.port, settings)
      wires.push(wire)
      return wire
    },
    until: async (condition) => {
      while (!condition()) await new Promise<void>((resolve) => wake.push(resolve))
    },
    vacant: async () => {
      while (receiver.connections > 0) await new Promise((resolve) => setImmediate(resolve))
    },
    codes: () => faults.map(({ code }) => code),
    end: async () => {
      for (const wire of wires) wire.close()
      await receiver.close(1)
    },
  }
}

/** A reply that a test gives when it wants to. */
export function held(): { onInbound: OnInbound; release: (id: string) => void; waiting: () => string[] } {
  const waiting = new Map<string, () => void>()
  return {
    onInbound: async (inbound) => {
      const id = idOf(inbound.raw)
      await new Promise<void>((resolve) => waiting.set(id, resolve))
      return { bytes: octets(ackOf(id)) }
    },
    release: (id) => {
      waiting.get(id)?.()
      waiting.delete(id)
    },
    waiting: () => [...waiting.keys()],
  }
}

/** Runs `body` with a listener, which is closed whatever happens. */
export async function withListener(
  options: Partial<MllpOptions>,
  body: (listener: Recorded) => Promise<void>,
  onInbound: OnInbound = echo,
): Promise<void> {
  const listener = await record(options, onInbound)
  try {
    await body(listener)
  } finally {
    await listener.end()
  }
}
