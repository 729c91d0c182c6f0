// Text to bytes in the character set of a sender (HL7 v2.9.1 chapter 2, 2.14.9.18; WHATWG Encoding Standard).
import { ASCII, decoder, LATIN_1 } from './charset-names.ts'

/**
 * Text as bytes in a character set that `decodeBytes` returned: what it decoded comes back byte for byte.
 * A character the set does not have becomes `?`.
 */
export function encodeText(text: string, charset: string): Uint8Array {
  if (charset === 'utf-8') return Buffer.from(text, 'utf8')
  const codes = codesOf(charset)
  const bytes: number[] = []
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0x3f
    if (point < 0x80) bytes.push(point)
    else if (charset === LATIN_1) bytes.push(point <= 0xff ? point : 0x3f)
    else bytes.push(...(codes.get(char) ?? [0x3f]))
  }
  return Uint8Array.from(bytes)
}

const MULTIBYTE = new Set(['shift_jis', 'euc-jp', 'euc-kr', 'big5', 'gb18030'])
const NONE: ReadonlyMap<string, readonly number[]> = new Map()
const reversed = new Map<string, ReadonlyMap<string, readonly number[]>>()

/** Character -> bytes beyond ASCII, turned round from what the runtime decodes. Made once, on first need. */
function codesOf(charset: string): ReadonlyMap<string, readonly number[]> {
  if (charset === LATIN_1 || charset === ASCII || charset === 'iso-2022-jp') return NONE
  const known = reversed.get(charset)
  if (known) return known
  const codes = new Map<string, readonly number[]>()
  const strict = decoder(charset, true)
  const add = (...bytes: number[]): boolean => {
    try {
      const char = strict.decode(Uint8Array.from(bytes))
      if ([...char].length === 1 && !codes.has(char)) codes.set(char, bytes)
      return true
    } catch {
      return false
    }
  }
  for (let first = 0x80; first <= 0xff; first++) {
    if (add(first) || !MULTIBYTE.has(charset)) continue
    for (let second = 0x30; second <= 0xfe; second++) add(first, second)
  }
  reversed.set(charset, codes)
  return codes
}
