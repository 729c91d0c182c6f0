// One message, or one change of a client, applied to a draft.
import { applyMapped, authorOf, timesOf } from '../../canonical/apply.ts'
import type { Applying, Times } from '../../canonical/applying.ts'
import type { Site, Source } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import type { Author } from '../../canonical/truth/provenance.ts'
import type { World } from '../../canonical/truth/world.ts'
import type { Mapped } from '../../mappings/mapped.ts'
import type { MessageItem, RuleItem } from './item.ts'
import type { ProcessContext } from './process.ts'

export function applyRule(draft: Draft, item: RuleItem, site: Site, world: World): Author {
  item.apply(draft, site, (name, query) => world.search(name, query))
  return item.author
}

export const messageTimes = (item: MessageItem, mapped: Mapped, { site }: ProcessContext): Times =>
  timesOf(mapped, item.receivedAt.getTime(), site.policy.futureEventHours)

/** Applies a mapped message to a draft; returns who its author is. */
export function applyMessage(draft: Draft, item: MessageItem, context: ProcessContext): Author {
  const { mapped, sender } = item
  if (!mapped || !sender) throw new Error('a message without mapping or source reached the rules')
  const times = messageTimes(item, mapped, context)
  const applying: Applying = {
    draft,
    site: context.site,
    source: sender as Source,
    mapped,
    event: item.event,
    controlId: item.header?.controlId ?? '',
    times,
    said: context.said,
    references: new Map(),
  }
  draft.occurred = times.event
  applyMapped(applying)
  return authorOf(applying)
}
