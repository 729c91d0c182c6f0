// The CapabilityStatement (http://hl7.org/fhir/R4/capabilitystatement.html), made from the same tables that
// the server works by, so that it cannot promise anything else.

import { baseUrlOf } from './base-structures.ts'
import { instantiatedBy } from './capability-claims.ts'
import { COMPARTMENT_TYPES } from './compartment.ts'
import { compartmentUrl } from './compartment-definition.ts'
import { SPECIAL_NAMES } from './search-filter.ts'
import { searchParamsOf } from './search-params.ts'
import { type JsonObject, RESOURCE_TYPES, type Resource, SERVED_TYPES } from './types.ts'

export interface CapabilityOptions {
  /** Base URL of the FHIR endpoint. */
  readonly baseUrl: string
  readonly software: { readonly name: string; readonly version: string }
  readonly description: string
  /** CapabilityStatements of others that this server keeps to. */
  readonly instantiates: readonly string[]
  /** Those that are named as well when what they ask is met. */
  readonly requirements?: readonly JsonObject[]
  /** Whether resources are checked against a profile, by its canonical URL with or without a version. */
  readonly isSupported?: (canonical: string) => boolean
  /** dateTime of the statement: when the software was built or the site was last changed. */
  readonly date: string
  /**
   * Interaction codes (read, vread, search-type, create, ...) of types by what clients may do with them.
   */
  readonly interactions: Readonly<Record<'write' | 'append' | 'read', readonly string[]>>
  /** Interaction codes of the whole system (transaction, search-system, history-system, ...). */
  readonly systemInteractions: readonly string[]
  readonly operations?: readonly {
    readonly type?: string
    readonly name: string
    readonly definition: string
  }[]
  /** Canonical URLs of the profiles that resources of a type are checked against when they claim them. */
  readonly supportedProfiles?: (type: string) => readonly string[]
  /** Types of definitions, made by the server and read and searched only, with the parameters of that search. */
  readonly definitionTypes?: ReadonlyMap<string, readonly JsonObject[]>
  readonly patchFormats?: readonly string[]
  /** CodeableConcepts of security services, such as SMART-on-FHIR, and text for readers. */
  readonly security?: { readonly service?: readonly JsonObject[]; readonly description: string }
  readonly updateCreate: boolean
  readonly conditionalCreate: boolean
  readonly conditionalUpdate: boolean
  readonly conditionalDelete: 'not-supported' | 'single' | 'multiple'
  /** Dates without a zone are read in this one; said in the statement. */
  readonly timeZone: string
}

/** The statement of this server. */
export function capabilityStatement(options: CapabilityOptions): Resource {
  const statement = statementOf(options)
  const met = instantiatedBy(statement, options.requirements ?? [], options.isSupported ?? (() => false))
  return { ...statement, instantiates: [...options.instantiates, ...met] }
}

function statementOf(options: CapabilityOptions): Resource {
  const { baseUrl, software, description, date } = options
  return {
    resourceType: 'CapabilityStatement',
    url: `${baseUrl}/metadata`,
    version: software.version,
    name: 'PorticoCapabilityStatement',
    title: `${software.name} ${software.version}`,
    status: 'active',
    date,
    kind: 'instance',
    description,
    // Filled when the rest is known; the order is that of FHIR.
    instantiates: [],
    software: { name: software.name, version: software.version },
    implementation: { description, url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json', 'application/fhir+xml', 'xml'],
    ...(options.patchFormats &&
      options.patchFormats.length > 0 && { patchFormat: [...options.patchFormats] }),
    rest: [
      {
        mode: 'server',
        documentation: `Dates and times without a zone are those of ${options.timeZone}.`,
        ...(options.security && { security: { ...options.security } }),
        resource: [...SERVED_TYPES.map((type) => resourceEntry(type, options)), ...otherEntries(options)],
        searchParam: SPECIAL_NAMES.map((name) => ({ name, type: 'special' })),
        compartment: COMPARTMENT_TYPES.map(compartmentUrl),
        interaction: options.systemInteractions.map((code) => ({ code })),
        ...operationsOf(undefined, options),
      },
    ],
  }
}

function resourceEntry(type: string, options: CapabilityOptions): JsonObject {
  const access = RESOURCE_TYPES.get(type)
  const isWritable = access === 'write'
  const codes = options.interactions[access === undefined || access === 'wire' ? 'read' : access]
  const params = [...searchParamsOf(type).values()]
  const references = params.filter((param) => param.type === 'reference').map(({ code }) => `${type}:${code}`)
  const reverse = reverseIncludes(type)
  const profiles = options.supportedProfiles?.(type) ?? []
  return {
    type,
    profile: baseUrlOf(type),
    ...(profiles.length > 0 && { supportedProfile: [...profiles] }),
    interaction: codes.map((code) => ({ code })),
    versioning: isWritable ? 'versioned-update' : 'versioned',
    readHistory: codes.includes('vread'),
    updateCreate: isWritable && options.updateCreate,
    conditionalRead: 'full-support',
    conditionalCreate: codes.includes('create') && options.conditionalCreate,
    conditionalUpdate: isWritable && options.conditionalUpdate,
    conditionalDelete: isWritable ? options.conditionalDelete : 'not-supported',
    referencePolicy: ['literal', 'logical'],
    ...(references.length > 0 && { searchInclude: references }),
    ...(reverse.length > 0 && { searchRevInclude: reverse }),
    searchParam: params.map((param) => ({ name: param.code, definition: param.url, type: param.type })),
    ...operationsOf(type, options),
  }
}

/** Types that are not stored: definitions, and those of operations only. */
function otherEntries(options: CapabilityOptions): JsonObject[] {
  const { definitionTypes = new Map<string, readonly JsonObject[]>(), operations = [] } = options
  const others = operations.flatMap(({ type }) =>
    type === undefined || SERVED_TYPES.includes(type) ? [] : [type],
  )
  return [
    ...[...definitionTypes].map(([type, searchParam]) => ({
      type,
      interaction: [{ code: 'read' }, { code: 'search-type' }],
      searchParam: [...searchParam],
      ...operationsOf(type, options),
    })),
    ...[...new Set(others)]
      .filter((type) => !definitionTypes.has(type))
      .map((type) => ({ type, ...operationsOf(type, options) })),
  ]
}

/** Parameters of all types that can point to this one; those without targets can point to any. */
function reverseIncludes(type: string): string[] {
  return SERVED_TYPES.flatMap((source) =>
    [...searchParamsOf(source).values()]
      .filter(
        ({ type: kind, targets }) => kind === 'reference' && (targets.length === 0 || targets.includes(type)),
      )
      .map(({ code }) => `${source}:${code}`),
  )
}

function operationsOf(type: string | undefined, { operations = [] }: CapabilityOptions): JsonObject {
  const own = operations.filter((operation) => operation.type === type)
  return own.length > 0 ? { operation: own.map(({ name, definition }) => ({ name, definition })) } : {}
}
