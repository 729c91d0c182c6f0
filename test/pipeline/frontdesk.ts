// The front desk as a FHIR client of the acceptance suite's site: what it writes stands beside what messages say.
import type { Client } from '../../src/canonical/site.ts'

export const frontdesk: Client = {
  id: 'frontdesk',
  token: 'frontdesk-token',
  trust: 80,
  scopes: ['user/*.cruds'],
  restricted: false,
  breakGlass: false,
  hl7v2: false,
  admin: false,
}
