// Hands the frames of one MLLP connection to the pipeline and tries again, in order, what the store refused.

import type { Inbound, OnInbound, Reply } from '../adapter.ts'
import { Alarm, type Timers } from './timers.ts'

/** What became of a message: the reply, or undefined when the store stayed unavailable for too long. */
export type Settle = (reply: Reply | undefined) => void

export interface IntakeOptions {
  readonly onInbound: OnInbound
  readonly timers: Timers
  readonly storeWaitMs: number
  readonly storeRetryMs: number
  /** The store refused for the first time since it last took something. */
  readonly refused: () => void
  /** Frames may be handed over again. */
  readonly resumed: () => void
}

interface Work {
  readonly order: number
  readonly inbound: Inbound
  readonly settle: Settle
}

const MOST_PAUSE = 20

/**
 * Frames go out as they come. Once the store refuses one, none is handed over until all that it refused have been
 * tried again in the order of their frames, or have been given up.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #pause: Alarm
  readonly #limit: Alarm
  #waiting: Work[] = []
  #outstanding = 0
  #order = 0
  #refusedSince: number | undefined
  #pauseMs = 0
  #due = false
  #stopped = false

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#pause = new Alarm(options.timers)
    this.#limit = new Alarm(options.timers)
  }

  /** Whether the store is refusing: nothing should be read or handed over. */
  get blocked(): boolean {
    return this.#refusedSince !== undefined
  }

  /** Hands a message over; `settle` is called once, unless `stop` drops it. */
  take(inbound: Inbound, settle: Settle): void {
    this.#attempt({ order: this.#order++, inbound, settle })
  }

  /**
   * The connection is gone: what the store refused is not tried again, its sender will. Returns what is dropped; for
   * messages under way `settle` is called still.
   */
  stop(): Inbound[] {
    const dropped = this.#waiting.map((work) => work.inbound)
    this.#stopped = true
    this.#waiting = []
    this.#pause.clear()
    this.#limit.clear()
    return dropped
  }

  #attempt(work: Work): void {
    this.#outstanding += 1
    outcomeOf(this.#options.onInbound, work.inbound).then((reply) => {
      this.#outstanding -= 1
      if (reply === undefined) this.#refuse(work)
      else this.#accept(work, reply)
    })
  }

  #accept(work: Work, reply: Reply): void {
    work.settle(reply)
    if (!this.blocked) return
    this.#pauseMs = 0
    if (this.#waiting.length === 0) this.#resume()
    else this.#retryWhenQuiet()
  }

  #refuse(work: Work): void {
    if (this.#stopped) {
      work.settle(undefined)
      return
    }
    const { timers, storeWaitMs, storeRetryMs } = this.#options
    if (this.#refusedSince === undefined) {
      this.#refusedSince = timers.now()
      this.#pauseMs = 0
      this.#limit.set(storeWaitMs, () => this.#giveUp())
      this.#options.refused()
    }
    const place = this.#waiting.findIndex((other) => other.order > work.order)
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, work)
    if (timers.now() - this.#refusedSince >= storeWaitMs) {
      this.#giveUp()
    } else if (this.#due) {
      this.#retryWhenQuiet()
    } else if (!this.#pause.isSet) {
      this.#pauseMs = Math.min(this.#pauseMs * 2 || storeRetryMs, MOST_PAUSE * storeRetryMs)
      this.#pause.set(this.#pauseMs, () => this.#retryWhenQuiet())
    }
  }

  /** Waits for the attempts under way: a later frame must not overtake an earlier one that is tried again. */
  #retryWhenQuiet(): void {
    this.#due = this.#outstanding > 0
    if (this.#due) return
    this.#pause.clear()
    const works = this.#waiting
    this.#waiting = []
    for (const work of works) this.#attempt(work)
  }

  #giveUp(): void {
    const works = this.#waiting
    this.#waiting = []
    for (const work of works) work.settle(undefined)
    if (this.#outstanding === 0) this.#resume()
  }

  #resume(): void {
    this.#refusedSince = undefined
    this.#due = false
    this.#pause.clear()
    this.#limit.clear()
    this.#options.resumed()
  }
}

/** The reply, or undefined for a refusal, however it comes. */
async function outcomeOf(onInbound: OnInbound, inbound: Inbound): Promise<Reply | undefined> {
  try {
    return await onInbound(inbound)
  } catch {
    return undefined
  }
}
