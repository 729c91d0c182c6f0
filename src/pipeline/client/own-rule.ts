// Work of the gateway itself as an item: it goes the road of every message and leaves none behind.
import { createHash } from 'node:crypto'
import type { RuleItem } from '../batch/item.ts'

/** `entities`: 'Patient/x' that it is about, loaded beforehand. */
export function ownRule(
  event: string,
  entities: readonly string[],
  now: Date,
  apply: RuleItem['apply'],
): RuleItem {
  const raw = Buffer.from(`${event} ${entities.join(' ')}`)
  return {
    kind: 'rule',
    raw,
    sha256: createHash('sha256').update(raw).digest('hex'),
    channel: 'fhir',
    peer: 'gateway',
    source: 'gateway',
    receivedAt: now,
    event,
    author: { id: 'gateway', display: 'Portico' },
    logged: false,
    entities,
    apply,
  }
}
