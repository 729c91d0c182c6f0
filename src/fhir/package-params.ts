// Search parameters of FHIR packages (http://hl7.org/fhir/R4/searchparameter.html) as rows beside those of R4: what can be
// searched by here, and what cannot, in sentences.
import { SEARCH_PARAM_ROWS, type SearchParamRow } from './definitions.ts'
import type { Loaded } from './profile/set.ts'
import { textIn } from './profile/structure.ts'
import { checkSearchParam } from './search-params.ts'
import { isServedType, type JsonObject } from './types.ts'

/** Splits a union at the top level: one expression may be for all types that share a parameter. */
export function expressionsFor(
  type: string,
  { expression = '', base }: { readonly expression?: string; readonly base: readonly string[] },
): string[] {
  const parts = expression.split('|').map((part) => part.trim())
  const own = parts.filter((part) => {
    const plain = part.replace(/^\(/, '')
    return plain === type || plain.startsWith(`${type}.`)
  })
  // Some expressions of a single type leave the type out: `name | alias`.
  const isBare = own.length === 0 && base.length === 1 && parts.every((part) => /^[a-z][\w.]*$/.test(part))
  return isBare ? parts.map((part) => `${type}.${part}`) : own
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

/** Parameters of one package set that can be searched by here. */
export interface PackageParams {
  readonly rows: readonly SearchParamRow[]
  readonly notes: readonly string[]
}

/** What the resources say of parameters that this server has not. */
export function searchParamsIn(loaded: readonly Loaded[]): PackageParams {
  const known = new Map(SEARCH_PARAM_ROWS.map((row) => [`${row.base} ${row.code}`, row.url]))
  const rows: SearchParamRow[] = []
  const notes: string[] = []
  for (const { file, resource } of loaded) {
    if (resource.resourceType !== 'SearchParameter') continue
    const [code, url] = [textIn(resource, 'code'), textIn(resource, 'url')]
    for (const base of texts(resource.base)) {
      if (!isServedType(base) || known.has(`Resource ${code}`)) continue
      const other = known.get(`${base} ${code}`)
      if (other !== undefined) {
        // R4 and US Core define some of one name twice; another publisher's is another parameter.
        const isTheirs = SEARCH_PARAM_ROWS.some((row) => row.base === base && row.code === code)
        if (!isTheirs && other !== url)
          notes.push(`search parameter ${code} of ${base} is there twice; ${other} counts (${url}, ${file})`)
        continue
      }
      try {
        const row = rowOf(resource, base, code, url)
        checkSearchParam(row)
        rows.push(row)
        known.set(`${base} ${code}`, url)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        notes.push(`search parameter ${code} of ${base} is not searched by here: ${why} (${url}, ${file})`)
      }
    }
  }
  return { rows, notes }
}

function rowOf(resource: JsonObject, base: string, code: string, url: string): SearchParamRow {
  if (!/^[A-Za-z][\w-]{0,63}$/.test(code)) throw new Error('its code is no name')
  const bases = texts(resource.base)
  const parts = expressionsFor(base, { expression: textIn(resource, 'expression'), base: bases })
  if (parts.length === 0) throw new Error(`its expression names nothing of ${base}`)
  const targets = texts(resource.target)
  return {
    base,
    code,
    type: textIn(resource, 'type'),
    expression: parts.join(' | '),
    ...(targets.length > 0 && targets.length <= 100 && { targets: targets.toSorted() }),
    url,
  }
}
