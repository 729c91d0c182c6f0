// Hashes of token search values (FHIR R4 search, token): one bigint for each of system|code, |code and system|.
import { Recent } from '../fhir/recent.ts'

const seeds = [0xdeadbeef, 0x41c6ce57] as const

/** 64-bit hash of a string as a signed decimal, the form that PostgreSQL's bigint reads. Not cryptographic. */
function hash64(text: string): string {
  let a = seeds[0] ^ text.length
  let b = seeds[1] ^ text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return BigInt.asIntN(64, (BigInt(b >>> 0) << 32n) | BigInt(a >>> 0)).toString()
}

// Codes are few and come again with every message.
const remembered = new Recent<string>(10_000)

function token(text: string): string {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const fresh = hash64(text)
  remembered.set(text, fresh)
  return fresh
}

/** Matches `param=system|code`; system '' stands for "no system". */
export const tokenOfSystemAndCode = (param: string, system: string, code: string): string =>
  token(`${param}\u0001${system}\u0001${code}`)
/** Matches `param=code`, whatever the system. */
export const tokenOfCode = (param: string, code: string): string => token(`${param}\u0002${code}`)
/** Matches `param=system|`. */
export const tokenOfSystem = (param: string, system: string): string => token(`${param}\u0003${system}`)
/** Matches `param:missing=false`. */
export const tokenOfPresence = (param: string): string => token(`${param}\u0004`)
