// MLLP client (HL7 Transport Specification MLLP, releases 1 and 2): sends messages, waits for their ACKs.

import type { Socket } from 'node:net'
import { isCommitAck } from './answers.ts'
import { answers, type Correlation, correlationOf } from './correlate.ts'
import { type DialFault, dial, type MllpClientTls, type MllpTarget } from './dial.ts'
import { FrameReader, frame } from './frame.ts'
import type { FrameEvent, FrameFault } from './frame-event.ts'
import { COMMIT_ACK } from './octets.ts'
import { Alarm, systemTimers, type Timers } from './timers.ts'

export type SendFaultCode =
  | DialFault['code']
  | 'NOT_CONNECTED'
  | 'BUSY'
  | 'ACK_TIMEOUT'
  | 'ACK_OWED'
  | 'ACK_NOT_FRAMED'
  | 'COMMIT_REJECTED'
  | 'CONNECTION_LOST'

/**
 * Why there is no acknowledgement. `ambiguous`: the receiver may have taken the message; a resend must keep its MSH-10.
 * ACK_OWED: it has (commit acknowledgement), only the application ACK is missing. `octets`: what came instead, 256 at
 * most.
 */
export interface SendFault {
  readonly code: SendFaultCode
  readonly ambiguous: boolean
  readonly detail?: string
  readonly octets?: Uint8Array
}

/** `warnings`: faults of framing that did not keep the ACK from being read. */
export type SendOutcome =
  | { readonly ack: Uint8Array; readonly warnings: readonly string[] }
  | { readonly fault: SendFault }

export interface MllpSenderOptions {
  /** 10 000 unless told. */
  readonly connectTimeoutMs?: number
  /** Octets of one ACK, 1 MiB unless told. */
  readonly maxAckBytes?: number
  readonly release?: 1 | 2
  /** Release 2: how often `send` sends again what was not committed, 2 unless told. */
  readonly maxRetries?: number
  /** An ACK that answers nothing in flight: late, or of someone else. */
  readonly onUnmatched?: (ack: Uint8Array) => void
  readonly timers?: Timers
}

export interface PipelineOptions {
  /** Messages in flight at once. */
  readonly window: number
  /** For each message from its sending. */
  readonly timeoutMs: number
}

interface Flight {
  readonly correlation: Correlation
  readonly alarm: Alarm
  readonly landed: Promise<SendOutcome>
  readonly land: (outcome: SendOutcome) => void
  committed: boolean
  warnings: string[]
}

const COMMITTED = frame(Uint8Array.of(COMMIT_ACK))

/** One connection to one receiver. Connects again by itself when a fault has closed it. */
export class MllpSender {
  readonly #options: MllpSenderOptions
  readonly #timers: Timers
  readonly #flights: Flight[] = []
  #target: MllpTarget | undefined
  #socket: Socket | undefined
  #reader = new FrameReader()
  #busy = false
  /** Counts calls of `close`: a connection that was being opened meanwhile is not wanted any more. */
  #round = 0

