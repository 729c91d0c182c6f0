// capabilities (FHIR R4 http.html#capabilities): what this server does, from the tables it works by. Public.
import type { Site } from '../../canonical/site.ts'
import { capabilityStatement } from '../../fhir/capability.ts'
import type { ProfileSet } from '../../fhir/profile/set.ts'
import { SERVED_TYPES } from '../../fhir/types.ts'
import type { SitePackages } from '../../pipeline/packages.ts'
import type { AppContext, Deps } from '../context.ts'
import { DEFINITION_TYPES } from './definitions.ts'
import { OPERATIONS } from './operations.ts'
import { patchFormats } from './patch.ts'
import { sendText } from './reply.ts'

const readOnly = ['read', 'vread', 'history-instance', 'history-type', 'search-type']
const interactions = {
  read: readOnly,
  append: [...readOnly, 'create'],
  write: [...readOnly, 'create', 'update', 'patch', 'delete'],
}
const operations = OPERATIONS.flatMap(({ name, definition, types, level }) =>
  level === 'system'
    ? [{ name, definition }]
    : (types.length > 0 ? types : SERVED_TYPES).map((type) => ({ type, name, definition })),
)
const bearer = {
  description: 'Authorization: Bearer with a token of the site; SMART v2 scopes say what a client may do.',
}

// One statement per site and its packages: its time zone is in it, and their profiles.
const statements = new WeakMap<Site, { readonly packages: SitePackages; readonly text: string }>()

export function metadata(c: AppContext, deps: Deps): Response {
  const site = deps.gateway.site()
  const packages = deps.packages()
  const known = statements.get(site)
  const text =
    known?.packages === packages ? known.text : JSON.stringify(statementOf(deps, site, packages.profiles))
  statements.set(site, { packages, text })
  return sendText(c, 200, text)
}

const statementOf = ({ baseUrl, version, gateway }: Deps, site: Site, profiles: ProfileSet): object =>
  capabilityStatement({
    baseUrl,
    software: { name: 'Portico', version },
    description: 'HL7 v2 and FHIR R4 gateway',
    instantiates: ['http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data'],
    date: gateway.now().toISOString(),
    interactions,
    systemInteractions: ['transaction', 'batch', 'search-system', 'history-system'],
    operations,
    definitionTypes: DEFINITION_TYPES,
    supportedProfiles: (type) => profiles.ofType(type).map(({ url }) => url),
    patchFormats,
    security: bearer,
    updateCreate: site.policy.allowClientIds,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: site.policy.conditionalDelete,
    timeZone: site.gateway.timezone,
  })
