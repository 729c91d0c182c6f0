// The Bundle that one message makes, nothing stored: under the rules of the gateway, or as HL7's guide has it.
import type { Inbound } from '../../adapters/adapter.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { Site, Source } from '../../canonical/site.ts'
import type { AckError } from '../../hl7/ack.ts'
import type { MapSet } from '../../mappings/engine/compile.ts'
import type { MessageItem } from '../batch/item.ts'
import type { Translated } from '../gateway.ts'
import { loadProfileMaps } from '../site/site-maps.ts'
import { resourcesOf } from './guide-view.ts'
import { preview } from './preview.ts'
import { type ReceiveContext, readPayload } from './receive.ts'

/** Rows that take back our deviations from the guide (semantics, section 19). */
const guideProfile = 'v2-to-fhir'
let guideMaps: MapSet | undefined

function mapsOfGuide(): MapSet {
  guideMaps ??= loadProfileMaps(guideProfile)
  return guideMaps
}

/** Sources are answered at once: what becomes of a message shall be seen now. */
const sites = new WeakMap<Site, Site>()
function promptSite(site: Site): Site {
  const known = sites.get(site)
  if (known) return known
  const sources = new Map<string, Source>()
  for (const [id, source] of site.sources) sources.set(id, { ...source, acknowledge: 'after-processing' })
  const prompt = { ...site, sources }
  sites.set(site, prompt)
  return prompt
}

export function translate(inbound: Inbound, context: ReceiveContext, profile: 'gateway' | 'ig'): Translated {
  const site = promptSite(context.site())
  const maps = profile === 'ig' ? mapsOfGuide() : context.maps()
  const read = readPayload(inbound, { ...context, site: () => site, maps: () => maps, lineage: false })
  const items = 'fault' in read ? [read.fault] : read.items
  const refused = items.flatMap((each) => each.refusal?.errors ?? [])
  if (profile === 'ig') {
    const all = items.flatMap((each, i) => (each.mapped ? resourcesOf(each.mapped, nameOf(each, i)) : []))
    return { resources: all, errors: all.length > 0 ? refused.filter(isForgiven) : refused }
  }
  if (refused.length > 0) return { resources: [], errors: refused }
  const { resources, results } = preview(items, site)
  const errors = results.flatMap((each) => (each.code === 'AA' ? [] : each.errors))
  return { resources: resources as readonly FhirJson[], errors }
}

const nameOf = ({ header, source }: MessageItem, place: number): string =>
  `${source} ${header?.controlId ?? ''} ${place}`

/** The guide leaves out what it has no code for; a message without type or authority is still no message. */
const isForgiven = ({ code }: AckError): boolean => !['101', '102', '103'].includes(code)
