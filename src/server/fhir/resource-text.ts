// Resources as JSON text on their way out: meta put in and lines broken without parsing, so decimals keep their digits.

export interface Stored {
  /** jsonb as PostgreSQL prints it, without meta.versionId and meta.lastUpdated. */
  readonly body: string
  readonly version: number
  /** ISO 8601 with offset. */
  readonly updatedAt: string
}

/** An instant in the one form that answers have, whoever made it. */
export const instantText = (iso: string): string => new Date(iso).toISOString()

const META = '"meta": {'

/** The resource that a client gets. */
export function resourceText({ body, version, updatedAt }: Stored): string {
  const own = `"versionId": "${version}", "lastUpdated": "${instantText(updatedAt)}"`
  for (let at = body.indexOf(META); at >= 0; at = body.indexOf(META, at + META.length)) {
    if (depthAt(body, at) !== 1) continue
    const inside = at + META.length
    const rest = body.slice(inside)
    return `${body.slice(0, inside)}${own}${rest.startsWith('}') ? '' : ', '}${rest}`
  }
  const rest = body.slice(1)
  return `{"meta": {${own}}${rest.startsWith('}') ? '' : ', '}${rest}`
}

const QUOTE = 34
const BACKSLASH = 92

/** How many objects and arrays are open before `end`; `end` is not inside a string. */
function depthAt(text: string, end: number): number {
  let depth = 0
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === 123 || code === 91) depth++
    else if (code === 125 || code === 93) depth--
  }
  return depth
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at
  }
  return text.length
}

/** JSON text with two blanks of indentation per level (`_pretty=true`). */
export function prettyJson(text: string): string {
  const out: string[] = []
  let depth = 0
  const newline = (): string => `\n${'  '.repeat(depth)}`
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '"') {
      const end = endOfString(text, at)
      out.push(text.slice(at, end + 1))
      at = end
    } else if (char === '{' || char === '[') {
      const close = nextInk(text, at + 1)
      if (text.charAt(close) === '}' || text.charAt(close) === ']') {
        out.push(char, text.charAt(close))
        at = close
      } else {
        depth++
        out.push(char, newline())
      }
    } else if (char === '}' || char === ']') {
      depth--
      out.push(newline(), char)
    } else if (char === ',') out.push(char, newline())
    else if (char === ':') out.push(': ')
    else if (char > ' ') out.push(char)
  }
  return out.join('')
}

function nextInk(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 32) at++
  return at
}
