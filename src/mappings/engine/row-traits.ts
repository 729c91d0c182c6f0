// What a compiled row tells of the values that it makes (v2-to-FHIR IG, segment maps).
import type { CompiledRow } from './compile-row.ts'

/** True for a row whose value follows from its text. */
export const isByText = ({ leaf, type, constant }: CompiledRow): boolean =>
  constant !== undefined || leaf?.coded === true || leaf?.byText === true || type?.byText === true

/** Extensions of FHIR that a resource may have several of. */
const repeating: ReadonlySet<string> = new Set([
  'http://hl7.org/fhir/StructureDefinition/patient-citizenship',
])

/** True for an extension on the thing itself that it may have several of: ours, and few of FHIR's. */
export function isRepeatable({ path: { cell, url } }: CompiledRow): boolean {
  const several = url !== undefined && (repeating.has(url) || !url.startsWith('http://hl7.org/'))
  return several && cell === `extension('${url}')`
}

/** True when what repeats becomes the lines of one text; of an extension each text is one of its own. */
export const isLined = ({ leaf, path: { url } }: CompiledRow): boolean =>
  leaf?.lines === true && url === undefined

/** True when a field that repeats makes several extensions. */
export function isPlural(row: CompiledRow): boolean {
  const { leaf } = row
  return isRepeatable(row) && !leaf?.joins && !leaf?.last
}
