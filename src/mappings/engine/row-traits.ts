// What a compiled row tells of the values that it makes (v2-to-FHIR IG, segment maps).
import type { CompiledRow } from './compile-row.ts'

/** How many fields around its own count. */
export interface Around {
  readonly before: number
  readonly next: number
}

/** The fields that some of the rows of a field read as well. */
export function aroundOf(rows: readonly CompiledRow[]): Around | undefined {
  const before = Math.max(...rows.map(({ leaf }) => leaf?.before ?? 0))
  const next = Math.max(...rows.map(({ leaf }) => leaf?.next ?? 0))
  return before === 0 && next === 0 ? undefined : { before, next }
}

/** True for a row whose value follows from the text that it reads. */
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
