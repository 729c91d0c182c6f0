// New versions of a batch as rows, with the search rows of the newest of each resource.
import type { Change } from '../canonical/change.ts'
import type { FhirJson } from '../canonical/fhir-json.ts'
import { entityKey } from '../canonical/world.ts'
import type { ZoneOffset } from '../fhir/date.ts'
import type { IndexWrite, VersionWrite } from '../store/batch.ts'
import { diffIndexRows, resourceIndex } from '../store/index-rows.ts'
import { blocksOf, IndexRowsToWrite } from './index-writes.ts'

export interface PendingVersion {
  readonly change: Change
  readonly messageId: string
  /** ISO 8601. */
  readonly at: string
}

/** `originals` are the bodies as they are in the store, by entity. */
export function versionsAndIndex(
  list: readonly PendingVersion[],
  originals: ReadonlyMap<string, FhirJson | undefined>,
  zone: ZoneOffset,
): { versions: VersionWrite[]; index: IndexWrite[] } {
  const lastOf = new Map<string, number>()
  for (const [i, { change }] of list.entries()) lastOf.set(entityKey(change.rtype, change.id), i)
  const index = new IndexRowsToWrite()
  const versions = list.map(({ change, messageId, at }, place): VersionWrite => {
    const { rtype, id, version, op, hash } = change
    const key = entityKey(rtype, id)
    const body = change.body && { resourceType: rtype, id, ...change.body }
    const last = lastOf.get(key) === place
    let tokens: readonly string[] = []
    if (last) {
      const original = originals.get(key)
      const after = body && resourceIndex(body, zone)
      const before = original && resourceIndex({ ...original, resourceType: rtype, id }, zone)
      const { insert, remove } = diffIndexRows(before, after)
      index.take(rtype, id, insert, remove)
      if (rtype === 'Patient') index.takeBlocks(id, blocksOf(original), blocksOf(change.body))
      tokens = after?.tokens ?? []
    }
    return {
      rtype,
      id,
      version,
      place,
      op,
      body: body ?? null,
      hash,
      message_id: messageId,
      updated_at: at,
      last,
      tokens,
    }
  })
  return { versions, index: index.writes }
}
