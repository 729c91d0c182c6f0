// Which message an acknowledgement belongs to: MSA-2 against MSH-10, BHS-12 against BHS-11 (HL7 v2.9.1 chapter 2,
// sections 2.9 and 2.10.3). Compared as octets: a sender's control ID need not be valid in any character set.

import { CR, isPadding, LF } from './octets.ts'

/** What an answer must name; `id` undefined = nothing to go by, any answer will do. */
export interface Correlation {
  readonly batch: boolean
  readonly id: Buffer | undefined
}

interface Header {
  readonly name: string
  readonly start: number
  readonly separator: number
}

const HEADER_NAMES = ['MSH', 'BHS', 'FHS']

/** MSH-10 of a message, BHS-11 of a batch. */
export function correlationOf(payload: Uint8Array): Correlation {
  const octets = asBuffer(payload)
  const header = headerOf(octets)
  if (header === undefined) return { batch: false, id: undefined }
  const batch = header.name === 'BHS'
  // The separator is the first field of a header: field n is piece n - 1 between separators.
  const id = pieceAt(octets, header.start, header.separator, batch ? 10 : 9)
  return { batch, id: id?.length === 0 ? undefined : id }
}

/** Whether `ack` answers what was sent. A batch may be answered by one ACK, or by a batch that names none. */
export function answers(sent: Correlation, ack: Uint8Array): boolean {
  if (sent.id === undefined) return true
  const octets = asBuffer(ack)
  const header = headerOf(octets)
  if (header === undefined) return false
  if (header.name === 'BHS') {
    const named = pieceAt(octets, header.start, header.separator, 11)
    return sent.batch && (named === undefined || named.length === 0 || named.equals(sent.id))
  }
  return sent.batch || acknowledgedId(octets, header)?.equals(sent.id) === true
}

/** MSA-2. */
function acknowledgedId(octets: Buffer, header: Header): Buffer | undefined {
  let start = header.start
  while (start < octets.length) {
    if (octets.toString('latin1', start, start + 3) === 'MSA' && octets[start + 3] === header.separator) {
      return pieceAt(octets, start, header.separator, 2)
    }
    start = segmentEnd(octets, start) + 1
  }
  return undefined
}

/** The first MSH or BHS, over padding, a byte order mark and file headers. */
function headerOf(octets: Buffer): Header | undefined {
  let start = 0
  for (;;) {
    while (isPadding(octets[start]) || isByteOrderMark(octets[start])) start++
    const name = octets.toString('latin1', start, start + 3)
    const separator = octets[start + 3]
    if (separator === undefined || !HEADER_NAMES.includes(name)) return undefined
    if (name !== 'FHS') return { name, start, separator }
    start = segmentEnd(octets, start)
  }
}

/** Piece `index` between the separators of the segment at `start`; its name is piece 0. */
function pieceAt(octets: Buffer, start: number, separator: number, index: number): Buffer | undefined {
  const end = segmentEnd(octets, start)
  let from = start
  for (let piece = 0; from <= end; piece++) {
    const next = octets.subarray(from, end).indexOf(separator)
    const to = next < 0 ? end : from + next
    if (piece === index) return octets.subarray(from, to)
    from = to + 1
  }
  return undefined
}

function segmentEnd(octets: Buffer, start: number): number {
  let end = start
  while (end < octets.length && octets[end] !== CR && octets[end] !== LF) end++
  return end
}

function isByteOrderMark(octet: number | undefined): boolean {
  return octet === 0xef || octet === 0xbb || octet === 0xbf
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}
