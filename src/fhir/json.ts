// FHIR JSON on its way in and out (http://hl7.org/fhir/R4/json.html, RFC 8259), safe against hostile bodies.
// Numbers that are not plain integers stay text (JSON.rawJSON), because 1.10 is not 1.1 in FHIR.
import { createHash } from 'node:crypto'
import type { Issue, IssueCode } from './issue.ts'
import { decimalDigits, MAX_DECIMAL_DIGITS } from './primitives.ts'
import { isObject } from './types.ts'

export interface JsonLimits {
  /** Of the text: bytes, or UTF-16 units when it is a string. */
  readonly maxBytes?: number
  readonly maxDepth?: number
}
export type JsonRead = { readonly value: unknown } | { readonly issues: readonly Issue[] }

const MAX_BYTES = 16 * 1024 * 1024
const MAX_DEPTH = 64

/** Keys that reach the prototype of an object wherever one is merged or set by path. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON text, or says why not; the depth is counted before any recursive code sees it. Never throws.
 */
export function readJson(source: string | Uint8Array, limits: JsonLimits = {}): JsonRead {
  const { maxBytes = MAX_BYTES, maxDepth = MAX_DEPTH } = limits
  if (source.length > maxBytes) {
    return refuse('too-long', `is longer than ${maxBytes} bytes - split it into smaller requests`)
  }
  const text = typeof source === 'string' ? source : decode(source)
  if (text === undefined || !text.isWellFormed()) {
    return refuse('structure', 'is not UTF-8, or holds half a surrogate pair - encode it again')
  }
  const scan = scanText(text, maxDepth)
  if ('fault' in scan) return refuse('structure', scan.fault)
  const parsed = parse(text, scan.hasDecimals)
  if ('fault' in parsed) return refuse('structure', parsed.fault)
  const walk: Walk = { keys: 0, hasEscapes: text.includes('\\u'), fault: undefined }
  inspect(parsed.value, walk)
  if (walk.fault) return refuse('structure', walk.fault)
  if (walk.keys !== scan.keys)
    return refuse('structure', 'has the same name twice in one object - keep one of them')
  return parsed
}

function refuse(code: IssueCode, text: string): JsonRead {
  return { issues: [{ severity: 'error', code, diagnostics: `The body ${text}` }] }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

interface Scan {
  /** Colons outside of strings: as many as names, if it is JSON at all. */
  readonly keys: number
  readonly hasDecimals: boolean
}

const QUOTE = 34
const COLON = 58
const MAX_PLAIN_DIGITS = 15

/** One pass over the text outside of its strings: brackets, names and numbers. It need not be valid JSON. */
function scanText(text: string, maxDepth: number): Scan | { readonly fault: string } {
  let depth = 0
  let keys = 0
  let hasDecimals = false
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) {
      at = endOfString(text, at)
      if (at < 0) return { fault: 'ends inside a string - send the whole of it' }
    } else if (unit === COLON) keys += 1
    else if (unit === 123 || unit === 91) {
      depth += 1
      if (depth > maxDepth) return { fault: `is nested deeper than ${maxDepth} levels - flatten it` }
    } else if (unit === 125 || unit === 93) depth -= 1
    else if (unit >= 48 && unit < COLON) {
      const end = endOfNumber(text, at)
      const token = text.slice(at, end)
      if (token.length > MAX_PLAIN_DIGITS || /[.eE]/.test(token)) {
        hasDecimals = true
        if (decimalDigits(token) > MAX_DECIMAL_DIGITS) {
          return { fault: `holds a number of more than ${MAX_DECIMAL_DIGITS} digits - round it` }
        }
      }
      at = end - 1
    }
  }
  return { keys, hasDecimals }
}

/** Index of the quote that closes the string opened at `start`, or -1. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes += 1
    if (slashes % 2 === 0) return end
  }
  return -1
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1
  for (; end < text.length; end += 1) {
    const unit = text.charCodeAt(end)
    const isPart = (unit >= 48 && unit < COLON) || unit === 46 || unit === 69 || unit === 101 || unit === 43
    if (!isPart && unit !== 45) break
  }
  return end
}

function parse(text: string, hasDecimals: boolean): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: hasDecimals ? JSON.parse(text, keepDecimal) : JSON.parse(text) }
  } catch (error) {
    // The engine's message quotes the text, which may hold patient data; only the position is repeated.
    const position = error instanceof SyntaxError ? /position (\d+)/.exec(error.message)?.[1] : undefined
    const where = position === undefined ? '' : ` (near character ${Number(position) + 1})`
    return { fault: `is not JSON${where} - correct its syntax` }
  }
}

function keepDecimal(this: unknown, _key: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined) return value
  return Number.isSafeInteger(value) && !/[.eE]/.test(source) ? value : JSON.rawJSON(source)
}

interface Walk {
  keys: number
  /** Without an escape sequence in the text no string can hold NUL or half a surrogate pair. */
  readonly hasEscapes: boolean
  fault: string | undefined
}

