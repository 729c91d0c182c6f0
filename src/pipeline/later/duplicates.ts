// What becomes of two records that are probably one person: a Task, or a link that can be taken back; never a merge.

import type { FhirJson } from '../../canonical/fhir-json.ts'
import { type Identifier, isDeterministic } from '../../canonical/identity/identifier.ts'
import { isExcluded, isLinked, sayPair } from '../../canonical/identity/link.ts'
import type { Site } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { duplicateTask } from '../../canonical/truth/task.ts'
import type { RuleItem } from '../batch/item.ts'
import { ownRule } from '../client/own-rule.ts'

const systemsOf = (body: FhirJson | undefined): string[] =>
  ((body?.identifier ?? []) as readonly Identifier[])
    .filter((each) => each.use !== 'old' && isDeterministic(each))
    .flatMap((each) => each.system ?? [])

/** A Task for a person to decide; two that no authority tells apart are linked, when they are certainly one and the site wants it. */
export function duplicateRule(a: string, b: string, grade: string, now: Date): RuleItem {
  const references = [`Patient/${a}`, `Patient/${b}`].sort()
  const apply = (draft: Draft, site: Site) => {
    const bodies = [a, b].map((each) => draft.entity('Patient', each).body)
    // One of them may have been merged since, or both told apart.
    if (
      references.some((each) => draft.survivor(each) !== each) ||
      bodies.some((each) => each?.active === false)
    )
      return
    if (isExcluded(draft, a, b) || isLinked(draft, a, b)) return
    const [own, others] = bodies.map(systemsOf)
    if (
      grade === 'certain' &&
      site.policy.autoLink === 'certain' &&
      !own?.some((each) => others?.includes(each))
    ) {
      sayPair(draft, a, b, { linked: true, excluded: false, why: 'auto', m: now.getTime() })
      return
    }
    draft.tasks.push(duplicateTask(a, b, grade, `two records are probably one person (${grade})`))
  }
  return ownRule('match', references, now, apply)
}
