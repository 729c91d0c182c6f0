// Timers of the frame that a connection is reading: silence, total time, and what an FS without CR waits for.

import type { FrameReader } from './frame.ts'
import type { FrameEvent } from './frame-event.ts'
import type { MllpLimits } from './options.ts'
import { Alarm, type Timers } from './timers.ts'

/** `timedOut`: the connection must close, its sender has stopped in the middle of a frame. */
export type Watched = (events: FrameEvent[], timedOut: boolean) => void

/** Costs nothing while frames come whole: timers run only from one chunk to the next of the same frame. */
export class FrameWatch {
  readonly #reader: FrameReader
  readonly #limits: MllpLimits
  readonly #found: Watched
  readonly #silence: Alarm
  readonly #total: Alarm
  readonly #afterFs: Alarm
  #totalOf: number | undefined

  constructor(reader: FrameReader, limits: MllpLimits, timers: Timers, found: Watched) {
    this.#reader = reader
    this.#limits = limits
    this.#found = found
    this.#silence = new Alarm(timers)
    this.#total = new Alarm(timers)
    this.#afterFs = new Alarm(timers)
  }

  /** Sees what the last octets changed. While we do not read, silence is no fault of the sender's. */
  update(reading: boolean): void {
    const reader = this.#reader
    if (reader.dead) {
      this.stop()
      return
    }
    this.#afterFs.clear()
    if (reading && (reader.inFrame || reader.inStray)) {
      this.#silence.set(this.#limits.frameTimeoutMs, () => this.#silent())
    } else this.#silence.clear()
    if (!reader.inFrame) {
      this.#total.clear()
      this.#totalOf = undefined
    } else if (this.#totalOf !== reader.frameOffset) {
      this.#totalOf = reader.frameOffset
      this.#total.set(this.#limits.maxFrameTimeMs, () => this.#found(reader.end('FRAME_TIMEOUT'), true))
    }
    if (reading && reader.awaitsAfterFs && this.#limits.fsTimeoutMs > 0) {
      this.#afterFs.set(this.#limits.fsTimeoutMs, () => this.#endAtFs())
    }
  }

  stop(): void {
    this.#silence.clear()
    this.#total.clear()
    this.#afterFs.clear()
  }

  #silent(): void {
    if (this.#reader.inFrame) this.#found(this.#reader.end('FRAME_TIMEOUT'), true)
    else this.#found(this.#reader.flushStray(), false)
  }

  #endAtFs(): void {
    const events = this.#reader.endAtFs()
    this.update(true)
    this.#found(events, false)
  }
}
