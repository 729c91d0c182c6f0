// The digest of a set of resources: what they say, whatever ids they have got and in whatever order they are kept.
import { createHash } from 'node:crypto'
import { canonicalJson, readJson } from './json.ts'
import { isObject } from './types.ts'

export interface StoredText {
  readonly rtype: string
  readonly id: string
  /** JSON text of the resource. */
  readonly body: string
}

/** References lead at most so far: charge -> account -> visit -> patient -> practitioner. */
const rounds = 4

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

export interface DigestResult {
  /** sha256, hexadecimal. */
  readonly digest: string
  readonly resources: number
  readonly types: readonly { readonly type: string; readonly resources: number; readonly digest: string }[]
}

/**
 * Each resource is named by its content, where a reference stands for the name of what it refers to; each round lets a
 * name depend on the names of the round before. `scan` reads all resources and is called once for each round.
 */
export async function digestOf(scan: () => AsyncIterable<StoredText>): Promise<DigestResult> {
  let names = new Map<string, string>()
  for await (const { rtype, id } of scan()) names.set(`${rtype}/${id}`, rtype)
  for (let round = 0; round < rounds; round++) {
    const next = new Map<string, string>()
    for await (const { rtype, id, body } of scan())
      next.set(`${rtype}/${id}`, sha256(`${rtype} ${contentOf(body, (reference) => names.get(reference))}`))
    names = next
  }
  const byType = new Map<string, string[]>()
  for (const [key, name] of names) {
    const type = key.slice(0, key.indexOf('/'))
    const list = byType.get(type)
    if (list) list.push(name)
    else byType.set(type, [name])
  }
  const types = [...byType]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, list]) => ({ type, resources: list.length, digest: hex(list.sort().join('\n')) }))
  return {
    digest: hex(types.map(({ type, digest }) => `${type} ${digest}`).join('\n')),
    resources: names.size,
    types,
  }
}

const hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Canonical text of what a resource says: without id, version and time, its references named by `name`. */
export function contentOf(
  body: string,
  name: (reference: string) => string | undefined = () => undefined,
): string {
  const { id: _, meta, ...rest } = readObject(body)
  const { versionId: _version, lastUpdated: _updated, ...own } = isObject(meta) ? meta : {}
  const content = Object.keys(own).length > 0 ? { ...rest, meta: own } : rest
  return canonicalJson(named(content, name))
}

/** A resource as it is stored, its decimals with all digits. */
export function readObject(body: string): Readonly<Record<string, unknown>> {
  const read = readJson(body)
  return 'value' in read && isObject(read.value) ? read.value : {}
}

function named(value: unknown, name: (reference: string) => string | undefined): unknown {
  if (Array.isArray(value)) return value.map((each) => named(each, name))
  // Decimals are objects of their own kind.
  if (!isObject(value) || JSON.isRawJSON(value)) return value
  const out: Record<string, unknown> = {}
  for (const [key, each] of Object.entries(value))
    out[key] = key === 'reference' && typeof each === 'string' ? (name(each) ?? each) : named(each, name)
  return out
}
