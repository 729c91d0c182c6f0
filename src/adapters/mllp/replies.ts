// Replies of one MLLP connection, written in the order in which their frames came (HL7 v2.9.1 chapter 2, section 2.9).

import type { Socket } from 'node:net'
import { Alarm, type Timers } from './timers.ts'

/** The place of one frame in the order of replies. */
export interface ReplySlot {
  settled: boolean
  bytes: Uint8Array | undefined
}

export interface ReplyWatcher {
  /** A slot has become free. */
  replyLeft(): void
  ackSent(): void
  ackUndelivered(): void
  /** The peer has taken nothing for the write timeout. */
  writeStalled(): void
}

export class ReplyQueue {
  readonly #socket: Socket
  readonly #watcher: ReplyWatcher
  readonly #writeTimeoutMs: number
  readonly #alarm: Alarm
  readonly #slots: ReplySlot[] = []
  #unflushed = 0
  #scheduled = false
  #lost = false

  constructor(socket: Socket, watcher: ReplyWatcher, writeTimeoutMs: number, timers: Timers) {
    this.#socket = socket
    this.#watcher = watcher
    this.#writeTimeoutMs = writeTimeoutMs
    this.#alarm = new Alarm(timers)
  }

  /** Frames whose reply has not been handed to the network. */
  get size(): number {
    return this.#slots.length + this.#unflushed
  }

  /** Takes the next place. */
  open(): ReplySlot {
    const slot = { settled: false, bytes: undefined }
    this.#slots.push(slot)
    return slot
  }

  /** Gives the place its framed reply; undefined = none is owed. */
  settle(slot: ReplySlot, bytes: Uint8Array | undefined): void {
    slot.settled = true
    slot.bytes = bytes
    if (this.#lost) {
      if (bytes !== undefined) this.#watcher.ackUndelivered()
      return
    }
    if (this.#scheduled || this.#slots[0] !== slot) return
    this.#scheduled = true
    // A commit settles many frames at once: one tick later all of them leave in one write.
    process.nextTick(() => this.#flush())
  }

  /** The connection is gone: what could still be written is undelivered. */
  abandon(): void {
    this.#lost = true
    this.#alarm.clear()
    for (const slot of this.#slots) {
      if (slot.settled && slot.bytes !== undefined) this.#watcher.ackUndelivered()
    }
    this.#slots.length = 0
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#lost) return
    this.#socket.cork()
    while (this.#slots[0]?.settled) {
      const slot = this.#slots.shift()
      if (slot?.bytes !== undefined) this.#write(slot.bytes)
    }
    this.#socket.uncork()
    this.#watcher.replyLeft()
  }

  #write(bytes: Uint8Array): void {
    this.#unflushed += 1
    if (!this.#alarm.isSet) this.#watch()
    this.#socket.write(bytes, (error) => {
      this.#unflushed -= 1
      if (error) {
        this.#watcher.ackUndelivered()
        return
      }
      this.#watcher.ackSent()
      if (this.#unflushed > 0 && !this.#lost) this.#watch()
      else this.#alarm.clear()
      this.#watcher.replyLeft()
    })
  }

  #watch(): void {
    this.#alarm.set(this.#writeTimeoutMs, () => this.#watcher.writeStalled())
  }
}
