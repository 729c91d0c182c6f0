// capabilities (FHIR R4 http.html#capabilities): what this server does, from the tables it works by. Public.
import { createHash } from 'node:crypto'
import type { Site } from '../../canonical/site.ts'
import { capabilityStatement } from '../../fhir/capability.ts'
import { terminologyCapabilities } from '../../fhir/terminology-capability.ts'
import { isObject, type Resource, SERVED_TYPES } from '../../fhir/types.ts'
import type { SitePackages } from '../../pipeline/site/packages.ts'
import type { AppContext, Deps } from '../context.ts'
import { definitionSearchParams } from './definitions.ts'
import { OPERATIONS } from './operations.ts'
import { patchFormats } from './patch.ts'
import { namesTag } from './preferences.ts'
import { refuse, sendText } from './reply.ts'

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
const description = 'HL7 v2 and FHIR R4 gateway'
const bearer = {
  description: 'Authorization: Bearer with a token of the site; SMART v2 scopes say what a client may do.',
}

/** What `mode` can ask for (http.html#capabilities). */
const modes = ['full', 'normative', 'terminology'] as const
type Mode = (typeof modes)[number]

interface Statement {
  readonly text: string
  readonly etag: string
}

// One statement of each mode per site and its packages: its time zone is in it, and their profiles.
const statements = new WeakMap<Site, { readonly packages: SitePackages; readonly of: Map<Mode, Statement> }>()

export function metadata(c: AppContext, deps: Deps): Response {
  const asked = c.req.query('mode') ?? 'full'
  const mode = modes.find((each) => each === asked)
  if (!mode) return refuse(c, 'bad-request', `mode is one of ${modes.join(', ')} - correct it`)
  const { text, etag } = statementFor(deps, mode)
  c.header('etag', etag)
  if (namesTag(c.req.header('if-none-match'), etag)) return c.body(null, 304)
  return sendText(c, 200, text)
}

function statementFor(deps: Deps, mode: Mode): Statement {
  const site = deps.gateway.site()
  const packages = deps.packages()
  const kept = statements.get(site)
  const known = kept?.packages === packages ? kept : { packages, of: new Map<Mode, Statement>() }
  if (known !== kept) statements.set(site, known)
  const statement = known.of.get(mode) ?? taggedOf(made[mode](deps, site, packages))
  known.of.set(mode, statement)
  return statement
}

/** When it was made is no difference: the gateways of a site make the same. */
function taggedOf(resource: Resource): Statement {
  const { date: _date, ...rest } = resource
  const hash = createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 32)
  return { text: JSON.stringify(resource), etag: `W/"${hash}"` }
}

const statementOf = (
  { baseUrl, version, gateway }: Deps,
  site: Site,
  { profiles, requirements }: SitePackages,
): Resource =>
  capabilityStatement({
    baseUrl,
    software: { name: 'Portico', version },
    description,
    instantiates: ['http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data'],
    requirements,
    isSupported: (canonical) => profiles.get(canonical) !== undefined,
    date: gateway.now().toISOString(),
    interactions,
    systemInteractions: ['transaction', 'batch', 'search-system', 'history-system'],
    operations,
    definitionTypes: definitionSearchParams(),
    supportedProfiles: (type) => profiles.ofType(type).map(({ url }) => url),
    patchFormats,
    security: bearer,
    updateCreate: site.policy.allowClientIds,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: site.policy.conditionalDelete,
    timeZone: site.gateway.timezone,
  })

/** Types whose definition does not change any more (R4, standards status normative). */
const normativeTypes: ReadonlySet<string> = new Set(
  (
    'Binary Bundle CapabilityStatement CodeSystem Observation OperationDefinition OperationOutcome Parameters Patient ' +
    'StructureDefinition ValueSet'
  ).split(' '),
)

/** The same with these types only. */
function normativeOf(deps: Deps, site: Site, packages: SitePackages): Resource {
  const whole = statementOf(deps, site, packages)
  const rest = (Array.isArray(whole.rest) ? whole.rest.filter(isObject) : []).map((each) => ({
    ...each,
    resource: (Array.isArray(each.resource) ? each.resource.filter(isObject) : []).filter(({ type }) =>
      normativeTypes.has(String(type)),
    ),
  }))
  return { ...whole, rest }
}

const terminologyOf = ({ baseUrl, version, gateway }: Deps, _: Site, { profiles }: SitePackages): Resource =>
  terminologyCapabilities({
    baseUrl,
    software: { name: 'Portico', version },
    description,
    date: gateway.now().toISOString(),
    systems: profiles.terminology.systems(),
    expandParameters: Object.keys(OPERATIONS.find(({ name }) => name === 'expand')?.parameters ?? {}),
  })

const made = { full: statementOf, normative: normativeOf, terminology: terminologyOf } as const
