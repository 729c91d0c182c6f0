// Choices out of a seed (mulberry32): the same on every machine. Not for secrets.

export interface Pick {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  one<T>(list: readonly T[]): T
  weighted<T>(list: readonly T[], weight: (each: T) => number): T
}

export function pickFrom(seed: number): Pick {
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
    weighted: (list, weight) => {
      let left = next() * list.reduce((sum, each) => sum + weight(each), 0)
      for (const each of list) {
        left -= weight(each)
        if (left < 0) return each
      }
      const last = list.at(-1)
      if (last === undefined) throw new Error('nothing to choose from')
      return last
    },
  }
}
