// Sources whose messages have the visit's number elsewhere than in PV1-19 (visitKey of the site; semantics, section 10).
import { urnPart } from '../../canonical/identity/authority.ts'
import type { Site, Source } from '../../canonical/site.ts'
import type { Message } from '../../hl7/message.ts'
import type { Cell, Json, Mapped } from '../../mappings/mapped.ts'

const type: Json = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'VN' }] }

/** The visit with the number that stands where its source puts it, when PV1-19 is empty. */
export function withVisitKey(
  mapped: Mapped,
  message: Message,
  { visitKey, ...source }: Source,
  site: Site,
): Mapped {
  const [visit, ...others] = mapped.things.filter((each) => each.type === 'Encounter')
  const value = visitKey === undefined ? undefined : message.get(visitKey)
  if (!visit || others.length > 0 || !value || visit.cells.some((each) => each.field === 'PV1-19'))
    return mapped
  const namespace = source.defaultAuthority.VN
  const listed = site.authorities.find((each) => each.namespace === namespace)
  const system = listed?.system ?? `urn:portico:source:${urnPart(source.id)}`
  const cell: Cell = {
    path: 'identifier',
    field: 'PV1-19',
    value: [{ type, system, value }],
    location: 'PV1^1^19',
    spans: [],
  }
  const things = mapped.things.map((each) =>
    each === visit ? { ...each, cells: [cell, ...each.cells] } : each,
  )
  return { ...mapped, things }
}
