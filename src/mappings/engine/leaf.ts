// The leaves: named functions from v2 text to a FHIR value, for what rows cannot say. Each is tested on its
// own.

import type { Leaf } from './leaf-type.ts'
import { clinicalLeaves } from './leaves/clinical.ts'
import { codeLeaves } from './leaves/code.ts'
import { contactLeaves } from './leaves/contact.ts'
import { fillerLeaves } from './leaves/filler.ts'
import { headerLeaves } from './leaves/header.ts'
import { identifierLeaves } from './leaves/identifier.ts'
import { numberLeaves } from './leaves/number.ts'
import { organizationLeaves } from './leaves/organization.ts'
import { partLeaves } from './leaves/part.ts'
import { patientNumberLeaves } from './leaves/patient-number.ts'
import { personLeaves } from './leaves/person.ts'
import { placeLeaves } from './leaves/place.ts'
import { quantityLeaves } from './leaves/quantity.ts'
import { realmLeaves } from './leaves/realm.ts'
import { staffLeaves } from './leaves/staff.ts'
import { textLeaves } from './leaves/text.ts'
import { timeLeaves } from './leaves/time.ts'

export type { Leaf } from './leaf-type.ts'

/** Leaves by the name that rows use in `via`. */
export const leaves: ReadonlyMap<string, Leaf> = new Map(
  [
    textLeaves,
    timeLeaves,
    numberLeaves,
    quantityLeaves,
    headerLeaves,
    fillerLeaves,
    clinicalLeaves,
    codeLeaves,
    identifierLeaves,
    patientNumberLeaves,
    contactLeaves,
    partLeaves,
    personLeaves,
    placeLeaves,
    organizationLeaves,
    realmLeaves,
    staffLeaves,
  ].flatMap((group) => Object.entries(group)),
)
