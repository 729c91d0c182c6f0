// Rows of the versions that a batch has made, and of the search tables as far as they differ from what is stored.

import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { Change } from '../../canonical/truth/change.ts'
import { entityKey } from '../../canonical/truth/world.ts'
import type { ZoneOffset } from '../../fhir/date.ts'
import { diffIndexRows, resourceIndex } from '../../store/index-rows.ts'
import type { IndexWrite } from '../../store/index-tables.ts'
import type { VersionWrite } from '../../store/versions.ts'
import { blocksOf, IndexRowsToWrite } from './index-writes.ts'

export interface PendingVersion {
  readonly change: Change
  readonly messageId: string
  /** ISO 8601. */
  readonly at: string
}

/** `originals`: bodies as they are in the store, by entity: what search rows are compared with. */
export function versionsAndIndex(
  made: readonly PendingVersion[],
  originals: ReadonlyMap<string, FhirJson | undefined>,
  zone: ZoneOffset,
): { versions: VersionWrite[]; index: IndexWrite[] } {
  const lastOf = new Map<string, number>()
  for (const [i, { change }] of made.entries()) lastOf.set(entityKey(change.rtype, change.id), i)
  const index = new IndexRowsToWrite()
  const tokensOf = ({ rtype, id, body }: Change): readonly string[] => {
    const original = originals.get(entityKey(rtype, id))
    const after = body && resourceIndex({ ...body, resourceType: rtype, id }, zone)
    const before = original && resourceIndex({ ...original, resourceType: rtype, id }, zone)
    const { insert, remove } = diffIndexRows(before, after)
    index.take(rtype, id, insert, remove)
    if (rtype === 'Patient') index.takeBlocks(id, blocksOf(original), blocksOf(body))
    return after?.tokens ?? []
  }
  const versions = made.map(({ change, messageId, at }, place): VersionWrite => {
    const { rtype, id, version, op, hash } = change
    const isLast = lastOf.get(entityKey(rtype, id)) === place
    return {
      rtype,
      id,
      version,
      op,
      body: bodyText(change),
      hash,
      message_id: messageId,
      updated_at: at,
      tokens: isLast ? tokensOf(change) : undefined,
    }
  })
  return { versions, index: index.writes }
}

/** The text that was made for the hash, with type and id before it. */
function bodyText({ rtype, id, text }: Change): string | undefined {
  return text && `{"resourceType":"${rtype}","id":"${id}"${text === '{}' ? '' : ','}${text.slice(1)}`
}
