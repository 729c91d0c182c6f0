// Narrative.text.div as an allow-list (FHIR R4 invariants txt-1 and txt-2,
// http://hl7.org/fhir/R4/narrative.html#xhtml). One pass over the text, no regular expression with nested
// repetition, nothing is ever rendered by this gateway.

const XHTML = 'http://www.w3.org/1999/xhtml'
const MAX_DEPTH = 64
const MAX_ATTRIBUTES = 32

const ELEMENTS = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 ' +
    'h4 h5 h6 hr i img ins del kbd li ol p pre q samp small span strong sub sup table tbody td tfoot ' +
    'th thead tr tt ul var'
  ).split(' '),
)
const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char ' +
    'charoff cite class colspan compact coords dir frame headers height href hreflang hspace id ismap ' +
    'lang longdesc name noshade nowrap rel rev rowspan rules scope shape span src start style summary ' +
    'tabindex title type usemap valign value vspace width'
  ).split(' '),
)
const LINKS = new Set(['href', 'src', 'cite', 'longdesc', 'usemap'])
/** Schemes that run or embed something else than text. `data:image/` is the way to embed a picture. */
const BAD_LINK = /^[\0- ]*(?:javascript|vbscript|file|data(?!:image\/(?:png|gif|jpeg)[;,]))[\0- ]*:/i
/** A picture beside the page is what `src` may name, too: tables of the FHIR publisher have such backgrounds. */
const BAD_STYLE =
  /url\s*\((?![A-Za-z0-9_][A-Za-z0-9_-]{0,60}\.(?:png|gif|jpg)\))|expression|javascript|import|behaviou?r|binding|\\|\/\*/i

const NEXT = 'send plain XHTML as FHIR narrative allows'
const FAULTS = {
  root: `must be one <div xmlns="${XHTML}"> - ${NEXT}`,
  empty: 'must have text or an image inside - fill it or leave the narrative out',
  entity: `has a named character such as &nbsp; which XML does not know - write the character itself, or &#160; for that one`,
  markup: `has a comment, declaration or processing instruction, or a stray < or & - ${NEXT}`,
  element: `has an element that narrative does not allow - ${NEXT}`,
  attribute: `has an attribute that narrative does not allow - ${NEXT}`,
  link: `has a link or style that could run or load something - ${NEXT}`,
  nesting: `has elements that are not closed in order, or nested deeper than ${MAX_DEPTH} - ${NEXT}`,
}

interface Tag {
  readonly name: string
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly closing: boolean
  readonly empty: boolean
  readonly end: number
}

function nameEnd(text: string, from: number): number {
  let at = from
  for (; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    const isLetter = (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90)
    if (!isLetter && !((unit >= 48 && unit <= 58) || unit === 45 || unit === 95)) break
  }
  return at
}

function spaceEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 32) at += 1
  return at
}

/** The tag whose `<` stands at `from`, or undefined when it is not well formed. */
function readTag(text: string, from: number): Tag | undefined {
  const closing = text[from + 1] === '/'
  const start = from + (closing ? 2 : 1)
  let at = nameEnd(text, start)
  if (at === start) return undefined
  const name = text.slice(start, at)
  const attributes: (readonly [string, string])[] = []
  for (;;) {
    const next = spaceEnd(text, at)
    const empty = text[next] === '/'
    if (text[next + (empty ? 1 : 0)] === '>') {
      if (closing && (empty || attributes.length > 0)) return undefined
      return { name, attributes, closing, empty, end: next + (empty ? 2 : 1) }
    }
    const end = nameEnd(text, next)
    const quote = text[end + 1]
    if (next === at || end === next || text[end] !== '=' || (quote !== '"' && quote !== "'")) return undefined
    const close = text.indexOf(quote, end + 2)
    const value = text.slice(end + 2, close)
    if (close < 0 || value.includes('<') || attributes.length === MAX_ATTRIBUTES) return undefined
    attributes.push([text.slice(next, end), value])
    at = close + 1
  }
}

function attributeFault(tag: Tag, isRoot: boolean): string | undefined {
  const seen = new Set<string>()
  for (const [name, value] of tag.attributes) {
    if (seen.has(name)) return FAULTS.attribute
    seen.add(name)
    const bad = entityFault(value)
    if (bad) return bad
    if (name === 'xmlns') {
      if (value !== XHTML) return FAULTS.root
    } else if (!ATTRIBUTES.has(name) && name !== 'xml:lang') return FAULTS.attribute
    else if (LINKS.has(name) && BAD_LINK.test(decode(value))) return FAULTS.link
    else if (name === 'style' && BAD_STYLE.test(decode(value))) return FAULTS.link
  }
  return isRoot && !seen.has('xmlns') ? FAULTS.root : undefined
}

/** Character references turned into characters, so that `&#106;avascript:` is seen for what it is. */
function decode(value: string): string {
  const characters = value.replace(/&#(x[0-9a-fA-F]{1,6}|[0-9]{1,7});/g, (_, digits: string) => {
    const point = Number(digits.startsWith('x') ? `0${digits}` : digits)
    return point <= 0x10ffff ? String.fromCodePoint(point) : ''
  })
  return characters.replace(/[\t\n\r]/g, '')
}

/** Every `&` of the text begins a character reference that XML knows: there is no support for those of HTML (narrative.html#xhtml). */
function entityFault(text: string): string | undefined {
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) {
    const reference = text.slice(at, at + 40)
    if (/^&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});/.test(reference)) continue
    return /^&[A-Za-z][A-Za-z0-9]{1,31};/.test(reference) ? FAULTS.entity : FAULTS.markup
  }
  return undefined
}

/** What keeps this text from being a FHIR narrative; undefined when nothing does. Names no content. */
export function checkXhtml(text: string): string | undefined {
  const open: string[] = []
  let solid = false
  let at = spaceEnd(text, 0)
  if (!/^<div[\s>/]/.test(text.slice(at, at + 5))) return FAULTS.root
  do {
    const next = text.indexOf('<', at)
    const content = text.slice(at, next < 0 ? text.length : next)
    const bad = entityFault(content)
    if (bad) return bad
    solid ||= content.trim() !== ''
    if (next < 0) return FAULTS.nesting
    const tag = readTag(text, next)
    if (!tag) return FAULTS.markup
    if (tag.closing) {
      if (open.pop() !== tag.name) return FAULTS.nesting
    } else {
      if (!ELEMENTS.has(tag.name)) return FAULTS.element
      const fault = attributeFault(tag, open.length === 0)
      if (fault) return fault
      solid ||= tag.name === 'img'
      if (!tag.empty && open.push(tag.name) > MAX_DEPTH) return FAULTS.nesting
    }
    at = tag.end
  } while (open.length > 0)
  if (spaceEnd(text, at) < text.length) return FAULTS.root
  return solid ? undefined : FAULTS.empty
}
