// Character sets: the bytes of a message <-> its text (HL7 v2.9.1 chapter 2, 2.14.9.18 MSH-18, table 0211).
import { isAscii, isUtf8 } from 'node:buffer'
import { ASCII, charsetOf, decoder, FALLBACK, LATIN_1 } from './charset-names.ts'

export { encodeText } from './charset-encode.ts'
export { charsetOf } from './charset-names.ts'

export interface DecodeOptions {
  /** What the transport says, such as the charset of a content type: goes before MSH-18. */
  readonly declared?: string
  /** For messages that say nothing. Without it: UTF-8, or windows-1252 when the bytes are not UTF-8. */
  readonly endpointDefault?: string
  /** Refuse bytes and names that do not fit instead of falling back. Default false. */
  readonly strict?: boolean
}

export interface CharsetFault {
  readonly code: 'unsupported-charset' | 'invalid-bytes'
  /** What (where) - next step; nothing of the patient. */
  readonly text: string
}

/** Something in the bytes that was read all the same, but not as the sender says or may mean it (mllp.md, X2 to X5). */
export interface CharsetFinding {
  /** `assumed`: nothing was declared, and nothing is wrong with that; the others are worth telling the sender. */
  readonly kind: 'unknown-charset' | 'invalid-bytes' | 'alternates' | 'disagreement' | 'assumed'
  /** A sentence without patient data. */
  readonly text: string
  /** Where in the decoded text it begins, when that is known. */
  readonly at?: number
}

/** `charset` is what `encodeText` needs to answer in kind. */
export type DecodeResult =
  | { readonly text: string; readonly charset: string; readonly findings: readonly CharsetFinding[] }
  | { readonly fault: CharsetFault }

/** Reads the bytes of one message or batch, in the character set that it, its transport or its endpoint names. */
export function decodeBytes(raw: Uint8Array, options: DecodeOptions = {}): DecodeResult {
  if (looksWide(raw)) return refusal('UTF-16 or UTF-32')
  const findings: CharsetFinding[] = []
  const names = findMsh18(raw)
  const sent = names[0] ?? ''
  const name = options.declared || sent || options.endpointDefault || ''
  // ASCII reads the same under both: nothing to tell.
  if (
    options.declared &&
    sent &&
    charsetOf(sent) !== undefined &&
    charsetOf(sent) !== charsetOf(options.declared) &&
    !isAscii(raw)
  ) {
    const text = `character set of the transport goes before ${clip(sent)} (MSH-18) - make them agree`
    findings.push({ kind: 'disagreement', text })
  }
  if (name === '') return decodeUndeclared(raw, findings)
  const label = charsetOf(name)
  if (label === 'refused') return refusal(name)
  if (label === undefined) {
    if (options.strict) return refusal(name)
    const { endpointDefault = '' } = options
    const otherwise = endpointDefault === name ? undefined : charsetOf(endpointDefault)
    const usable = otherwise !== undefined && otherwise !== 'refused'
    const readAs = usable ? clip(endpointDefault) : 'UTF-8 or windows-1252'
    const text = `character set ${clip(name)} is unknown, read as ${readAs} (MSH-18) - use table 0211`
    findings.push({ kind: 'unknown-charset', text })
    return usable
      ? decodeAs(raw, otherwise, endpointDefault, false, findings)
      : decodeUndeclared(raw, findings)
  }
  const read = decodeAs(raw, switched(raw, label, names, findings), name, options.strict ?? false, findings)
  // A transport that is wrong about the bytes does not take the sender's own word away.
  const doubted =
    options.declared && sent && 'charset' in read && read.charset === FALLBACK && label !== FALLBACK
  return doubted ? decodeBytes(raw, { endpointDefault: sent, strict: options.strict ?? false }) : read
}

function refusal(name: string): DecodeResult {
  const text = `character set ${clip(name)} is not supported (MSH-18) - send UNICODE UTF-8`
  return { fault: { code: 'unsupported-charset', text } }
}

// Names come from strangers and go into messages to them.
function clip(name: string): string {
  return name.replace(/[^\w /.-]/g, '?').slice(0, 32)
}

/** A byte order mark or zero bytes around the M of MSH: two or four bytes a character. */
function looksWide(raw: Uint8Array): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = raw
  if ((a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe)) return true
  return (a === 0 && (b === 0x4d || (b === 0 && c === 0 && d === 0x4d))) || (a === 0x4d && b === 0)
}

/** The repetitions of MSH-18 of the first MSH, found in the bytes: delimiters are ASCII in every set taken. */
export function findMsh18(raw: Uint8Array): readonly string[] {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const start = findMsh(bytes)
  const separator = start < 0 ? undefined : bytes[start + 3]
  if (separator === undefined) return []
  let from = start + 3
  for (let field = 1; field <= 18; field++) {
    if (field === 18) break
    from = nextSeparator(bytes, from + (field === 1 ? 0 : 1), separator)
    if (from < 0) return []
  }
  let end = from + 1
  while (end < bytes.length && end < from + 256 && bytes[end] !== separator && !isBreak(bytes[end])) end++
  const value = bytes.toString('latin1', from + 1, end)
  const repetition = String.fromCharCode(bytes[start + 5] ?? 0x7e)
  return value.split(repetition).map((name) => name.trim())
}

// MSH begins the text or a line: batches carry headers before it.
function findMsh(bytes: Buffer): number {
  for (let at = bytes.indexOf('MSH'); at >= 0; at = bytes.indexOf('MSH', at + 1)) {
    const before = bytes[at - 1]
    if (before === undefined || before <= 0x20 || before === 0xbf) return at
    if (at > 65_536) return -1
  }
  return -1
}

