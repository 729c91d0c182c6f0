// Page tokens: where a page ended, signed, and bound to who asked what (FHIR R4 search 3.1.1.6, paging).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Site } from '../canonical/site.ts'

/** Where the last page ended. Everything a later page needs, so that the server remembers nothing. */
export interface Position {
  /** Sort values of the last row; null = it had none. */
  readonly keys: readonly (string | null)[]
  readonly id: string
  /** Commit-ordered change number that the first page saw: later pages show that state. */
  readonly seq: string
  readonly total?: number
}

export type Reading = { readonly position: Position } | { readonly fault: 'forged' | 'expired' }

/** Longer ones are refused unread. */
const maxCharacters = 4_096
const lifetimeMs = 10 * 60_000

export interface CursorCodec {
  /** `binding` names tenant, client and query; a token opens only under the binding it was made with. */
  write(position: Position, binding: string): string
  read(token: string, binding: string): Reading
}

/** The key of all instances that have the same clients. */
export const cursorKeyOf = (site: Site): Uint8Array =>
  createHash('sha256')
    .update(`cursor ${[...site.clients.values()].map((each) => each.token).join(' ')}`)
    .digest()

/** `key` is at least 32 secret bytes that survive a restart, shared by all instances. */
export function createCursorCodec(key: Uint8Array, now: () => Date): CursorCodec {
  const mac = (payload: string, binding: string): Buffer =>
    createHmac('sha256', key).update(`${binding.length}:${binding}${payload}`).digest()

  return {
    write(position, binding) {
      const row = [now().getTime(), position.seq, position.total ?? null, position.id, ...position.keys]
      const payload = Buffer.from(JSON.stringify(row)).toString('base64url')
      return `${payload}.${mac(payload, binding).toString('base64url')}`
    },
    read(token, binding) {
      const [payload, signature, ...rest] = token.length > maxCharacters ? [] : token.split('.')
      if (payload === undefined || signature === undefined || rest.length > 0) return { fault: 'forged' }
      const expected = mac(payload, binding)
      const given = Buffer.from(signature, 'base64url')
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { fault: 'forged' }
      // Only what we have signed is parsed.
      const row: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const [at, seq, total, id, ...keys] = Array.isArray(row) ? (row as unknown[]) : []
      if (typeof at !== 'number' || typeof seq !== 'string' || typeof id !== 'string')
        return { fault: 'forged' }
      // The clock of a test may stand still or go back; only the age counts.
      if (now().getTime() - at > lifetimeMs) return { fault: 'expired' }
      return {
        position: {
          seq,
          id,
          keys: keys.map((key) => (typeof key === 'string' ? key : null)),
          ...(typeof total === 'number' && { total }),
        },
      }
    },
  }
}
