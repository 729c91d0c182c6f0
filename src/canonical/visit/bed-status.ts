// A20: what a bed is good for now, said of the place and of nobody in it (HL7 v2.9.1 chapter 3, 3.3.20 and 3.4.7 NPU).

import { type Applying, assertionsOf, cellAt, thingsOf, warnStale } from '../applying.ts'
import { Refusal } from '../finding.ts'
import { resolveActors } from '../masters/actors.ts'

/** NPU-2 of a bed is the operational status of its Location; of two statements the later counts. */
export function applyBedStatus(applying: Applying): void {
  resolveActors(applying)
  const beds = thingsOf(applying, 'BedStatus')
  if (beds.length === 0) throw missing('NPU^1', 'NPU with a bed and its status')
  for (const bed of beds) {
    const where = `NPU^${bed.segment.occurrence}`
    const named = cellAt(bed, '$location')?.value as { readonly reference?: string } | null | undefined
    const place = applying.references.get(named?.reference ?? '')
    if (!place) throw missing(`${where}^1`, 'the bed')
    const { draft, source, times } = applying
    const cells = Object.entries(assertionsOf(applying, bed, times.event))
    const said = Object.fromEntries(cells.filter(([key]) => !key.startsWith('$')))
    warnStale(applying, bed, draft.assert('Location', idOf(place), source.id, said))
  }
}

const idOf = (reference: string): string => reference.slice(reference.indexOf('/') + 1)

const missing = (location: string, what: string): Refusal =>
  new Refusal('AE', {
    code: '101',
    locations: [location],
    text: `${what} is missing (${location}) - send it`,
  })