/** Index of the next separator in the segment, -1 when the segment ends before. */
function nextSeparator(bytes: Buffer, from: number, separator: number): number {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === separator) return at
    if (isBreak(bytes[at])) return -1
  }
  return -1
}

function isBreak(byte: number | undefined): boolean {
  return byte === 0x0d || byte === 0x0a
}

// ISO 2022 switching (MSH-20): the first repetition holds until an escape; Japanese is what occurs and what the
// runtime can read. Other alternates keep their bytes in the raw text.
function switched(
  raw: Uint8Array,
  label: string,
  names: readonly string[],
  findings: CharsetFinding[],
): string {
  const alternates = names.slice(1).filter((name) => name !== '')
  if (alternates.length === 0 || !raw.includes(0x1b))
    return label === 'iso-2022-jp' && !raw.includes(0x1b) ? ASCII : label
  if (alternates.some((name) => charsetOf(name) === 'iso-2022-jp')) return 'iso-2022-jp'
  const text = 'alternate character sets are not decoded (MSH-18, MSH-20) - send UNICODE UTF-8'
  findings.push({ kind: 'alternates', text })
  return label
}

function decodeUndeclared(raw: Uint8Array, findings: CharsetFinding[]): DecodeResult {
  if (isUtf8(raw)) return { text: decoder('utf-8').decode(raw), charset: 'utf-8', findings }
  const text = 'bytes are not UTF-8, read as windows-1252 (MSH-18) - state the character set'
  findings.push({ kind: 'assumed', text })
  return { text: decoder(FALLBACK).decode(raw), charset: FALLBACK, findings }
}

function decodeAs(
  raw: Uint8Array,
  label: string,
  name: string,
  strict: boolean,
  findings: CharsetFinding[],
): DecodeResult {
  if (label === ASCII) return decodeAscii(raw, name, strict, findings)
  if (label === LATIN_1) return decodeLatin1(raw, findings)
  const text = decodeStrictly(raw, label)
  if (text !== undefined) return { text, charset: label, findings }
  if (strict) {
    const where = label === 'utf-8' ? `byte ${firstInvalidUtf8(raw)}` : 'message'
    return {
      fault: {
        code: 'invalid-bytes',
        text: `invalid character for ${clip(name)} (${where}) - state the character set that is sent`,
      },
    }
  }
  if (label !== 'utf-8' && label.startsWith('iso-8859')) {
    // One byte a character: only the bytes without a character are in doubt.
    const lossy = decoder(label).decode(raw)
    const text = `some bytes have no character in ${clip(name)} (MSH-18) - state the character set that is sent`
    findings.push({ kind: 'invalid-bytes', text, at: lossy.indexOf('\uFFFD') })
    return { text: lossy, charset: label, findings }
  }
  // windows-1252 has one character a byte: the offset of the byte is that of the character.
  const at = label === 'utf-8' ? firstInvalidUtf8(raw) : undefined
  const where = at === undefined ? '' : `, byte ${at}`
  findings.push({
    kind: 'invalid-bytes',
    text: `bytes are not ${clip(name)}, read as windows-1252 (MSH-18${where}) - state the character set that is sent`,
    ...(at === undefined ? {} : { at }),
  })
  return { text: decoder(FALLBACK).decode(raw), charset: FALLBACK, findings }
}

function decodeAscii(
  raw: Uint8Array,
  name: string,
  strict: boolean,
  findings: CharsetFinding[],
): DecodeResult {
  if (isAscii(raw)) return { text: latin1(raw), charset: 'utf-8', findings }
  if (strict) {
    const high = raw.findIndex((byte) => byte > 0x7f)
    const text = `invalid character for ${clip(name)} (byte ${high}) - state the character set that is sent`
    return { fault: { code: 'invalid-bytes', text } }
  }
  const text = `bytes beyond ASCII under ${clip(name)} (MSH-18) - state the character set that is sent`
  findings.push({ kind: 'invalid-bytes', text, at: raw.findIndex((byte) => byte > 0x7f) })
  if (isUtf8(raw)) return { text: decoder('utf-8').decode(raw), charset: 'utf-8', findings }
  return { text: decoder(FALLBACK).decode(raw), charset: FALLBACK, findings }
}

// The Encoding Standard reads "iso-8859-1" as windows-1252. The two differ in 0x80 to 0x9F, which in ISO 8859-1
// are control characters that nobody sends: such bytes tell that windows-1252 was meant.
function decodeLatin1(raw: Uint8Array, findings: CharsetFinding[]): DecodeResult {
  if (!raw.some((byte) => byte >= 0x80 && byte <= 0x9f))
    return { text: latin1(raw), charset: LATIN_1, findings }
  findings.push({
    kind: 'invalid-bytes',
    text: 'bytes 80 to 9F under 8859/1, read as windows-1252 (MSH-18) - send UNICODE UTF-8',
    at: raw.findIndex((byte) => byte >= 0x80 && byte <= 0x9f),
  })
  return { text: decoder(FALLBACK).decode(raw), charset: FALLBACK, findings }
}

function latin1(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1')
}

function decodeStrictly(raw: Uint8Array, label: string): string | undefined {
  try {
    return decoder(label, true).decode(raw)
  } catch {
    return undefined
  }
}

/** Offset of the first byte that is not part of well-formed UTF-8. */
function firstInvalidUtf8(raw: Uint8Array): number {
  const text = decoder('utf-8').decode(raw)
  let offset = 0
  let from = 0
  for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', from)) {
    offset += Buffer.byteLength(text.slice(from, at))
    const sentAsSuch = raw[offset] === 0xef && raw[offset + 1] === 0xbf && raw[offset + 2] === 0xbd
    if (!sentAsSuch) return offset
    offset += 3
    from = at + 1
  }
  return offset
}
