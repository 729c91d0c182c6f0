// Headers that steer a FHIR request: Prefer, If-Match, If-None-Match (FHIR R4 http.html).

export interface Preferences {
  readonly handling: 'strict' | 'lenient'
  readonly return: 'representation' | 'minimal' | 'OperationOutcome' | undefined
}

export function preferencesOf(header: string | undefined): Preferences {
  const tokens = (header ?? '').split(/[,;]/, 20).map((each) => each.trim().toLowerCase())
  const wanted = tokens.find((each) => each.startsWith('return='))?.slice('return='.length)
  return {
    handling: tokens.includes('handling=strict') ? 'strict' : 'lenient',
    return:
      wanted === 'minimal' || wanted === 'representation'
        ? wanted
        : wanted === 'operationoutcome'
          ? 'OperationOutcome'
          : undefined,
  }
}

export type IfMatch = { readonly version: number } | 'missing' | 'malformed'

/** If-Match with exactly one version, weak or strong: W/"3". */
export function ifMatchOf(header: string | undefined): IfMatch {
  if (header === undefined) return 'missing'
  const version = /^\s*(?:W\/)?"(\d{1,9})"\s*$/.exec(header)?.[1]
  return version === undefined ? 'malformed' : { version: Number(version) }
}

export const etagOf = (version: number): string => `W/"${version}"`

/** Whether If-None-Match names the tag; weak and strong ones are compared alike (RFC 9110 section 13.1.2). */
export function namesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  const strong = (tag: string): string => tag.trim().replace(/^W\//, '')
  const tags = (ifNoneMatch ?? '').split(',', 100).map(strong)
  return tags.includes('*') || tags.includes(strong(etag))
}

/** True when a read need not be answered again: RFC 9110 sections 13.1.2 and 13.1.3. */
export function isNotModified(
  ifNoneMatch: string | undefined,
  ifModifiedSince: string | undefined,
  version: number,
  updatedAt: string,
): boolean {
  if (ifNoneMatch !== undefined) return namesTag(ifNoneMatch, etagOf(version))
  if (ifModifiedSince === undefined) return false
  const since = Date.parse(ifModifiedSince)
  return !Number.isNaN(since) && Math.floor(Date.parse(updatedAt) / 1_000) * 1_000 <= since
}
