// What the write of a client, or the decision of an operator, came to: kept with its bytes, carried out again when the
// truth is rebuilt. The bytes alone do not say which version a patch was applied to, or what id a new resource got.
import { type ClientStatement, stateByClient } from '../../canonical/client-write.ts'
import type { TaskRequest } from '../../canonical/finding.ts'
import type { LoggedJoin } from '../../canonical/identity/records.ts'
import { type Undoing, unmerge } from '../../canonical/identity/unmerge.ts'
import type { Site } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { openTasks } from '../../canonical/truth/task.ts'
import { mergeByDecision } from './merge-decision.ts'

export type Command =
  | { readonly kind: 'say'; readonly statement: ClientStatement }
  | { readonly kind: 'task'; readonly task: TaskRequest }
  | { readonly kind: 'merge'; readonly said: LoggedJoin }
  | { readonly kind: 'unmerge'; readonly undoing: Undoing }
  /** Those of a transaction, in the order in which they were carried out. */
  | { readonly kind: 'several'; readonly commands: readonly Command[] }

/** Carries out a command again as `source`, who gave it at that time. */
export function carryOut(draft: Draft, command: Command, source: string, at: Date, site: Site): void {
  switch (command.kind) {
    case 'say':
      stateByClient(draft, command.statement, source, at.getTime())
      break
    case 'task':
      openTasks(draft, [command.task], at.toISOString())
      break
    case 'merge':
      mergeByDecision(draft, command.said)
      break
    case 'unmerge':
      // Whether something was touched since was asked then.
      unmerge(draft, replayed(command.undoing))
      break
    case 'several':
      for (const each of command.commands) carryOut(draft, each, source, at, site)
      break
  }
}

const replayed = (undoing: Undoing): Undoing =>
  undoing.onConflict === 'ask' ? { ...undoing, onConflict: 'move' } : undoing
