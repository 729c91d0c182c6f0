// Choices out of a seed: the same on every machine (mulberry32). Not for secrets.

export interface Chance {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  /** One of a list that has some. */
  one<T>(list: readonly T[]): T
  /** True with this probability, 0 to 1. */
  happens(probability: number): boolean
}

export function chanceOf(seed: number): Chance {
  let state = (seed ^ 0x9e3779b9) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    one: (list) => {
      const chosen = list[below(list.length)]
      if (chosen === undefined) throw new Error('nothing to choose from')
      return chosen
    },
    happens: (probability) => next() < probability,
  }
}
