// Who is to hear of a change: the feeds of each subscriber, without its own events. Delivery is another matter.

import type { Site, Subscriber } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import type { Item } from './item.ts'

type Feed = Subscriber['feeds'][number]

const personTypes = new Set(['Patient', 'RelatedPerson', 'Coverage'])
const visitTypes = new Set(['Encounter', 'Account'])
const ledgerTypes = new Set(['ChargeItem', 'PaymentNotice', 'PaymentReconciliation', 'Invoice'])
const bothFeeds = /^ADT\^A(18|24|3[04-7]|39|4[0-9]|5[01])$/

/** Feeds that carry an event: by trigger event for messages, by what changed for clients. */
function feedsOf(item: Item, draft: Draft): Set<Feed> {
  const { event } = item
  if (item.kind === 'message') {
    if (event.startsWith('SIU^')) return new Set(['siu'])
    if (event.startsWith('DFT^')) return new Set(['dft'])
    if (bothFeeds.test(event)) return new Set(['adt-person', 'adt-visit'])
    return new Set(event === 'ADT^A28' || event === 'ADT^A31' ? ['adt-person'] : ['adt-visit'])
  }
  const feeds = new Set<Feed>()
  for (const { rtype } of draft.changes) {
    if (personTypes.has(rtype)) feeds.add('adt-person').add('adt-visit')
    if (visitTypes.has(rtype)) feeds.add('adt-visit')
    if (rtype === 'Appointment') feeds.add('siu')
    if (ledgerTypes.has(rtype)) feeds.add('dft')
  }
  return feeds
}

/** One announcement for each subscriber that one of its feeds covers. */
export function announcements(item: Item, draft: Draft, site: Site): { subscriber: string; event: string }[] {
  if (site.subscribers.length === 0) return []
  const feeds = feedsOf(item, draft)
  return site.subscribers
    .filter((each) => each.id !== item.source || each.ownEvents.includes(item.event.split('^')[1] ?? ''))
    .filter((each) => each.feeds.some((feed) => feeds.has(feed)))
    .map((each) => ({ subscriber: each.id, event: item.event }))
}
