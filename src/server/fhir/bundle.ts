// Bundles as JSON text (FHIR R4 bundle.html): resources go in as they are, so they are never parsed on the way out.

export interface BundleEntry {
  readonly fullUrl?: string
  /** JSON text of a resource. */
  readonly resource?: string
  readonly mode?: 'match' | 'include' | 'outcome'
  readonly request?: { readonly method: 'POST' | 'PUT' | 'DELETE'; readonly url: string }
  readonly response?: { readonly status: string; readonly etag: string; readonly lastModified: string }
}

export interface BundleParts {
  readonly type: 'searchset' | 'history'
  readonly total: number | undefined
  /** ISO 8601 with offset. */
  readonly timestamp: string
  readonly links: readonly { readonly relation: 'self' | 'first' | 'next'; readonly url: string }[]
  readonly entries: readonly BundleEntry[]
}

export function bundleText({ type, total, timestamp, links, entries }: BundleParts): string {
  const head = { resourceType: 'Bundle', type, timestamp, ...(total !== undefined && { total }), link: links }
  const text = JSON.stringify(head)
  if (entries.length === 0) return text
  return `${text.slice(0, -1)},"entry":[${entries.map(entryText).join(',')}]}`
}

function entryText({ fullUrl, resource, mode, request, response }: BundleEntry): string {
  const parts: string[] = []
  if (fullUrl !== undefined) parts.push(`"fullUrl":${JSON.stringify(fullUrl)}`)
  if (resource !== undefined) parts.push(`"resource":${resource}`)
  if (mode !== undefined) parts.push(`"search":{"mode":"${mode}"}`)
  if (request !== undefined) parts.push(`"request":${JSON.stringify(request)}`)
  if (response !== undefined) parts.push(`"response":${JSON.stringify(response)}`)
  return `{${parts.join(',')}}`
}
