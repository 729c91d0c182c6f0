// Deterministic ids (RFC 4122 version 5) and the normal form of identifiers (semantics, section 1).
import { hash } from 'node:crypto'
import { Recent } from '../../fhir/recent.ts'
import { EVIDENCE_TYPES } from '../../hl7/identifier-types.ts'

const namespace = Buffer.from('6f1c9d1e2b7a4d0f9c3e5a8b7d6c4f21', 'hex')

// Feeds name the same things all day.
const remembered = new Recent<string>(10_000)

/** UUID version 5 of a name in Portico's namespace: the same thing gets the same id without a look-up. */
export function stableId(...parts: readonly string[]): string {
  const name = parts.join('\u0001')
  const known = remembered.get(name)
  if (known !== undefined) return known
  const id = uuidOf(name)
  remembered.set(name, id)
  return id
}

/** The same for what is named once and never again, such as the Provenance of a message. */
export const singleId = (...parts: readonly string[]): string => uuidOf(parts.join('\u0001'))

function uuidOf(name: string): string {
  const digest = hash('sha1', Buffer.concat([namespace, Buffer.from(name)]), 'buffer')
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

/** A FHIR Identifier, as far as identity reads it; a type, since those are JSON and interfaces are not. */
export type Identifier = {
  readonly system?: string
  readonly value?: string
  readonly use?: string
  readonly type?: { readonly coding?: readonly { readonly system?: string; readonly code?: string }[] }
  readonly period?: { readonly start?: string; readonly end?: string }
  readonly assigner?: { readonly display?: string }
}

export const identifierType = (identifier: Identifier): string | undefined =>
  identifier.type?.coding?.find((coding) => coding.system?.endsWith('/v2-0203') ?? false)?.code ??
  identifier.type?.coding?.[0]?.code

/** Types of table 0203 that say who is meant; the others are evidence only. */
const deterministicTypes = new Set([
  'MR',
  'PI',
  'PE',
  'PT',
  'AN',
  'VN',
  'MRT',
  'FILL',
  'PLAC',
  'EI',
  'U',
  'RI',
  'PRN',
])

/** True when the identifier may decide who is meant. */
export function isDeterministic(identifier: Identifier): boolean {
  const type = identifierType(identifier)
  if (type === undefined) return true
  return deterministicTypes.has(type) || !EVIDENCE_TYPES.has(type)
}

export interface NormalRule {
  readonly caseInsensitive: boolean
  readonly stripLeadingZeros: boolean
}

/** Value as the registry keeps it: trimmed; case and leading zeros only as the authority says. */
export function normalValue(value: string, rule: NormalRule | undefined): string {
  let text = value.trim()
  if (rule?.caseInsensitive) text = text.toUpperCase()
  if (rule?.stripLeadingZeros) text = text.replace(/^0+(?=.)/, '')
  return text
}
