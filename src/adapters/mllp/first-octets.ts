// What the first octets of a frame, or of a connection, say of what follows: HL7 v2, another protocol, UTF-16.

import type { FrameFaultCode, FrameWarning } from './frame-event.ts'
import { isPadding } from './octets.ts'

const METHODS = [
  'GET ',
  'POST ',
  'PUT ',
  'HEAD ',
  'OPTIONS ',
  'DELETE ',
  'PATCH ',
  'CONNECT ',
  'TRACE ',
  'PRI * HTTP/',
]

const STRANGERS: readonly (readonly [FrameFaultCode, Buffer])[] = [
  ...METHODS.map((method) => ['LOOKS_LIKE_HTTP', Buffer.from(method, 'latin1')] as const),
  ['LOOKS_LIKE_TLS', Buffer.from([0x16, 0x03])],
]

/** The other protocol that a connection's first octets belong to, with the octets that gave it away. */
export function strangerIn(octets: Uint8Array): readonly [FrameFaultCode, Buffer] | undefined {
  return STRANGERS.find(([, start]) => start.equals(octets.subarray(0, start.length)))
}

/** UTF-16 or UTF-32: an M with a NUL beside it, after a byte order mark or NULs. */
export function isUtf16(payload: Uint8Array): boolean {
  let at = 0
  while (at < 8 && (payload[at] === 0 || payload[at] === 0xfe || payload[at] === 0xff)) at++
  return payload[at] === 0x4d && payload[at + 1] === 0
}

/** Warnings about what precedes the header of a payload (it is kept). */
export function leadingWarnings(payload: Uint8Array): FrameWarning[] {
  const warnings: FrameWarning[] = []
  let at = 0
  while (isPadding(payload[at])) at++
  if (at > 0) warnings.push('LEADING_WHITESPACE')
  if (payload[at] === 0xef && payload[at + 1] === 0xbb && payload[at + 2] === 0xbf) warnings.push('BOM')
  return warnings
}
