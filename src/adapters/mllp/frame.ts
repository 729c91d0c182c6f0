// MLLP framing (HL7 Transport Specification MLLP, releases 1 and 2): octets in, frames and faults out. Every frame is
// isolated from its neighbours, the result does not depend on how TCP cuts the octets, time and memory are linear.

import { isUtf16, leadingWarnings, strangerIn } from './first-octets.ts'
import {
  type FrameEvent,
  type FrameFaultCode,
  type FrameWarning,
  fault,
  HEAD_BYTES,
  SAMPLE_BYTES,
} from './frame-event.ts'
import { CR, FS, headAt, isPadding, LF, OctetStore, Scan, VT } from './octets.ts'

export interface FrameReaderOptions {
  /** Octets of one payload, 16 MiB unless told. */
  readonly maxFrameBytes?: number
  /** Octets outside frames, padding included, between one delivered frame and the next; 64 KiB unless told. */
  readonly maxGarbageBytes?: number
  /** Takes MSH, FHS or BHS outside a frame as the beginning of one; off unless told. */
  readonly allowMissingVt?: boolean
  /** 'fs-vt' (default): FS directly before VT ends a frame although its CR is missing. 'fs-cr': it does not. */
  readonly terminator?: 'fs-vt' | 'fs-cr'
}

const NO_OCTETS = Buffer.alloc(0)
/** Most octets that a decision may have to wait with: VT and two of the three that follow. */
const LOOKAHEAD = 3

