// Who asks, and what they may do: bearer tokens (RFC 6750) of the site, SMART App Launch 2 scopes.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Client, Site, Source } from '../canonical/site.ts'

export type Principal =
  | { readonly kind: 'client'; readonly client: Client }
  | { readonly kind: 'source'; readonly source: Source }

/** One letter of a SMART v2 scope: create, read, update, delete, search. */
export type Permission = 'c' | 'r' | 'u' | 'd' | 's'

const maxTokenCharacters = 512

interface Credential {
  readonly hash: Buffer
  readonly principal: Principal
}

// A site is replaced as a whole when its file changes; its table of hashes goes with it.
const credentials = new WeakMap<Site, ReadonlyMap<string, Credential>>()

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

function credentialsOf(site: Site): ReadonlyMap<string, Credential> {
  const known = credentials.get(site)
  if (known) return known
  const table = new Map<string, Credential>()
  const add = (token: string, principal: Principal): void => {
    const hash = sha256(token)
    if (token !== '') table.set(hash.toString('hex'), { hash, principal })
  }
  for (const source of site.sources.values()) add(source.token, { kind: 'source', source })
  for (const client of site.clients.values()) add(client.token, { kind: 'client', client })
  credentials.set(site, table)
  return table
}

/** Headers that were found good, with whom they stand for: a digest for each request is a tenth of what a read costs. */
const accepted = new WeakMap<Site, Map<string, Principal>>()
const maxAccepted = 1_000

/** Undefined when the header is missing, malformed, or its token is unknown. */
export function authenticate(site: Site, authorization: string | undefined): Principal | undefined {
  if (authorization === undefined || authorization.length > maxTokenCharacters) return undefined
  const good = accepted.get(site) ?? new Map<string, Principal>()
  const known = good.get(authorization)
  if (known) return known
  const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1]
  if (token === undefined) return undefined
  const hash = sha256(token)
  // Found by hash, so timing tells nothing of the token; compared once more in constant time.
  const credential = credentialsOf(site).get(hash.toString('hex'))
  if (!credential || !timingSafeEqual(credential.hash, hash)) return undefined
  // Only who has a token can write it in many ways.
  if (good.size < maxAccepted) accepted.set(site, good.set(authorization, credential.principal))
  return credential.principal
}

/** What a client may do per type; '*' is every type. */
type Grants = ReadonlyMap<string, string>
const grants = new WeakMap<Client, Grants>()

const legacy: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' }

function grantsOf(client: Client): Grants {
  const known = grants.get(client)
  if (known) return known
  const table = new Map<string, string>()
  for (const scope of client.scopes) {
    // Scopes of a patient context, and those narrowed by a query, grant nothing here: wider would be wrong.
    const parts = /^(?:user|system)\/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)$/.exec(scope)
    const [, type, letters] = parts ?? []
    if (type === undefined || letters === undefined) continue
    table.set(type, (table.get(type) ?? '') + (legacy[letters] ?? letters))
  }
  grants.set(client, table)
  return table
}

/** True when a scope of the client gives every one of `needed` on a type. */
export function permits(client: Client, rtype: string, ...needed: readonly Permission[]): boolean {
  const table = grantsOf(client)
  const letters = (table.get('*') ?? '') + (table.get(rtype) ?? '')
  return needed.every((letter) => letters.includes(letter))
}
