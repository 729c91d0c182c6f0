// Takes a file apart into what is sent at once: MLLP frames, whole batches, or messages one after the other.
// Works on octets, so that nothing of a message is changed, whatever its character set.
import { FrameReader } from '../adapters/mllp/frame.ts'

const VT = 0x0b
const CR = 0x0d
const LF = 0x0a
const maxLead = 100

export interface Unpacked {
  readonly payloads: readonly Uint8Array[]
  /** Frames that could not be read, by the code of their fault. */
  readonly faults: readonly string[]
}

/** Payloads of a file. Something that is neither framed nor begins like HL7 v2 is one payload as it is. */
export function unpack(bytes: Uint8Array): Unpacked {
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const begin = firstInk(octets)
  if (begin < 0) return { payloads: [], faults: [] }
  if (octets[begin] === VT) return unframe(octets)
  const name = octets.toString('latin1', begin, begin + 3)
  const starts = name === 'MSH' ? messageStarts(octets, begin) : [begin]
  if (starts.length < 2) return { payloads: [octets], faults: [] }
  const payloads = starts.map((start, i) =>
    withoutBlankLines(octets.subarray(i === 0 ? 0 : start, starts[i + 1] ?? octets.length)),
  )
  return { payloads, faults: [] }
}

/** True for what begins with MSH, FHS or BHS, framed or not. */
export function beginsLikeHl7(bytes: Uint8Array): boolean {
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const begin = firstInk(octets)
  if (begin < 0) return false
  const at = octets[begin] === VT ? begin + 1 : begin
  return /^(?:MSH|FHS|BHS)[^\w\s]/.test(octets.toString('latin1', at, at + 4))
}

function unframe(octets: Buffer): Unpacked {
  const limit = octets.length
  const reader = new FrameReader({ maxFrameBytes: limit, maxGarbageBytes: limit })
  const payloads: Uint8Array[] = []
  const faults: string[] = []
  for (const event of [...reader.push(octets), ...reader.end()]) {
    if (event.type === 'frame') payloads.push(event.payload)
    else faults.push(event.code)
  }
  return { payloads, faults }
}

/** Index of the first octet that is neither blank nor of a byte order mark; VT is ink. -1 when there is none. */
function firstInk(octets: Buffer): number {
  const mark = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf ? 3 : 0
  for (let at = mark; at < octets.length; at++) {
    const octet = octets[at] ?? 0
    if (octet > 0x20 || octet === VT) return at
  }
  return -1
}

/** Where lines begin with MSH and a separator. */
function messageStarts(octets: Buffer, begin: number): readonly number[] {
  const starts = [begin]
  for (let at = octets.indexOf('MSH', begin + 3); at >= 0; at = octets.indexOf('MSH', at + 3)) {
    const separator = octets[at + 3] ?? 0x20
    if (separator > 0x20 && !/\w/.test(String.fromCharCode(separator)) && beginsLine(octets, at))
      starts.push(at)
  }
  return starts
}

function beginsLine(octets: Buffer, at: number): boolean {
  for (let i = at - 1; i >= 0 && at - i <= maxLead; i--) {
    const octet = octets[i] ?? 0
    if (octet === CR || octet === LF) return true
    if (octet > 0x20) return false
  }
  return false
}

/** A message up to the end of its last segment: what stands between two messages belongs to neither. */
function withoutBlankLines(octets: Buffer): Uint8Array {
  let end = octets.length
  while (end > 0 && (octets[end - 1] ?? 0) <= 0x20) end--
  if (octets[end] === CR) end += octets[end + 1] === LF ? 2 : 1
  else if (octets[end] === LF) end += 1
  return octets.subarray(0, end)
}