/** Reads one connection's octets. Feed it with `push`, tell it the end with `end`. */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #maxGarbageBytes: number
  readonly #allowMissingVt: boolean
  readonly #fsVt: boolean
  readonly #frame: OctetStore
  readonly #stray = new OctetStore(SAMPLE_BYTES)
  #warnings: FrameWarning[] = []
  #carry = NO_OCTETS
  /** Offset in the stream of the first octet that is not consumed. */
  #base = 0
  #inFrame = false
  #frameOffset = 0
  #strayOffset = 0
  #strayLength = 0
  #discarded = 0
  #dead = false

  constructor(options: FrameReaderOptions = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? 16 * 1024 * 1024
    this.#frame = new OctetStore(this.#maxFrameBytes + LOOKAHEAD + 1)
    this.#maxGarbageBytes = options.maxGarbageBytes ?? 64 * 1024
    this.#allowMissingVt = options.allowMissingVt ?? false
    this.#fsVt = options.terminator !== 'fs-cr'
  }

  /** Whether a frame has begun and not ended. */
  get inFrame(): boolean {
    return this.#inFrame
  }

  /** Whether stray octets are held that no fault tells of yet. */
  get inStray(): boolean {
    return this.#strayLength > 0
  }

  /** Offset in the stream of the frame that has begun. */
  get frameOffset(): number {
    return this.#frameOffset
  }

  /** Octets in memory. */
  get bufferedBytes(): number {
    return this.#frame.length + this.#carry.length
  }

  /** Whether a fatal fault or the end has been told. */
  get dead(): boolean {
    return this.#dead
  }

  /** Whether an FS was the last octet: the frame ends here, or goes on. */
  get awaitsAfterFs(): boolean {
    return this.#inFrame && this.#carry[0] === FS
  }

  /** Takes the next octets; they may be reused afterwards. */
  push(chunk: Uint8Array): FrameEvent[] {
    const events: FrameEvent[] = []
    if (this.#dead) return events
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const scan = new Scan(this.#carry.length > 0 ? Buffer.concat([this.#carry, view]) : view)
    this.#carry = NO_OCTETS
    let at = 0
    while (at < scan.end && !this.#dead) {
      at = this.#inFrame ? this.#inside(scan, at, events) : this.#outside(scan, at, events)
    }
    this.#base += scan.end - this.#carry.length
    return events
  }

  /** Ends reading; a frame that has begun becomes a fault `code`. */
  end(code: 'TRUNCATED_FRAME' | 'FRAME_TIMEOUT' = 'TRUNCATED_FRAME'): FrameEvent[] {
    const events: FrameEvent[] = []
    if (this.#dead) return events
    if (this.#inFrame) {
      this.#frame.append(this.#carry, 0, this.#carry.length)
      this.#frameFault(code, events, false)
    } else {
      this.#discard(this.#carry, 0, this.#carry.length, this.#base, events)
      this.#endStray(events)
    }
    this.#carry = NO_OCTETS
    this.#dead = true
    return events
  }

  /** Tells of stray octets that nothing has followed for a while. */
  flushStray(): FrameEvent[] {
    const events: FrameEvent[] = []
    this.#endStray(events)
    return events
  }

  /** Ends the frame at the FS that was its last octet (a sender that leaves out CR); nothing when it was not. */
  endAtFs(): FrameEvent[] {
    const events: FrameEvent[] = []
    if (!this.awaitsAfterFs) return events
    this.#base += this.#carry.length
    this.#carry = NO_OCTETS
    this.#warn('MLLP_FS_WITHOUT_CR')
    this.#endFrame(events)
    return events
  }

  /** One step between frames; returns where the next one starts. */
  #outside(scan: Scan, at: number, events: FrameEvent[]): number {
    const { octets, end } = scan
    if (octets[at] === VT) {
      this.#endStray(events)
      this.#begin(this.#base + at)
      return at + 1
    }
    if (this.#strayLength === 0) {
      let next = at
      while (next < end && isPadding(octets[next])) next++
      if (next > at) {
        this.#count(at, next, this.#base, events)
        return next
      }
      const head = this.#allowMissingVt ? headAt(octets, at) : 'no'
      if (head === 'perhaps') return this.#wait(scan, at)
      if (head === 'yes') {
        this.#begin(this.#base + at)
        this.#warn('MLLP_MISSING_VT')
        return at
      }
    }
    const stop = Math.min(scan.vt(at), scan.fs(at))
    if (stop > at) {
      this.#discard(octets, at, stop, this.#base + at, events)
      return stop
    }
    if (at + 1 === end) return this.#wait(scan, at)
    const ends = octets[at + 1] === CR
    const next = ends ? at + 2 : at + 1
    this.#discard(octets, at, next, this.#base + at, events)
    if (ends) this.#endStray(events)
    return next
  }

  /** One step inside a frame; returns where the next one starts. */
  #inside(scan: Scan, at: number, events: FrameEvent[]): number {
    const stop = Math.min(scan.fs(at), scan.vt(at))
    if (stop > at) {
      this.#keep(scan.octets, at, stop, events)
      return stop
    }
    return scan.octets[at] === FS ? this.#atFs(scan, at, events) : this.#atVt(scan, at, events)
  }

  #atFs(scan: Scan, at: number, events: FrameEvent[]): number {
    if (at + 1 === scan.end) return this.#wait(scan, at)
    const next = scan.octets[at + 1]
    if (next === CR || next === LF || (next === VT && this.#fsVt)) {
      if (next === LF) this.#warn('MLLP_LF_AFTER_FS')
      if (next === VT) this.#warn('MLLP_FS_WITHOUT_CR')
      this.#endFrame(events)
      return next === VT ? at + 1 : at + 2
    }
    this.#warn('MLLP_FS_IN_PAYLOAD')
    this.#keep(scan.octets, at, at + 1, events)
    return at + 1
  }

  #atVt(scan: Scan, at: number, events: FrameEvent[]): number {
    const head = headAt(scan.octets, at + 1)
    if (head === 'perhaps') return this.#wait(scan, at)
    if (head === 'yes') {
      this.#frameFault('TRUNCATED_FRAME', events, false)
      this.#begin(this.#base + at)
    } else {
      this.#warn('MLLP_VT_IN_PAYLOAD')
      this.#keep(scan.octets, at, at + 1, events)
    }
    return at + 1
  }

  /** Leaves the octets from `at` to the next chunk: what they mean depends on what follows. */
  #wait(scan: Scan, at: number): number {
    this.#carry = Buffer.from(scan.octets.subarray(at))
    return scan.end
  }

  #begin(offset: number): void {
    this.#inFrame = true
    this.#frameOffset = offset
    this.#warnings = []
  }

  #keep(octets: Uint8Array, from: number, to: number, events: FrameEvent[]): void {
    const room = this.#maxFrameBytes + 1 - this.#frame.length
    this.#frame.append(octets, from, Math.min(to, from + room))
    if (this.#frame.length > this.#maxFrameBytes) this.#frameFault('FRAME_TOO_LARGE', events, true)
  }

  #endFrame(events: FrameEvent[]): void {
    const payload = this.#frame.head(this.#frame.length)
    const code = payload.length === 0 ? 'EMPTY_PAYLOAD' : isUtf16(payload) ? 'UTF16_CONTENT' : undefined
    if (code !== undefined) {
      this.#frameFault(code, events, false)
      return
    }
    const warnings = [...leadingWarnings(payload), ...this.#warnings]
    this.#frame.clear()
    this.#inFrame = false
    this.#discarded = 0
    events.push({ type: 'frame', payload, offset: this.#frameOffset, warnings })
  }

  #frameFault(code: FrameFaultCode, events: FrameEvent[], fatal: boolean): void {
    const length = this.#frame.length
    const head = this.#frame.head(HEAD_BYTES)
    this.#frame.clear()
    this.#inFrame = false
    this.#dead = fatal
    events.push(fault(code, this.#frameOffset, length, head, fatal))
  }

  /** Adds octets to the stray ones; an offset is given because carried octets have theirs. */
  #discard(octets: Uint8Array, from: number, to: number, offset: number, events: FrameEvent[]): void {
    if (to === from) return
    if (this.#strayLength === 0) this.#strayOffset = offset
    const counted = Math.min(to, from + this.#maxGarbageBytes + 1 - this.#discarded)
    const sampled = Math.min(counted, from + SAMPLE_BYTES - this.#stray.length)
    if (sampled > from) this.#stray.append(octets, from, sampled)
    this.#strayLength += counted - from
    const stranger = this.#strayOffset === 0 && sampled > from ? strangerIn(this.#stray.head(16)) : undefined
    if (stranger !== undefined) {
      const [code, start] = stranger
      this.#dead = true
      events.push(fault(code, 0, start.length, this.#stray.head(start.length), true))
      return
    }
    this.#count(from, to, offset - from, events)
  }

  /** Counts the octets from `from` to `to` of a chunk that lies at `base` in the stream as no part of a frame. */
  #count(from: number, to: number, base: number, events: FrameEvent[]): void {
    const room = this.#maxGarbageBytes - this.#discarded
    this.#discarded += Math.min(to - from, room + 1)
    if (this.#discarded <= this.#maxGarbageBytes) return
    this.#dead = true
    const sample = this.#stray.head(SAMPLE_BYTES)
    events.push(fault('TOO_MUCH_GARBAGE', base + from + room, this.#discarded, sample, true))
  }

  #endStray(events: FrameEvent[]): void {
    if (this.#strayLength === 0 || this.#dead) return
    const sample = this.#stray.head(SAMPLE_BYTES)
    const code = headAt(sample, 0) === 'yes' ? 'MLLP_MISSING_VT' : 'MLLP_BYTES_BEFORE_VT'
    events.push(fault(code, this.#strayOffset, this.#strayLength, sample, false))
    this.#stray.clear()
    this.#strayLength = 0
  }

  #warn(warning: FrameWarning): void {
    if (!this.#warnings.includes(warning)) this.#warnings.push(warning)
  }
}

/** One payload as a frame, in one piece: senders that write VT, payload and FS CR apart trip naive receivers. */
export function frame(payload: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(payload.length + 3)
  framed[0] = VT
  framed.set(payload, 1)
  framed[payload.length + 1] = FS
  framed[payload.length + 2] = CR
  return framed
}
