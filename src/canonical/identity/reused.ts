// A retired number that comes with somebody else's demographics: it was given away again (semantics, section 2.4).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, cellsAt } from '../applying.ts'
import type { FhirJson } from '../fhir-json.ts'
import { Refusal } from '../finding.ts'
import { scorePatients } from './match.ts'

interface Named {
  readonly system: string
  readonly value: string
  readonly location: string
}

/** The number was given to somebody else: what the message says of the person is certainly not what is known. */
export function contradicts({ draft }: Applying, thing: Thing, ids: readonly string[]): boolean {
  const said = Object.fromEntries(
    ['name', 'birthDate', 'gender'].flatMap((path) => cellsAt(thing, path).map(({ value }) => [path, value])),
  ) as FhirJson
  const known = ids.map((id) => draft.entity('Patient', id).body).filter((each) => each !== undefined)
  return (
    typeof said.birthDate === 'string' &&
    known.length > 0 &&
    known.every(
      (body) =>
        body.birthDate !== undefined &&
        body.birthDate !== said.birthDate &&
        scorePatients(said, body).grade === 'certainly-not',
    )
  )
}

export function reused(
  { controlId, source }: Applying,
  { value, location, system }: Named,
  id: string,
): Refusal {
  return new Refusal(
    'AE',
    {
      code: '205',
      app: 'ID-CONFLICT',
      locations: [location],
      text: `${value} was merged into another record, and this is somebody else (${location}) - correct the number`,
    },
    {
      task: {
        code: 'identity-conflict',
        key: `${system}|${value}|reused`,
        description: `message ${controlId} of ${source.id} uses ${value} for somebody else than the one who had it`,
        focus: `Patient/${id}`,
        patient: `Patient/${id}`,
      },
    },
  )
}