function inspect(value: unknown, walk: Walk): void {
  if (typeof value === 'string') {
    if (walk.hasEscapes) inspectText(value, walk)
  } else if (Array.isArray(value)) {
    for (const item of value) inspect(item, walk)
  } else if (isObject(value)) {
    const names = Object.keys(value)
    walk.keys += names.length
    for (const name of names) {
      if (FORBIDDEN_KEYS.has(name)) walk.fault = `has an element named ${name} - remove it`
      if (walk.hasEscapes) inspectText(name, walk)
      inspect(value[name], walk)
    }
  }
}

function inspectText(text: string, walk: Walk): void {
  if (text.includes('\0')) walk.fault = 'holds a NUL character (\\u0000) - remove it'
  else if (!text.isWellFormed())
    walk.fault = 'holds half a surrogate pair (\\ud800 to \\udfff) - encode it again'
}

/** JSON text of a value; decimals kept as text come out as they came in. */
export function writeJson(value: unknown, options: { readonly pretty?: boolean } = {}): string {
  return options.pretty ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)
}

const NEEDS_NO_ESCAPE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** Most strings are plain; quoting them here is twice as fast as JSON.stringify. */
function quoted(text: string): string {
  return NEEDS_NO_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** In order of their UTF-16 units. Objects have few names, often in order: inserting them one by one beats a sort. */
function sortedNames(value: object): string[] {
  const names = Object.keys(value)
  for (let i = 1; i < names.length; i++) {
    const name = names[i] ?? ''
    let at = i
    for (let before = names[at - 1]; before !== undefined && before > name; before = names[at - 1])
      names[at--] = before
    names[at] = name
    if (i > maxInserted) return names.sort()
  }
  return names
}
const maxInserted = 32

/**
 * True when two values have one canonical text, which most often shows without writing it.
 */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSameJson(item ?? null, b[i] ?? null))
  if (!isObject(a) || !isObject(b)) return canonicalJson(a) === canonicalJson(b)
  const [left, right]: Readonly<Record<string, unknown>>[] = [a, b]
  if (!left || !right) return false
  let names = 0
  for (const name in left) {
    if (left[name] === undefined) continue
    if (right[name] === undefined || !isSameJson(left[name], right[name])) return false
    names++
  }
  for (const name in right) if (right[name] !== undefined) names--
  return names === 0
}

/**
 * JSON text with the names of every object in order of their UTF-16 units: the same content, the same text.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) {
    let items = '['
    for (let i = 0; i < value.length; i++) {
      if (i > 0) items += ','
      items += canonicalJson(value[i] ?? null)
    }
    return `${items}]`
  }
  if (!isObject(value)) return JSON.stringify(value)
  let members = ''
  for (const name of sortedNames(value)) {
    const part = value[name]
    if (part === undefined) continue
    members += members === '' ? '{' : ','
    members += beginningOf(name)
    members += canonicalJson(part)
  }
  return members === '' ? '{}' : `${members}}`
}

const maxBeginnings = 2_000
const maxBeginningChars = 64
const beginnings = new Map<string, string>()

/** '"name":', made once for each name: those of FHIR are few and short. */
function beginningOf(name: string): string {
  const known = beginnings.get(name)
  if (known !== undefined) return known
  const text = `${quoted(name)}:`
  if (beginnings.size < maxBeginnings && name.length <= maxBeginningChars) beginnings.set(name, text)
  return text
}

/**
 * SHA-256, in hex, of what a resource says: without id, narrative, meta.versionId and meta.lastUpdated.
 * Resources with equal hashes need no new version.
 */
export function contentHash(resource: object): string {
  const { id, text, meta, ...rest }: { id?: unknown; text?: unknown; meta?: unknown } = { ...resource }
  let content: object = rest
  if (isObject(meta)) {
    const { versionId, lastUpdated, ...own } = meta
    if (Object.keys(own).length > 0) content = { ...rest, meta: own }
  }
  return createHash('sha256').update(canonicalJson(content)).digest('hex')
}
