// The senders: feeds over MLLP that keep what was acknowledged, send again what was not, and never give up.
import { setTimeout as sleep } from 'node:timers/promises'
import { Messages, type Sent } from './messages.ts'
import { type Answer, readMsa, Wire } from './wire.ts'

export interface LoadOptions {
  readonly seed: number
  readonly connections: number
  /** Registered at the start; more come while the load runs. */
  readonly patients: number
  /** Shares of messages that are sent once more although answered, or twice at the same time, or wrong. */
  readonly resendShare: number
  readonly doubleShare: number
  readonly invalidShare: number
  /** MSH-3 of senders that are answered before their messages are applied. */
  readonly early: readonly string[]
  /** Messages in flight, by feed. */
  readonly window: (feed: number) => number
  /** Ends by itself after so many messages of each feed. */
  readonly limit?: number
}

export const usualLoad: Omit<LoadOptions, 'seed'> = {
  connections: 16,
  patients: 160,
  resendShare: 0.04,
  doubleShare: 0.01,
  invalidShare: 0.02,
  early: [],
  // Two senders that do not wait for each ACK: order must hold for them, too.
  window: (feed) => (feed < 2 ? 4 : 1),
}

const recentlyAnswered = 50
const retryMs = 50
const maxComplaints = 100

export class Load {
  readonly sent: Sent[] = []
  /** What no oracle needs a database for: wrong codes, answers that differ, answers nobody asked for. */
  readonly complaints: string[] = []
  readonly options: LoadOptions
  /** AAs so far. */
  acked = 0
  /** When the last AA came (performance.now), and the longest time that a message waited for its AA, ms. */
  lastAckAt = 0
  slowestMs = 0
  /** Answers that said: not now. */
  refusals = 0
  readonly #feeds: Feed[]
  #port: number | undefined
  #stopping = false
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: LoadOptions) {
    this.options = options
    this.#feeds = Array.from({ length: options.connections }, (_, feed) => new Feed(feed, this))
  }

  get port(): number | undefined {
    return this.#port
  }

  get stopping(): boolean {
    return this.#stopping
  }

  /** Messages that wait for their answer. */
  get open(): number {
    return this.#feeds.reduce((sum, feed) => sum + feed.open, 0)
  }

  /** Where the gateway is now; undefined while there is none. */
  aim(port: number | undefined): void {
    this.#port = port
  }

  start(): void {
    this.#running = Promise.all(this.#feeds.map((feed) => feed.run()))
  }

  /** Sends nothing new; true once everything sent is answered, false when that takes longer. */
  async finish(limitMs: number): Promise<boolean> {
    this.#stopping = true
    return await this.done(limitMs)
  }

  /** The same without stopping: for loads with a limit. */
  async done(limitMs: number): Promise<boolean> {
    const timer = new AbortController()
    const late = sleep(limitMs, false, { signal: timer.signal }).catch(() => false)
    const done = await Promise.race([this.#running.then(() => true), late])
    timer.abort()
    return done
  }

  /** Ends the feeds whatever they wait for. */
  abandon(): void {
    this.#stopping = true
    for (const feed of this.#feeds) feed.abandon()
  }

  settled(sent: Sent, code: string, ack: Buffer, waitedMs: number): void {
    if (sent.acked) {
      // Both answers to a message sent twice: the second is the stored first one.
      if (sent.ack && !this.#isSame(sent, sent.ack, ack))
        this.complain(`${sent.id} was answered with two different ACKs`)
      return
    }
    if (code !== sent.code) this.complain(`${sent.id} ${sent.event} got ${code}: ${brief(ack)}`)
    sent.acked = true
    sent.ack = ack
    if (code !== 'AA') return
    this.acked++
    this.lastAckAt = performance.now()
    this.slowestMs = Math.max(this.slowestMs, waitedMs)
  }

  isEarly({ text }: Sent): boolean {
    return this.options.early.includes(text.split('|', 3)[2] ?? '')
  }

  /** Byte for byte; where the rules come after the ACK, the answer of the rules takes its place: then MSA alone. */
  #isSame(sent: Sent, one: Buffer, other: Buffer): boolean {
    if (!this.isEarly(sent)) return one.equals(other)
    const [a, b] = [readMsa(one), readMsa(other)]
    return a.code === b.code && a.id === b.id
  }

  complain(text: string): void {
    if (this.complaints.length < maxComplaints) this.complaints.push(text)
  }
}

/** Codes and places, without the values of fields. */
export const brief = (ack: Buffer): string =>
  ack
    .toString('latin1')
    .split('\r')
    .slice(1)
    .map((each) => each.slice(0, 120))
    .join(' / ')

/** The store is away: says nothing of the message, which has to be sent again. */
export const saysNotNow = (ack: Buffer, code: string): boolean =>
  code === 'AR' && /\rERR\|(?:[^|]*\|){2}207\b/.test(ack.toString('latin1'))

interface Flight {
  readonly sent: Sent
  /** It was answered before. */
  readonly again: boolean
  readonly answer: Promise<Answer>
  readonly since: number
}

class Feed {
  readonly #number: number
  readonly #load: Load
  readonly #messages: Messages
  readonly #recent: Sent[] = []
  /** Sent and not answered, in order. */
  #open: Sent[] = []
  #wire: Wire | undefined
  #abandoned = false

  constructor(number: number, load: Load) {
    const { seed, connections, patients, invalidShare } = load.options
    this.#number = number
    this.#load = load
    this.#messages = new Messages({ seed, feed: number, feeds: connections, patients, invalidShare })
  }

  get open(): number {
    return this.#open.length
  }

  abandon(): void {
    this.#abandoned = true
    this.#wire?.close()
  }

  async run(): Promise<void> {
    while (!this.#abandoned && (this.#wantsMore() || this.#open.length > 0)) {
      const { port } = this.#load
      this.#wire = port === undefined ? undefined : await Wire.open(port)
      if (!this.#wire) {
        await sleep(retryMs)
        continue
      }
      await this.#talk(this.#wire)
      if (this.#wire.unasked > 0) this.#load.complain(`feed ${this.#number} got a reply to nothing`)
      this.#wire.close()
    }
  }

  #wantsMore(): boolean {
    const { limit } = this.#load.options
    return !this.#load.stopping && (limit === undefined || this.#messages.count < limit)
  }

  /** Until the connection ends, an answer asks for another try, or nothing is left to send. */
  async #talk(wire: Wire): Promise<void> {
    const window = this.#load.options.window(this.#number)
    const flights: Flight[] = this.#open.map((sent) => fly(wire, sent, false))
    for (;;) {
      while (flights.length < window && this.#wantsMore() && wire.open) flights.push(this.#next(wire))
      const flight = flights.shift()
      if (!flight) return
      const answer = await flight.answer
      if (answer === undefined) return
      const { code, id } = readMsa(answer)
      if (saysNotNow(answer, code)) {
        this.#load.refusals++
        if (id !== flight.sent.id) this.#load.complain(`the refusal of ${flight.sent.id} names "${id}"`)
        await sleep(retryMs)
        return
      }
      if (id !== flight.sent.id) {
        this.#load.complain(`the answer to ${flight.sent.id} names ${id}`)
        return
      }
      this.#land(flight, code, answer)
    }
  }

  #land({ sent, again, since }: Flight, code: string, answer: Buffer): void {
    this.#load.settled(sent, code, answer, performance.now() - since)
    if (again) return
    this.#open = this.#open.filter((each) => each !== sent)
    this.#recent.push(sent)
    if (this.#recent.length > recentlyAnswered) this.#recent.shift()
  }

  #next(wire: Wire): Flight {
    const { resendShare, doubleShare, window } = this.#load.options
    if (this.#recent.length > 0 && this.#messages.chance(resendShare))
      return fly(wire, this.#messages.one(this.#recent), true)
    const sent = this.#messages.next()
    this.#open.push(sent)
    this.#load.sent.push(sent)
    const flight = fly(wire, sent, false)
    // Not where others are in flight: its twin could overtake them, and the disorder would be our own.
    if (this.#messages.chance(doubleShare) && window(this.#number) === 1) void this.#twin(sent)
    return flight
  }

  /** The same message at the same time by another connection. */
  async #twin(sent: Sent): Promise<void> {
    const { port } = this.#load
    const wire = port === undefined ? undefined : await Wire.open(port)
    if (!wire) return
    const { answer, since } = fly(wire, sent, true)
    const ack = await answer
    wire.close()
    if (!ack) return
    const { code, id } = readMsa(ack)
    if (saysNotNow(ack, code)) return
    if (id !== sent.id) this.#load.complain(`the answer to the twin of ${sent.id} names ${id}`)
    else this.#load.settled(sent, code, ack, performance.now() - since)
  }
}

function fly(wire: Wire, sent: Sent, again: boolean): Flight {
  sent.times++
  return { sent, again, answer: wire.send(sent.bytes), since: performance.now() }
}
