// Arrivals and ends that linked visits tell an appointment of, as steps of its log (semantics, sections 9 and
// 10).
import type { Json } from '../../mappings/mapped.ts'
import type { Contribution } from '../truth/contribution.ts'
import { isObject } from '../truth/event-elements.ts'
import { compareSteps, eventCode, type RankOf, type Step } from '../truth/event-log.ts'
import { isMetKey } from '../visit/meeting.ts'

/** Arrival and end, as linked visits tell them (key 'visit:<id>', or 'met:<id>'); a cancelled event is not told. */
export function visitSteps(contributions: readonly Contribution[], rankOf: RankOf): Step[] {
  const steps: Step[] = []
  const once = new Map(contributions.map((each) => [`${each.source}|${each.key}`, each]))
  for (const { key, data, i } of once.values()) {
    if (!(key.startsWith('visit:') || isMetKey(key)) || !Array.isArray(data)) continue
    const told: Step[] = []
    for (const entry of data as readonly Json[]) {
      if (!isObject(entry) || typeof entry.event !== 'string' || typeof entry.t !== 'number') continue
      const code = eventCode(entry.event)
      told.push({ source: key, code, t: entry.t, m: entry.t, i, rank: rankOf(code), cells: [], parts: [] })
    }
    steps.push(...withoutTakenBack(told.sort(compareSteps)))
  }
  return steps
}

const takesBack: Readonly<Record<string, readonly string[]>> = {
  A11: ['A01', 'A04', 'A10'],
  A13: ['A03', 'A09'],
  A32: ['A10'],
  A33: ['A09'],
  A38: ['A10'],
}

function withoutTakenBack(steps: readonly Step[]): Step[] {
  const left: Step[] = []
  for (const step of steps) {
    const back = takesBack[step.code]
    const target = back && left.findLast((each) => back.includes(each.code))
    if (target) left.splice(left.indexOf(target), 1)
    else if (!back) left.push(step)
  }
  return left
}
