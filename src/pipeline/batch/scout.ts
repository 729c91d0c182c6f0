// Trying messages out to learn what they need, so that it is loaded for all of them at once.
import { Draft } from '../../canonical/truth/draft.ts'
import type { Need, World } from '../../canonical/truth/world.ts'
import { applyMessage, applyRule } from './apply-item.ts'
import type { Item } from './item.ts'
import type { ProcessContext } from './process.ts'

/** What messages will need that is not loaded: they are tried out on drafts that nobody keeps. */
export function needsOf(world: World, items: readonly Item[], context: ProcessContext): Need[] {
  const needs: Need[] = []
  world.collected = needs
  for (const item of items) {
    const isTried = item.kind === 'rule' ? item.alone : item.mapped && !item.refusal && !item.defer
    if (!isTried) continue
    const draft = new Draft(world, '0', context.site)
    try {
      if (item.kind === 'rule') applyRule(draft, item, context.site, world)
      else applyMessage(draft, item, context)
      draft.fold()
    } catch {
      // A refusal or a fault shows when the message is applied for good.
    }
  }
  world.collected = undefined
  return needs
}
