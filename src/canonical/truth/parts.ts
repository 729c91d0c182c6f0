// Parts of a thing that segments of their own make, as entries of one list: contacts, diagnoses, participants of a visit.
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, resolveHandles } from '../applying.ts'
import { type FhirJson, writePath } from '../fhir-json.ts'
import { shapeId } from './shape.ts'

/** Where the parts of an entry came from, for joinShapes. */
export interface EntryShape {
  readonly prefix: string
  readonly id: string | undefined
}

/** What the cells of a part say, as one entry; facts and deletions say nothing. `prefix` is where the entry will stand. */
export function entryOf(
  applying: Applying,
  part: Thing,
  prefix: string,
): { readonly entry: FhirJson; readonly shapes: readonly EntryShape[] } {
  const entry: FhirJson = {}
  const shapes: EntryShape[] = []
  for (const cell of part.cells) {
    if (cell.value === null || cell.path.startsWith('$')) continue
    const before = entry[cell.path]
    const value = resolveHandles(applying, cell.value)
    const joined =
      Array.isArray(before) && Array.isArray(value) ? [...(before as Json[]), ...(value as Json[])] : value
    writePath(entry, cell.path, joined)
    shapes.push({ prefix, id: shapeId(cell.spans) })
  }
  return { entry, shapes }
}
