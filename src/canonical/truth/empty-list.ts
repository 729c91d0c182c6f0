// Sources that leave a list out when it is empty (zeroLengthListMeansDelete of the site): no NK1, GT1 or IN1 says that
// there is none (semantics, section 6). Without that switch it says nothing.

import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, referred, thingsOf } from '../applying.ts'

/** Events whose structure has all three lists: only they can leave one out. */
const listing = new Set(
  ['A01', 'A04', 'A05', 'A06', 'A07', 'A08', 'A13', 'A14', 'A28', 'A31'].map((each) => `ADT^${each}`),
)

/** True when the source means by a message without any of these things that there is none. */
export const saysNone = (applying: Applying, type: string, patient?: Thing): boolean =>
  applying.source.zeroLengthListMeansDelete &&
  listing.has(applying.event) &&
  !thingsOf(applying, type).some(
    (each) => patient === undefined || referred(applying, each, 'patient') === patient,
  )
