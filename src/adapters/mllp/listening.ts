// What all connections of one MLLP listener share.

import type { OnInbound } from '../adapter.ts'
import type { MllpEvents, MllpLimits, MllpOptions } from './options.ts'
import type { ReadBudget } from './read-budget.ts'
import type { Timers } from './timers.ts'

export interface Listening {
  readonly options: MllpOptions
  readonly limits: MllpLimits
  readonly onInbound: OnInbound
  readonly events: MllpEvents
  readonly timers: Timers
  readonly budget: ReadBudget
  /** Counts activity, so that the connection that was idle longest can be found. */
  tick(): number
}
