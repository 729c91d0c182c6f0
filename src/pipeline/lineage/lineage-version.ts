// The lineage of an old version: for each element the version that brought its value, and the message behind that.
import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { Queryable } from '../../store/db.ts'
import { bodiesUpTo } from '../../store/history-bodies.ts'
import type { LineageEntry } from '../gateway.ts'
import { isoIn } from '../iso.ts'
import type { LineageQuery } from './lineage.ts'
import { loadOrigins, type MessageOrigin, spanOf } from './lineage-origins.ts'

/** Versions that are looked back: what is older came with the oldest of them. */
const maxVersions = 200

/** Undefined when there is no such version. */
export async function lineageOfVersion(
  db: Queryable,
  { tenant, rtype, id, path, context }: LineageQuery,
  version: number,
): Promise<readonly LineageEntry[] | undefined> {
  const rows = await bodiesUpTo(db, tenant, { rtype, id, version, limit: maxVersions })
  const [asked] = rows
  if (!asked || asked.version !== version || asked.body === null) return undefined
  const bodies = rows.map((row) => JSON.parse(row.body ?? '{}') as FhirJson)
  const [body = {}] = bodies
  const top = path?.split(/[.[(]/)[0]
  const elements = Object.keys(body).filter(
    (name) => !['resourceType', 'id', 'meta'].includes(name) && (top === undefined || name === top),
  )
  const brought = elements.map((element) => {
    const text = JSON.stringify(body[element])
    let at = 0
    while (at + 1 < bodies.length && JSON.stringify(bodies[at + 1]?.[element]) === text) at++
    return { element, row: rows[at] ?? asked }
  })
  const origin = await loadOrigins(
    db,
    tenant,
    brought.map(({ row }) => row.messageId),
    context,
  )
  return brought.map(({ element, row }): LineageEntry => {
    const from = origin(row.messageId)
    const spans = spansOf(rtype, element, from).map((span) => spanOf(span, from, context))
    const [first] = spans
    return {
      path: element,
      source: row.source ?? from.item?.source ?? '',
      at: isoIn(new Date(row.updatedAt), context.site().gateway.timezone),
      messageId: row.messageId,
      kept: from.kept,
      ...(from.controlId !== undefined && { controlId: from.controlId }),
      ...(from.event !== undefined && { event: from.event }),
      ...(from.mapsHash !== undefined && { mapsHash: from.mapsHash }),
      ...(first && { v2: first.v2, row: first.row }),
      spans,
      wins: true,
      why: `has been so since version ${row.version}`,
    }
  })
}

/** What the message of then would write today. Of a message that mentions several such things, all of them. */
function spansOf(rtype: string, element: string, { item }: MessageOrigin) {
  const things =
    item?.mapped?.things.filter(({ type }) => type === rtype || type.startsWith(`${rtype}.`)) ?? []
  return things.flatMap(({ type, cells }) =>
    cells
      .filter(({ path }) => `${type}.${path}`.startsWith(`${rtype}.${element}`))
      .flatMap(({ spans }) => spans),
  )
}
