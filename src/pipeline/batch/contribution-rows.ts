// Rows of contributions that a batch has changed; what was only said once more goes without its text.
import type { Contribution } from '../../canonical/truth/contribution.ts'
import { type PackedContribution, pack, unpack } from '../../canonical/truth/packed.ts'
import type { ContributionWrite } from '../../store/contributions.ts'
import type { ContributionRow } from '../../store/truth.ts'
import { byKey } from './index-writes.ts'

export interface Contributed {
  readonly rtype: string
  readonly id: string
  readonly contribution: Contribution
}

/** In one order for everybody. `stored`: texts as they are in the store, by the same keys. */
export function contributionRows(
  contributed: ReadonlyMap<string, Contributed>,
  stored: ReadonlyMap<string, string>,
): ContributionWrite[] {
  return [...contributed].sort(byKey).map(([at, { rtype, id, contribution }]) => {
    const { stamp, body } = pack(contribution)
    const { source, key } = contribution
    const { i: message_id, t, m } = stamp
    const text = JSON.stringify(body)
    return { rtype, id, source, key, t, m, message_id, body: text === stored.get(at) ? undefined : text }
  })
}

export const contributionOf = ({ source, key, body, messageId, t, m }: ContributionRow): Contribution =>
  unpack(source, key, body as PackedContribution, { i: messageId, t: t ?? undefined, m: m ?? undefined })
