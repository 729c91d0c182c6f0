// Sources that want visit events to come in order (strictPam of the site): what does not fit the visit as it stands is
// refused, and a cancellation of nothing is dropped, as IHE ITI-31 has it (semantics, section 8.5).
import type { Contribution } from '../truth/contribution.ts'
import { eventCode } from '../truth/event-log.ts'
import { type EncounterContext, foldEncounter } from './encounter.ts'
import { type StatusBefore, visitRule } from './encounter-events.ts'

const expected: readonly StatusBefore[] = ['none', 'unknown', 'planned', 'cancelled']
const here: readonly StatusBefore[] = ['arrived', 'triaged', 'in-progress', 'onleave']

/** Statuses in which a visit has to be for the event; those that are not here may come at any time. */
const fitting: Readonly<Record<string, readonly StatusBefore[]>> = {
  A01: [...expected, 'arrived', 'triaged'],
  A02: here,
  A03: here,
  A04: expected,
  A05: ['none', 'unknown', 'cancelled'],
  A06: here,
  A07: here,
  A09: here,
  A14: ['none', 'unknown', 'cancelled'],
  A15: here,
  A16: here,
  A21: ['arrived', 'triaged', 'in-progress'],
  A22: ['onleave'],
  A54: here,
}

export type Fit = { readonly does: 'apply' | 'drop' } | { readonly does: 'refuse'; readonly status: string }

/** What becomes of an event that has just come, by what is known of the visit so far. */
export function fitOf(
  known: readonly Contribution[],
  incoming: Contribution,
  context: EncounterContext,
): Fit {
  const code = eventCode(incoming.event ?? '')
  if (visitRule(code).cancels) {
    const { nothingToCancel } = foldEncounter([...known, incoming], context)
    return { does: nothingToCancel.includes(incoming.i) ? 'drop' : 'apply' }
  }
  const told = foldEncounter(known, context).resource?.status
  const status = (typeof told === 'string' ? told : 'none') as StatusBefore
  return (fitting[code]?.includes(status) ?? true) ? { does: 'apply' } : { does: 'refuse', status }
}