  constructor(options: MllpSenderOptions = {}) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
  }

  /** Whether there is a connection, as far as known. */
  get connected(): boolean {
    return this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable
  }

  /** Connects and remembers the receiver; returns why not, if so. */
  async connect(host: string, port: number, tls?: MllpClientTls): Promise<SendFault | undefined> {
    this.close()
    this.#target = { host, port, ...(tls === undefined ? {} : { tls }) }
    return await this.#open()
  }

  /** Sends one message and waits `timeoutMs` for its ACK. One at a time: BUSY while another is in flight. */
  async send(payload: Uint8Array, timeoutMs: number): Promise<SendOutcome> {
    if (this.#busy) return failed('BUSY', false)
    this.#busy = true
    try {
      return await this.#sendWithRetries(payload, timeoutMs)
    } finally {
      this.#busy = false
    }
  }

  /**
   * Sends many messages with up to `window` in flight; `onOutcome` is called for each, in order. After a lost
   * connection it goes on with a new one; what was in flight is reported, not sent again.
   */
  async sendAll(
    payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: PipelineOptions,
    onOutcome: (outcome: SendOutcome, index: number) => void,
  ): Promise<void> {
    if (this.#busy) throw new Error('this sender is sending already')
    this.#busy = true
    try {
      let index = 0
      let last: Promise<void> = Promise.resolve()
      for await (const payload of payloads) {
        while (this.#flights.length >= options.window) await this.#flights[0]?.landed
        const own = index++
        const landed = this.#launch(payload, options.timeoutMs)
        const before = last
        last = landed.then(async (outcome) => {
          await before
          onOutcome(outcome, own)
        })
        // Not before it is on its way: the window counts flights, and a new connection opens none meanwhile.
        if (!this.connected) await landed
      }
      await last
    } finally {
      this.#busy = false
    }
  }

  /** Closes the connection at once; messages in flight end with CONNECTION_LOST. */
  close(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#round += 1
    socket?.destroy()
    this.#loseAll('CONNECTION_LOST')
  }

  async #sendWithRetries(payload: Uint8Array, timeoutMs: number): Promise<SendOutcome> {
    const retries = this.#options.release === 2 ? (this.#options.maxRetries ?? 2) : 0
    let ambiguous = false
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#launch(payload, timeoutMs)
      if (!('fault' in outcome)) return outcome
      const { code } = outcome.fault
      ambiguous ||= outcome.fault.ambiguous
      if (attempt >= retries || (code !== 'COMMIT_REJECTED' && code !== 'ACK_TIMEOUT')) {
        return { fault: { ...outcome.fault, ambiguous } }
      }
    }
  }

  async #launch(payload: Uint8Array, timeoutMs: number): Promise<SendOutcome> {
    const fault = this.connected ? undefined : await this.#open()
    const socket = this.#socket
    if (fault !== undefined) return { fault }
    if (socket === undefined) return failed('NOT_CONNECTED', false)
    const { promise, resolve } = Promise.withResolvers<SendOutcome>()
    const alarm = new Alarm(this.#timers)
    alarm.set(timeoutMs, () => this.#drop('ACK_TIMEOUT'))
    this.#flights.push({
      correlation: correlationOf(payload),
      alarm,
      landed: promise,
      land: resolve,
      committed: false,
      warnings: [],
    })
    socket.write(frame(payload))
    return await promise
  }

  async #open(): Promise<SendFault | undefined> {
    if (this.#target === undefined) return { code: 'NOT_CONNECTED', ambiguous: false }
    const round = this.#round
    const dialled = await dial(this.#target, this.#options.connectTimeoutMs ?? 10_000, this.#timers)
    if ('code' in dialled) return { ...dialled, ambiguous: false }
    const socket = dialled
    if (round !== this.#round) {
      socket.destroy()
      return { code: 'NOT_CONNECTED', ambiguous: false }
    }
    this.#socket = socket
    const reader = new FrameReader({ maxFrameBytes: this.#options.maxAckBytes ?? 1024 * 1024 })
    this.#reader = reader
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket === socket) this.#take(reader.push(chunk))
    })
    // 'close' follows.
    socket.on('error', () => {})
    const lost = () => {
      if (this.#socket === socket) this.#drop('CONNECTION_LOST')
    }
    socket.once('end', lost)
    socket.once('close', lost)
    // What a receiver had left over from before has no message to answer: let it in while nothing is in flight.
    await new Promise((resolve) => setImmediate(resolve))
    return undefined
  }

  #take(events: FrameEvent[]): void {
    for (const event of events) {
      if (event.type === 'fault') this.#fault(event)
      else if (isCommitAck(event.payload)) this.#commit(event.payload[0] === COMMIT_ACK)
      else this.#acknowledge(event.payload, event.warnings)
    }
  }

  #acknowledge(ack: Uint8Array, warnings: readonly string[]): void {
    const flight = this.#flights[0]
    if (flight === undefined || !answers(flight.correlation, ack)) {
      this.#options.onUnmatched?.(ack)
      return
    }
    if (this.#options.release === 2) this.#socket?.write(COMMITTED)
    this.#land(flight, { ack, warnings: [...flight.warnings, ...warnings] })
  }

  /** A commit acknowledgement belongs to the first message that has none: it names no message. */
  #commit(positive: boolean): void {
    const flight = this.#flights.find(({ committed }) => !committed)
    if (flight === undefined) return
    if (this.#options.release !== 2) flight.warnings.push('COMMIT_ACK_RECEIVED')
    if (positive) flight.committed = true
    else this.#land(flight, failed('COMMIT_REJECTED', false))
  }

  #fault(fault: FrameFault): void {
    if (fault.fatal || fault.code === 'MLLP_MISSING_VT') this.#drop('ACK_NOT_FRAMED', fault)
    else this.#flights[0]?.warnings.push(fault.code)
  }

  /** Closes the connection, so that no late ACK meets the next message, and ends what is in flight. */
  #drop(code: SendFaultCode, fault?: FrameFault): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
    // Octets that were no frame are what an operator needs to see of a receiver that frames its ACKs wrongly.
    const rest = fault ?? this.#reader.end().find((event) => event.type === 'fault')
    if (rest === undefined) this.#loseAll(code)
    else this.#loseAll('ACK_NOT_FRAMED', rest)
  }

  #loseAll(code: SendFaultCode, fault?: FrameFault): void {
    for (const flight of [...this.#flights]) {
      if (flight.committed) this.#land(flight, failed('ACK_OWED', false))
      else if (fault === undefined) this.#land(flight, failed(code, true))
      else this.#land(flight, { fault: { code, ambiguous: true, detail: fault.code, octets: fault.sample } })
    }
  }

  #land(flight: Flight, outcome: SendOutcome): void {
    flight.alarm.clear()
    this.#flights.splice(this.#flights.indexOf(flight), 1)
    flight.land(outcome)
  }
}

function failed(code: SendFaultCode, ambiguous: boolean): SendOutcome {
  return { fault: { code, ambiguous } }
}
