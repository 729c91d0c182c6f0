// The TerminologyCapabilities (http://hl7.org/fhir/R4/terminologycapabilities.html), made from the code systems that $expand,
// $validate-code and $lookup look at, so that it cannot promise anything else.
import type { CodeSystemContent } from './code-system.ts'
import type { JsonObject, Resource } from './types.ts'
import { FILTER_OPERATORS } from './value-sets.ts'

export interface TerminologyCapabilityOptions {
  /** Base URL of the FHIR endpoint. */
  readonly baseUrl: string
  readonly software: { readonly name: string; readonly version: string }
  readonly description: string
  /** dateTime of the statement. */
  readonly date: string
  readonly systems: Iterable<CodeSystemContent>
  /** Names of the parameters of ValueSet/$expand. */
  readonly expandParameters: readonly string[]
}

export function terminologyCapabilities(options: TerminologyCapabilityOptions): Resource {
  const { baseUrl, software, description, date, systems, expandParameters } = options
  return {
    resourceType: 'TerminologyCapabilities',
    url: `${baseUrl}/metadata?mode=terminology`,
    version: software.version,
    name: 'PorticoTerminologyCapabilities',
    title: `${software.name} ${software.version}`,
    status: 'active',
    date,
    kind: 'instance',
    description,
    software: { name: software.name, version: software.version },
    implementation: { description, url: baseUrl },
    codeSystem: [...systems].map(codeSystem),
    expansion: {
      hierarchical: false,
      paging: true,
      incomplete: false,
      parameter: expandParameters.map((name) => ({ name })),
      textFilter: 'Each word of `filter` is a part of the code or of its display.',
    },
    codeSearch: 'all',
    validateCode: { translations: false },
    translation: { needsMap: false },
  }
}

function codeSystem({ url, version }: CodeSystemContent): JsonObject {
  const filter = FILTER_OPERATORS.map(({ property, operators }) => ({ code: property, op: [...operators] }))
  const own = { isDefault: true, compositional: false, filter, property: ['definition', 'parent', 'child'] }
  return { uri: url, version: [version === '' ? own : { code: version, ...own }], subsumption: true }
}
