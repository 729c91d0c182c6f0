// A clock that stands where a test puts it. Until then it runs.
import type { Clock } from './engine.ts'

export function manualClock(): Clock {
  let fixed: Date | undefined
  return {
    now: () => fixed ?? new Date(),
    set: (now) => {
      fixed = now
    },
  }
}
