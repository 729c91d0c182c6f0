// Entries of a batch or a transaction as requests (FHIR R4 bundle.html, Bundle.entry.request): their form only.
import type { Issue } from '../../fhir/issue.ts'
import { refusal } from '../../fhir/outcome.ts'
import { isObject, type JsonObject, primitiveText } from '../../fhir/types.ts'

export interface EntryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path below the base without a slash at its begin, and the query without its mark. */
  readonly path: string
  readonly query: string
  /** Headers that the entry stands for, in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly resource: JsonObject | undefined
  readonly fullUrl: string | undefined
}

export type EntryFault = { readonly status: number; readonly issues: readonly Issue[] }

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
const conditions = {
  ifNoneMatch: 'if-none-match',
  ifModifiedSince: 'if-modified-since',
  ifMatch: 'if-match',
  ifNoneExist: 'if-none-exist',
} as const

/** What a URL resolves to another path, or out of the base: dot segments, however written, and backslashes. */
const isElsewhere = (path: string): boolean => /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|\\/i.test(path)
/** Answers that are no resources, about work that no transaction takes back. */
const isExport = (path: string): boolean => /(?:^|\/)(?:\$|%24)export(?:\/|$)/i.test(path)

const isMethod = (text: string): text is EntryRequest['method'] => methods.has(text)

export const readEntries = (list: readonly unknown[], baseUrl: string): (EntryRequest | EntryFault)[] =>
  list.map((each) => readEntry(each, baseUrl))

function readEntry(entry: unknown, baseUrl: string): EntryRequest | EntryFault {
  const request = isObject(entry) ? entry.request : undefined
  if (!isObject(entry) || !isObject(request)) return refusal('bad-request', 'request is missing')
  const method = primitiveText(request.method)
  if (!isMethod(method)) return refusal('bad-request', 'request.method is no method')
  const url = typeof request.url === 'string' ? request.url : ''
  const own = `${baseUrl}/`
  const relative = (url.startsWith(own) ? url.slice(own.length) : url).replace(/^\//, '')
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative) || relative.startsWith('/'))
    return refusal('bad-request', 'request.url is not on this server - use one such as Patient/1')
  const [path = ''] = relative.split(/[?#]/, 1)
  if (isElsewhere(path))
    return refusal('bad-request', 'request.url leads to another path - write the one that is meant')
  if (isExport(path)) return refusal('bad-request', 'an export is no part of a Bundle - ask for it by itself')
  const mark = relative.indexOf('?')
  if (method !== 'GET' && /^(?:\?|$)/.test(relative))
    return refusal('bad-request', 'request.url names no type - a Bundle cannot hold another one to carry out')
  const headers: Record<string, string> = {}
  for (const [name, header] of Object.entries(conditions)) {
    const value = request[name]
    if (typeof value === 'string') headers[header] = value
  }
  const resource = isObject(entry.resource) ? entry.resource : undefined
  const needsResource = method === 'POST' || method === 'PUT' || method === 'PATCH'
  if (needsResource && !resource && !relative.includes('$') && !relative.includes('_search'))
    return refusal('bad-request', `resource is missing - a ${method} has one`)
  return {
    method,
    path: mark < 0 ? relative : relative.slice(0, mark),
    query: mark < 0 ? '' : relative.slice(mark + 1),
    headers,
    resource,
    fullUrl: typeof entry.fullUrl === 'string' ? entry.fullUrl : undefined,
  }
}
