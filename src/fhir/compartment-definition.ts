// CompartmentDefinitions (http://hl7.org/fhir/R4/compartmentdefinition.html), made from the table by which compartments are searched.
import { COMPARTMENTS } from './definitions.ts'
import type { Resource } from './types.ts'

const HL7 = 'http://hl7.org/fhir/CompartmentDefinition'

/** Where R4 has the definition of a type's compartment. */
export const compartmentUrl = (type: string): string => `${HL7}/${idOf(type)}`

const idOf = (type: string): string => `${type.charAt(0).toLowerCase()}${type.slice(1)}`

export const compartmentDefinitions = (): readonly Resource[] =>
  Object.entries(COMPARTMENTS).map(([code, members]) => ({
    resourceType: 'CompartmentDefinition',
    id: idOf(code),
    url: compartmentUrl(code),
    name: `Base FHIR compartment definition for ${code}`,
    status: 'active',
    code,
    search: true,
    resource: Object.entries(members).map(([type, params]) => ({
      code: type,
      ...(params.length > 0 && { param: [...params] }),
    })),
  }))
