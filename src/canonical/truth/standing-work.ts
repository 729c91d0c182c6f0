// Work that follows from how things stand: a Task opens when its cause appears and is completed when the cause goes,
// in whatever order messages made it so.

import type { TaskRequest } from '../finding.ts'
import type { Draft } from './draft.ts'
import { completeTask, openTasks, reopenTask } from './task.ts'

/** Tasks that a thing has called for; kept with it. */
const workKey = 'work'

interface Named {
  readonly code: string
  readonly key: string
}

/** Codes have no spaces. */
const nameOf = ({ code, key }: Named): string => `${code} ${key}`
const named = (name: string): Named => ({
  code: name.slice(0, name.indexOf(' ')),
  key: name.slice(name.indexOf(' ') + 1),
})

/** Opens and completes tasks by what the things of a folded draft call for now. To be folded again afterwards. */
export function settleWork(draft: Draft, at: { readonly t: number; readonly iso: string }): void {
  for (const [entity, wanted] of draft.work) {
    const slash = entity.indexOf('/')
    const [rtype, id] = [entity.slice(0, slash), entity.slice(slash + 1)]
    const known = (draft.contribution(rtype, id, 'gateway', workKey)?.data ?? []) as readonly string[]
    const now = [...new Set(wanted.map(nameOf))].sort()
    const begun = wanted.filter((each) => !known.includes(nameOf(each)))
    const over = known.filter((each) => !now.includes(each)).map(named)
    if (begun.length === 0 && over.length === 0) continue
    open(draft, begun, at)
    for (const { code, key } of over) completeTask(draft, code, key, at)
    draft.project({ rtype, id, key: workKey, data: now.length > 0 ? now : undefined })
  }
  draft.work.clear()
}

function open(draft: Draft, requests: readonly TaskRequest[], at: { t: number; iso: string }): void {
  openTasks(draft, requests, at.iso)
  for (const { code, key } of requests) reopenTask(draft, code, key, at)
}
