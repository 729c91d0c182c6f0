// One of a list, the more likely the more it weighs: how often something happens in made traffic.
import type { Chance } from '../../src/generate/chance.ts'

/** Weights are whole numbers. */
export function weighted<T>(chance: Chance, list: readonly T[], weight: (each: T) => number): T {
  let left = chance.below(list.reduce((sum, each) => sum + weight(each), 0))
  for (const each of list) {
    left -= weight(each)
    if (left < 0) return each
  }
  throw new Error('nothing to choose from')
}
