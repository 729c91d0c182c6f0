// Media types of FHIR (FHIR R4 http.html#mime-type): which form a body has, and which one an answer shall have.

export type Format = 'json' | 'xml'

const forms: ReadonlyMap<string, Format> = new Map([
  ['application/fhir+json', 'json'],
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['json', 'json'],
  ['application/fhir+xml', 'xml'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
  ['xml', 'xml'],
] as const)

const wildcards: ReadonlySet<string> = new Set(['*/*', 'application/*', ''])

export const contentTypes = {
  json: 'application/fhir+json; charset=utf-8',
  xml: 'application/fhir+xml; charset=utf-8',
} as const

/** Media types that a resource can be sent in. */
export const isFhirType = (type: string): boolean => forms.has(type) && type.includes('/')

/** The form of a body of one of these types. */
export const formOf = (type: string): Format => forms.get(type) ?? 'json'

const typeOf = (header: string): string => (header.split(';')[0] ?? '').trim().toLowerCase()

/** A version of FHIR that is not this one cannot be answered. */
export const isOtherVersion = (header: string): boolean => /;\s*fhirversion\s*=\s*(?!"?4\.0)/i.test(header)

const qualityOf = (header: string): number => {
  const quality = /;\s*q=([01](?:\.\d{0,3})?)\s*(?:;|$)/i.exec(header)?.[1]
  return quality === undefined ? 1 : Number(quality)
}

/** Names that are not FHIR's own are given back as they were asked for. */
const generic: ReadonlySet<string> = new Set(['application/json', 'text/json', 'application/xml', 'text/xml'])

export interface Wanted {
  readonly form: Format
  readonly contentType: string
}

const wantedOf = (form: Format, type: string): Wanted => ({
  form,
  contentType: generic.has(type) ? `${type}; charset=utf-8` : contentTypes[form],
})

/** The form of the answer; undefined when the client takes none that there is. `_format` wins over Accept. */
export function formatWanted(accept: string | undefined, format: string | undefined): Wanted | undefined {
  if (format !== undefined) {
    // A plus sign in a query is a blank: application/fhir+json arrives as "application/fhir json".
    const type = typeOf(format).replace(' ', '+')
    const form = forms.get(type)
    return form === undefined || isOtherVersion(format) ? undefined : wantedOf(form, type)
  }
  let best: { readonly wanted: Wanted; readonly quality: number } | undefined
  for (const each of (accept ?? '').split(',', 50)) {
    const type = typeOf(each)
    const form = type.includes('/') ? forms.get(type) : undefined
    const found = form ?? (wildcards.has(type) ? 'json' : undefined)
    const quality = qualityOf(each)
    if (found && quality > (best?.quality ?? 0) && !isOtherVersion(each))
      best = { wanted: wantedOf(found, type), quality }
  }
  return best?.wanted
}
