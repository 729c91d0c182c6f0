// From an assigning authority as sent (HD) to the system of its identifiers: the site's registry, never a guess (semantics, section 1).
import type { Authority, Site, Source } from '../site.ts'

export interface Designator {
  readonly namespace?: string
  readonly universalId?: string
  readonly universalIdType?: string
}

export interface ResolvedAuthority {
  readonly system: string
  readonly registered: boolean
}

interface Registry {
  readonly byNamespace: ReadonlyMap<string, Authority>
  readonly bySystem: ReadonlyMap<string, Authority>
}

const registries = new WeakMap<Site, Registry>()

function registryOf(site: Site): Registry {
  const known = registries.get(site)
  if (known) return known
  const byNamespace = new Map(site.authorities.map((each) => [each.namespace, each]))
  const bySystem = new Map(
    site.authorities.flatMap((each) =>
      [each.system, ...each.aliases].map((system) => [system, each] as const),
    ),
  )
  const fresh = { byNamespace, bySystem }
  registries.set(site, fresh)
  return fresh
}

/** Text as a part of a URN: the bar between application and facility becomes a colon. */
export const urnPart = (text: string): string => text.split('|').map(encodeURIComponent).join(':')

/** URI of a universal id by its type (HL7 table 0301). */
function universal({ universalId, universalIdType }: Designator): string | undefined {
  if (!universalId) return undefined
  const type = universalIdType?.toUpperCase()
  if (type === 'ISO') return `urn:oid:${universalId}`
  if (type === 'UUID' || type === 'GUID') return `urn:uuid:${universalId.toLowerCase()}`
  if (type === 'URI') return universalId
  if (type === 'DNS') return `urn:dns:${universalId.toLowerCase()}`
  if (/^[0-2](\.(0|[1-9]\d*))+$/.test(universalId)) return `urn:oid:${universalId}`
  return undefined
}

/** Numbers of everybody, whoever sends them: FHIR has a system of its own for them (R4, NamingSystem), unless the site says otherwise. */
const wellKnown: ReadonlyMap<string, string> = new Map([
  ['NPI', 'http://hl7.org/fhir/sid/us-npi'],
  ['urn:oid:2.16.840.1.113883.4.6', 'http://hl7.org/fhir/sid/us-npi'],
  ['USSSA', 'http://hl7.org/fhir/sid/us-ssn'],
  ['urn:oid:2.16.840.1.113883.4.1', 'http://hl7.org/fhir/sid/us-ssn'],
])

/**
 * The resolver of one source. An absent authority takes the source's default for the type; without one it stays
 * unknown. A namespace that nobody registered gets a name of its own, valid for that source alone.
 */
export function authorityResolver(
  site: Site,
  source: Source,
): (hd: Designator, type?: string) => ResolvedAuthority | undefined {
  const { byNamespace, bySystem } = registryOf(site)
  return (hd, type) => {
    const uri = universal(hd)
    if (uri !== undefined)
      return { system: bySystem.get(uri)?.system ?? wellKnown.get(uri) ?? uri, registered: true }
    // A name in the place of an OID, its type left out: 4711^^HIS.
    const namespace = hd.namespace ?? hd.universalId
    if (namespace) {
      const system = byNamespace.get(namespace)?.system ?? wellKnown.get(namespace)
      if (system !== undefined) return { system, registered: true }
      return {
        system: `urn:portico:aa:${urnPart(source.id)}:${urnPart(namespace)}`,
        registered: false,
      }
    }
    const fallback = type === undefined ? undefined : source.defaultAuthority[type]
    const known = fallback === undefined ? undefined : byNamespace.get(fallback)
    return known && { system: known.system, registered: true }
  }
}
