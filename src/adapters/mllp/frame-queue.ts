// What has been read from an MLLP connection and waits to be handled, while frames before it are in flight.

import type { FrameEvent } from './frame-event.ts'

export class FrameQueue {
  #events: FrameEvent[] = []
  #next = 0
  #bytes = 0

  /** Octets of the payloads in it. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#next === this.#events.length
  }

  add(events: readonly FrameEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += sizeOf(event)
    }
  }

  take(): FrameEvent | undefined {
    const event = this.#events[this.#next]
    if (event === undefined) return undefined
    this.#next += 1
    this.#bytes -= sizeOf(event)
    if (this.isEmpty) this.clear()
    return event
  }

  clear(): void {
    this.#events = []
    this.#next = 0
    this.#bytes = 0
  }
}

function sizeOf(event: FrameEvent): number {
  return event.type === 'frame' ? event.payload.length : 0
}
