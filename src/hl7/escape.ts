// Escape sequences of HL7 v2: text on the wire <-> text as meant (HL7 v2.9.1 chapter 2, section 2.7).

/** The characters MSH-1 and MSH-2 declare; `truncation` is the fifth of MSH-2 (2.7 and later), if sent. */
export interface Delimiters {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string
  readonly subcomponent: string
  readonly truncation?: string
}

/** What everyone uses, and what is assumed when a sender's MSH cannot be read. */
export const DEFAULT_DELIMITERS: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
}

/** Formatting commands never expand to more than this many characters: `\.sp200000000\` is 15 bytes. */
export const maxFormattingChars = 1_000

const REPLACEMENT = '\uFFFD'
// Neither FHIR strings nor the database have a place for them; tab, LF and CR are text.
const CONTROL = /[^\P{Cc}\t\n\r\x7f-\x9f]/u
const CONTROLS = new RegExp(CONTROL, 'gu')
const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).filter((each) =>
  CONTROL.test(each),
)
const HEX = /^X(?:[0-9A-Fa-f]{2})+$/
const WIDE = /^(?:00[0-9A-Fa-f]{2})+$/
const FORMATTING = /^\.(sp|sk|in|ti|fi|nf|ce)([+-]?\d*)$/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Text as meant. Sequences that are unknown, unterminated or local (`\Z..\`, `\C..\`, `\M..\`) stay as sent;
 * highlighting is dropped; control characters except tab, LF and CR become U+FFFD (the raw text keeps them).
 */
export function decode(raw: string, delimiters: Delimiters): string {
  const mark = delimiters.escape
  const first = raw.indexOf(mark)
  const text = first < 0 ? raw : decodeFrom(raw, first, delimiters)
  return CONTROL.test(text) ? text.replace(CONTROLS, REPLACEMENT) : text
}

/** Where the first control character is that `decode` replaces, sent as itself or as `\X..\`; -1 without one. */
export function controlAt(raw: string, delimiters: Delimiters): number {
  const plain = plainControlAt(raw)
  const mark = delimiters.escape
  for (let open = raw.indexOf(`${mark}X`); open >= 0; open = raw.indexOf(`${mark}X`, open + 2)) {
    if (plain >= 0 && plain < open) break
    const close = raw.indexOf(mark, open + 1)
    if (close < 0) break
    const meaning = meaningOf(raw.slice(open + 1, close), delimiters)
    if (meaning !== undefined && CONTROL.test(meaning)) return open
  }
  return plain
}

// One search for each character is several times as fast as one for their class, and each message is looked through.
function plainControlAt(raw: string): number {
  let first = -1
  for (const each of controls) {
    const at = raw.indexOf(each)
    if (at >= 0 && (first < 0 || at < first)) first = at
  }
  return first
}

function decodeFrom(raw: string, first: number, delimiters: Delimiters): string {
  const mark = delimiters.escape
  let out = ''
  let from = 0
  let open = first
  while (open >= 0) {
    const close = raw.indexOf(mark, open + 1)
    if (close < 0) break
    const meaning = meaningOf(raw.slice(open + 1, close), delimiters)
    if (meaning === undefined) {
      // Not a sequence: its closing character may open the next one, as in `C:\dir\F\`.
      out += raw.slice(from, close)
      from = close
      open = close
    } else {
      out += raw.slice(from, open) + meaning
      from = close + 1
      open = raw.indexOf(mark, from)
    }
  }
  return out + raw.slice(from)
}

function meaningOf(body: string, delimiters: Delimiters): string | undefined {
  switch (body) {
    case 'F':
      return delimiters.field
    case 'S':
      return delimiters.component
    case 'T':
      return delimiters.subcomponent
    case 'R':
      return delimiters.repetition
    case 'E':
      return delimiters.escape
    case 'P':
      return delimiters.truncation ?? '#'
    case 'H':
    case 'N':
      return ''
    case '.br':
      return '\n'
  }
  const start = body.charCodeAt(0)
  if (start === 0x58 && HEX.test(body)) return fromHex(body.slice(1))
  if (start === 0x2e) return formatting(body)
  return undefined
}

// Bytes of `\X..\` are in the character set of the message; by now only its text is known. Pairs that begin with 00
// are code points of two bytes, well-formed UTF-8 beyond ASCII does not occur by accident, the rest is ISO 8859-1.
function fromHex(hex: string): string {
  if (WIDE.test(hex)) return Buffer.from(hex, 'hex').swap16().toString('utf16le')
  const bytes = Buffer.from(hex, 'hex')
  if (bytes.every((byte) => byte < 0x80)) return bytes.toString('latin1')
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}

function formatting(body: string): string | undefined {
  const match = FORMATTING.exec(body)
  if (!match) return undefined
  const count = Math.min(Math.max(Math.abs(Number(match[2] || '1')) || 0, 1), maxFormattingChars)
  switch (match[1]) {
    case 'sp':
      return '\n'.repeat(count)
    case 'sk':
      return ' '.repeat(count)
    case 'ce':
      return '\n'
    default:
      return ''
  }
}

/**
 * Text for the wire: delimiters become their sequences, control characters (tab excepted) become `\Xhh\`, so
 * that no value can end a segment or a frame. `decode(encode(text)) === text` for text without other control characters than tab, LF and CR.
 */
export function encode(text: string, delimiters: Delimiters): string {
  let out = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Delimiters are ASCII punctuation; letters, digits (never delimiters) and all beyond ASCII pass.
    if (code > 0x7f || (code >= 0x61 && code <= 0x7a) || code === 0x20) continue
    const sequence = sequenceOf(text.charAt(at), code, delimiters)
    if (sequence === undefined) continue
    out += text.slice(from, at) + delimiters.escape + sequence + delimiters.escape
    from = at + 1
  }
  return from === 0 ? text : out + text.slice(from)
}

function sequenceOf(char: string, code: number, delimiters: Delimiters): string | undefined {
  if (char === delimiters.escape) return 'E'
  if (char === delimiters.field) return 'F'
  if (char === delimiters.component) return 'S'
  if (char === delimiters.subcomponent) return 'T'
  if (char === delimiters.repetition) return 'R'
  if (char === delimiters.truncation) return 'P'
  if ((code < 0x20 && code !== 0x09) || code === 0x7f)
    return `X${code.toString(16).toUpperCase().padStart(2, '0')}`
  return undefined
}
