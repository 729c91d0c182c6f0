// Reading octets with FrameReader, and its events as lines that tests compare.
import { FrameReader, type FrameReaderOptions } from '../../../src/adapters/mllp/frame.ts'
import type { FrameEvent } from '../../../src/adapters/mllp/frame-event.ts'
import { octets, text } from './wire.ts'

/** Events as short lines: 'frame <payload> [warnings]' or 'fault CODE offset length'. */
export function lines(events: readonly FrameEvent[]): string[] {
  return events.map((event) =>
    event.type === 'frame'
      ? `frame ${text(event.payload)} [${event.warnings.join()}] at ${event.offset}`
      : `fault ${event.code} at ${event.offset} of ${event.length}${event.fatal ? ' fatal' : ''} ${text(event.head)}`,
  )
}

export function read(chunks: readonly Uint8Array[], options: FrameReaderOptions = {}): FrameEvent[] {
  const reader = new FrameReader(options)
  return [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()]
}

export const readText = (input: string, options?: FrameReaderOptions): FrameEvent[] =>
  read([octets(input)], options)
export const payloads = (events: readonly FrameEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'frame' ? [text(event.payload)] : []))
export const faults = (events: readonly FrameEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'fault' ? [event.code] : []))
export const warnings = (events: readonly FrameEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'frame' ? event.warnings : []))
