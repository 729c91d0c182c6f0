// Functions of FHIRPath over strings (http://hl7.org/fhirpath/N1/#string-manipulation).
import type { Scope } from './evaluate.ts'
import type { PathFunction } from './functions.ts'
import { bool, integer, type Node, string } from './node.ts'
import { number, textOf } from './operators.ts'

type Values = readonly (readonly Node[])[]
type WithValues = (
  make: (input: readonly Node[], values: Values, scope: Scope) => readonly Node[],
) => PathFunction

/** Characters that a regular expression is tried on. */
const maxMatchedCharacters = 10_000
const patterns = new Map<string, RegExp>()
const maxPatterns = 1_000

/** Expressions come from packages of the site: they are few, and each is compiled once. */
function patternOf(text: string): RegExp {
  const known = patterns.get(text)
  if (known) return known
  const fresh = new RegExp(text, 'su')
  if (patterns.size < maxPatterns) patterns.set(text, fresh)
  return fresh
}

/** The string and the text of the first argument; nothing when one is missing. */
const ofTwo =
  (make: (text: string, other: string) => readonly Node[]) =>
  (input: readonly Node[], [other = []]: Values): readonly Node[] => {
    const [text, given] = [textOf(input[0]), textOf(other[0])]
    return text === undefined || given === undefined ? [] : make(text, given)
  }

const ofOne =
  (make: (text: string) => readonly Node[]) =>
  (input: readonly Node[]): readonly Node[] => {
    const text = textOf(input[0])
    return text === undefined ? [] : make(text)
  }

export const TEXT_FUNCTIONS = (withValues: WithValues): Readonly<Record<string, PathFunction>> => ({
  startsWith: withValues(ofTwo((text, other) => bool(text.startsWith(other)))),
  endsWith: withValues(ofTwo((text, other) => bool(text.endsWith(other)))),
  contains: withValues(ofTwo((text, other) => bool(text.includes(other)))),
  indexOf: withValues(ofTwo((text, other) => integer(text.indexOf(other)))),
  matches: withValues(
    ofTwo((text, other) => bool(text.length <= maxMatchedCharacters && patternOf(other).test(text))),
  ),
  split: withValues(ofTwo((text, other) => text.split(other).flatMap(string))),
  upper: withValues(ofOne((text) => string(text.toUpperCase()))),
  lower: withValues(ofOne((text) => string(text.toLowerCase()))),
  trim: withValues(ofOne((text) => string(text.trim()))),
  length: withValues(ofOne((text) => integer(text.length))),
  toChars: withValues(ofOne((text) => [...text].flatMap(string))),
  join: withValues((input, [by = []]) =>
    string(input.flatMap((node) => textOf(node) ?? []).join(textOf(by[0]) ?? '')),
  ),
  substring: withValues((input, [from = [], count = []]) => {
    const text = textOf(input[0])
    const start = number(from[0])
    if (text === undefined || start === undefined || start < 0 || start >= text.length) return []
    const length = number(count[0])
    return string(length === undefined ? text.slice(start) : text.slice(start, start + Math.max(0, length)))
  }),
  replace: withValues((input, [from = [], to = []]) => {
    const [text, what, by] = [textOf(input[0]), textOf(from[0]), textOf(to[0])]
    return text === undefined || what === undefined || by === undefined
      ? []
      : string(text.split(what).join(by))
  }),
  replaceMatches: withValues((input, [from = [], to = []]) => {
    const [text, what, by] = [textOf(input[0]), textOf(from[0]), textOf(to[0])]
    if (text === undefined || what === undefined || by === undefined) return []
    if (text.length > maxMatchedCharacters) return []
    return string(text.replace(new RegExp(patternOf(what), 'gsu'), by))
  }),
})
