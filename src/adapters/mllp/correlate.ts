// Which message an acknowledgement belongs to: MSA-2 against MSH-10, BHS-12 against BHS-11 (HL7 v2.9.1 chapter 2,
// sections 2.9 and 2.10.3). Compared as octets: a sender's control ID need not be valid in any character set.

import { CR, isPadding, LF } from './octets.ts'

/** Fields of one segment as octets, as far as `count`; the first is the segment's name. */
function fieldsAt(octets: Buffer, start: number, separator: number, count: number): Buffer[] {
  const end = endOfSegment(octets, start)
  const fields: Buffer[] = []
  let from = start
  while (fields.length < count && from <= end) {
    const next = octets.indexOf(separator, from)
    const to = next < 0 || next > end ? end : next
    fields.push(octets.subarray(from, to))
    from = to + 1
  }
  return fields
}

function endOfSegment(octets: Buffer, start: number): number {
  let end = start
  while (end < octets.length && octets[end] !== CR && octets[end] !== LF) end++
  return end
}

interface Header {
  readonly name: string
  readonly start: number
  readonly separator: number
}

/** The first header at or after `start`, over padding and a byte order mark. */
function headerOf(octets: Buffer, start = 0): Header | undefined {
  let at = start
  while (isPadding(octets[at]) || octets[at] === 0xef || octets[at] === 0xbb || octets[at] === 0xbf) at++
  const name = octets.toString('latin1', at, at + 3)
  const separator = octets[at + 3]
  if (separator === undefined || !['MSH', 'FHS', 'BHS'].includes(name)) return undefined
  if (name !== 'FHS') return { name, start: at, separator }
  return headerOf(octets, endOfSegment(octets, at))
}

/** MSH-10 of a message, BHS-11 of a batch; undefined when it has none, so that any answer must do. */
export function controlIdOf(payload: Uint8Array): Buffer | undefined {
  const octets = asBuffer(payload)
  const header = headerOf(octets)
  if (header === undefined) return undefined
  // The separator itself is the first field of a header: field n is the n-th piece, counted from one.
  const index = header.name === 'MSH' ? 9 : 10
  const id = fieldsAt(octets, header.start, header.separator, index + 1)[index]
  return id === undefined || id.length === 0 ? undefined : id
}

/** MSA-2 of an acknowledgement, BHS-12 of a batch of them; undefined when it names no message. */
export function acknowledgedIdOf(ack: Uint8Array): Buffer | undefined {
  const octets = asBuffer(ack)
  const header = headerOf(octets)
  if (header === undefined) return undefined
  if (header.name === 'BHS') return fieldsAt(octets, header.start, header.separator, 12)[11]
  let start = header.start
  while (start < octets.length) {
    if (octets.toString('latin1', start, start + 3) === 'MSA' && octets[start + 3] === header.separator) {
      return fieldsAt(octets, start, header.separator, 3)[2]
    }
    start = endOfSegment(octets, start) + 1
  }
  return undefined
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}
