// What the tests of merges share: its times, the merge itself, and everything that is shown and may refer to a person.

import type { TestGateway } from './gateway.ts'
import { mrn, msh, segment } from './messages.ts'

export type Resource = Record<string, unknown> & { id: string }

/** A time of the day of the tests, minutes after 8: 'YYYYMMDDHHMMSS'. */
export const timeAt = (minute: number): string =>
  new Date(Date.UTC(2026, 2, 2, 8, minute)).toISOString().replace(/[-T:]/g, '').slice(0, 14)

/** A40: in each pair the first number is merged into the second. */
export const merging = (
  time: string,
  ...pairs: readonly (readonly [from: string, to: string])[]
): readonly string[] => [
  msh({ event: 'ADT^A40^ADT_A39', time }),
  `EVN||${time}`,
  ...pairs.flatMap(([from, to]) => [
    segment('PID', { 1: '1', 3: mrn(to), 5: 'DOE^JANE^^^^^L' }),
    segment('MRG', { 1: mrn(from) }),
  ]),
]

const types = [
  'Patient',
  'Encounter',
  'Account',
  'Coverage',
  'RelatedPerson',
  'Appointment',
  'ChargeItem',
  'Slot',
]

/** Everything but tasks and provenance. */
export async function allShown(
  gateway: TestGateway,
): Promise<readonly (Resource & { resourceType: string })[]> {
  const found = await Promise.all(types.map((each) => gateway.all(each)))
  return found.flat() as (Resource & { resourceType: string })[]
}
