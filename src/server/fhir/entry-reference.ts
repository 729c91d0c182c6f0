// References of an entry to other entries of its Bundle (FHIR R4 bundle.html#references, http.html#trules): `urn:uuid:...` holds inside
// of the Bundle only, so that one that leads nowhere would be kept as a reference that nobody can ever follow.
import { isObject, primitiveText } from '../../fhir/types.ts'
import type { EntryFault, EntryRequest } from './bundle-entry.ts'

/** A reference of a resource, with its place as a FHIRPath. */
export interface PlacedReference {
  readonly path: string
  readonly reference: string
}

export function* referencesIn(value: unknown, path = ''): Generator<PlacedReference> {
  if (Array.isArray(value))
    for (const [at, each] of value.entries()) yield* referencesIn(each, `${path}[${at}]`)
  if (!isObject(value)) return
  for (const [name, each] of Object.entries(value)) {
    const place = `${path}.${name}`
    if (name === 'reference' && typeof each === 'string') yield { path: place, reference: each }
    else if (typeof each === 'object') yield* referencesIn(each, place)
  }
}

const isLocal = (reference: string): boolean => reference.startsWith('urn:uuid:')

/** The names that entries of a transaction give to what will be there when it is done. */
export const localNames = (entries: readonly (EntryRequest | EntryFault)[]): ReadonlySet<string> =>
  new Set(
    entries.flatMap((each) =>
      'issues' in each || each.fullUrl === undefined || !writes.has(each.method) ? [] : [each.fullUrl],
    ),
  )
const writes: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** The entries of a batch stand for themselves: nothing in it can be referred to. */
export const noNames: ReadonlySet<string> = new Set()

/** The refusal of an entry that refers to one that is not there. */
export function unresolved(
  { method, path, resource }: EntryRequest,
  names: ReadonlySet<string>,
): EntryFault | undefined {
  if (!resource || !writes.has(method) || path.includes('$')) return undefined
  const type = primitiveText(resource.resourceType)
  const lost = [...referencesIn(resource)].filter(
    ({ reference }) => isLocal(reference) && !names.has(reference),
  )
  if (lost.length === 0) return undefined
  const text =
    names === noNames
      ? 'entries of a batch cannot refer to each other - send a transaction'
      : 'refers to an entry that the Bundle does not have - add it with that fullUrl, or correct the reference'
  return {
    status: 400,
    issues: lost.slice(0, maxUnresolved).map((each) => ({
      severity: 'error',
      code: 'not-found',
      diagnostics: `${type}${each.path}: ${text}`,
      expression: [`${type}${each.path}`],
    })),
  }
}

/** Places that one refusal names. */
const maxUnresolved = 20
