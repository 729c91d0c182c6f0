// What the reading of bytes found, as warnings for the acknowledgement (mllp.md, X2 to X5, S15, E26).
import type { AckError } from '../../hl7/ack.ts'
import type { CharsetFinding } from '../../hl7/charset.ts'
import type { Message } from '../../hl7/message.ts'

const header = 'MSH^1^18'

/** Table 0357: a name that no table has, or bytes that are not of the type. */
const codes: Readonly<Record<CharsetFinding['kind'], string>> = {
  'unknown-charset': '103',
  alternates: '103',
  'invalid-bytes': '102',
  disagreement: '102',
  assumed: '102',
}

/**
 * Findings are about the whole payload, a batch perhaps: a message of it that is plain ASCII is the same whatever the
 * bytes were read as, and hears only of a wrong name. Offsets, where there are any, are those of the message's text.
 */
export function charsetWarnings(message: Message, findings: readonly CharsetFinding[]): AckError[] {
  const { text } = message
  const warnings = findings.flatMap(({ kind, text: said, at }): AckError[] => {
    // Nothing was declared, so nothing was declared wrongly: the message log says what was assumed (X1).
    if (kind === 'assumed') return []
    if (kind === 'invalid-bytes' && isPlain(text)) return []
    const place = at === undefined ? undefined : placeOf(message, at)
    return [warning(codes[kind], place === undefined ? [header] : [header, place], said)]
  })
  // Neither FHIR nor the database has a place for them: values show U+FFFD, only the raw bytes keep them (S15, H04).
  if (message.controlAt >= 0) {
    const place = placeOf(message, message.controlAt) ?? header
    const said = `a control character is shown as U+FFFD (${place}) - send text without NUL and its like`
    warnings.push(warning('102', [place], said))
  }
  return warnings
}

const warning = (code: string, locations: readonly string[], text: string): AckError => ({
  severity: 'W',
  code,
  locations,
  text,
})

/** True when no character is beyond ASCII. */
const isPlain = (text: string): boolean => Buffer.byteLength(text) === text.length

/** Segment, its repetition and field of a character: 'PID^1^5'. */
function placeOf(message: Message, at: number): string | undefined {
  const lines = message.text.slice(0, at).split(/[\r\n]+/)
  const [last = ''] = lines.slice(-1)
  const separator = message.delimiters.field
  const name =
    last
      .split(separator)[0]
      ?.trim()
      .replace(/^\uFEFF/, '') ?? ''
  // In the very name of a segment there is no field to speak of.
  const fields = last.split(separator).length - 1
  if (!/^[A-Z][A-Z0-9]{2}$/.test(name) || fields === 0) return undefined
  const nth = lines.filter((line) => line.trimStart().startsWith(name + separator)).length
  return `${name}^${nth}^${name === 'MSH' ? fields + 1 : fields}`
}
