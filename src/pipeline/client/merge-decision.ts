// $merge and $unmerge: what a person decides about two records, on the one road that messages take, too.
import { createHash } from 'node:crypto'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { exclusionsOf, sayPair } from '../../canonical/identity/link.ts'
import { carryOutMerge } from '../../canonical/identity/merge.ts'
import { hasLog, type LoggedJoin, loggedBefore, settle, tell } from '../../canonical/identity/records.ts'
import { type Undoing, type Undone, unmerge } from '../../canonical/identity/unmerge.ts'
import type { Client } from '../../canonical/site.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { rootOf } from '../../canonical/truth/family.ts'
import type { Issue } from '../../fhir/issue.ts'
import { operationOutcome } from '../../fhir/outcome.ts'
import type { Database } from '../../store/db.ts'
import { readMergesOf, readNumbersOf } from '../../store/merge-journal.ts'
import { readFamily } from '../../store/truth.ts'
import { contributionOf } from '../batch/contribution-rows.ts'
import type { Item, Outcome, RuleItem } from '../batch/item.ts'
import type { FhirWritten } from '../gateway.ts'
import type { Command } from './command.ts'
import { refused, WriteRefused } from './write-refused.ts'

interface Asking {
  readonly client: Client
  readonly raw: Uint8Array
  readonly peer: string
}

export interface MergeRequest extends Asking {
  readonly kind: 'merge'
  /** Ids of patients. */
  readonly source: string
  readonly target: string
}

export interface UnmergeRequest extends Asking {
  readonly kind: 'unmerge'
  readonly target: string
  /** Id of the Provenance of the merge. */
  readonly merge: string
  readonly reason: string
  readonly onConflict: Undoing['onConflict']
}

export interface Decided extends FhirWritten {
  readonly outcome?: Outcome
}

type Submit = (items: readonly Item[]) => Promise<readonly Outcome[]>

/** Carries out a decision; the body of the answer is Parameters. */
export async function decide(
  request: MergeRequest | UnmergeRequest,
  now: Date,
  submit: Submit,
  db: Database,
  tenant: number,
): Promise<FhirWritten> {
  const plan =
    request.kind === 'merge' ? planMerge(request, now) : await planUnmerge(request, now, db, tenant)
  if ('status' in plan) return plan
  // Messages about either of them wait for it; nobody else does.
  const numbers = await readNumbersOf(db.read, tenant, plan.patients)
  const [outcome] = await submit([itemOf(request, plan, numbers, now)])
  if (outcome?.refusal instanceof WriteRefused)
    return { status: outcome.refusal.status, issues: outcome.refusal.issues }
  if (!outcome?.draft) {
    const diagnostics = outcome?.errors[0]?.text ?? 'the decision was not carried out - ask the operator'
    return { status: 422, issues: [{ severity: 'error', code: 'business-rule', diagnostics }] }
  }
  const body = { resourceType: 'Parameters', parameter: plan.answer(outcome.draft) }
  return { status: 200, body: JSON.stringify(body), issues: [] }
}

interface Plan {
  readonly event: string
  /** Ids of those that it is about. */
  readonly patients: readonly string[]
  readonly apply: (draft: Draft) => void
  readonly command: () => Command | undefined
  readonly answer: (draft: Draft) => readonly object[]
}

function itemOf(
  request: Asking,
  { event, patients, apply, command }: Plan,
  numbers: readonly string[],
  now: Date,
): RuleItem {
  const entities = patients.map((each) => `Patient/${each}`)
  return {
    kind: 'rule',
    raw: request.raw,
    sha256: createHash('sha256').update(request.raw).digest('hex'),
    channel: 'fhir',
    peer: request.peer,
    source: request.client.id,
    receivedAt: now,
    event,
    author: { id: request.client.id },
    logged: true,
    entities,
    alone: true,
    keys: [...entities, ...numbers],
    apply,
    command,
  }
}

const done = (text: string): object => ({
  name: 'outcome',
  resource: operationOutcome([
    { severity: 'information', code: 'informational', diagnostics: text } as Issue,
  ]),
})

function planMerge({ source, target }: MergeRequest, now: Date): Plan {
  let command: Command | undefined
  const apply = (draft: Draft) => {
    command = undefined
    for (const id of [source, target])
      if (draft.entity('Patient', id).version === 0)
        throw refused(404, 'not-found', `Patient/${id} is not known - search for it`)
    const m = now.getTime()
    const said: LoggedJoin = {
      kind: 'merge',
      from: rootOf(draft, 'Patient', source),
      to: rootOf(draft, 'Patient', target),
      m,
      i: draft.messageId,
      t: m,
      source: {},
      target: {},
    }
    if (said.from === said.to) throw refused(422, 'business-rule', 'both are one patient - name two')
    mergeByDecision(draft, said)
    command = { kind: 'merge', said }
  }
  const answer = (draft: Draft): object[] => {
    const id = draft.survivorId('Patient', target)
    return [
      done('the patients are one now'),
      {
        name: 'result',
        resource: { resourceType: 'Patient', id, ...(draft.entity('Patient', id).body as object) },
      },
    ]
  }
  return {
    event: 'POST Patient/$merge',
    patients: [source, target],
    apply,
    command: () => command,
    answer,
  }
}

/** Whoever decides now may also decide against what was decided before. */
export function mergeByDecision(draft: Draft, said: LoggedJoin): void {
  const before = loggedBefore(draft, 'Patient', said) !== undefined
  // Both are shown: they were known before, whatever they are known by.
  for (const record of [said.from, said.to])
    if (!hasLog(draft, 'Patient', record)) tell(draft, 'Patient', { kind: 'sole', record, m: 0, i: '0' })
  tell(draft, 'Patient', said)
  const roots = [rootOf(draft, 'Patient', said.from), rootOf(draft, 'Patient', said.to)] as const
  const { resultOf, refused: bad } = settle(draft, 'Patient', [said.from, said.to])
  if (bad.length > 0)
    throw refused(409, 'conflict', 'one of them was merged before - undo that merge first ($unmerge)')
  if (before || resultOf(said) !== 'merged') return
  sayPair(draft, said.from, said.to, { linked: false, excluded: false, why: 'merged', m: said.m })
  carryOutMerge(draft, 'Patient', roots, said)
}

async function planUnmerge(
  request: UnmergeRequest,
  now: Date,
  db: Database,
  tenant: number,
): Promise<Plan | FhirWritten> {
  const { target, merge, reason, onConflict } = request
  const rows = (await readMergesOf(db.read, tenant, merge)).filter((each) => each.rtype === 'Patient')
  const [row] = rows.filter((each) => each.undoneAt === null)
  if (!row) {
    const diagnostics = `Provenance/${merge} is not that of a merge that stands (merge) - search Provenance?target=Patient/${target}`
    return { status: 404, issues: [{ severity: 'error', code: 'not-found', diagnostics }] }
  }
  const undoing: Undoing = {
    said: row.said as LoggedJoin,
    moved: row.moved,
    onConflict,
    reason,
    at: now.getTime(),
  }
  let undone: Undone | undefined
  const apply = (draft: Draft) => {
    if (draft.survivorId('Patient', target) !== draft.survivorId('Patient', row.targetId))
      throw refused(
        422,
        'business-rule',
        `Provenance/${merge} is that of another patient (merge) - name the survivor`,
      )
    undone = unmerge(draft, undoing)
    if (undone.kind === 'not-merged')
      throw refused(409, 'conflict', 'this merge does not stand any more - read the patient')
    if (undone.kind === 'conflict') throw new WriteRefused(409, undone.touched.map(touchedIssue))
    draft.undone.push({ id: merge, sourceId: row.sourceId })
  }
  const answer = (): object[] =>
    undone?.kind === 'done'
      ? [
          done('the merge was undone'),
          { name: 'source', valueReference: { reference: `Patient/${undone.source}` } },
          ...undone.restored.map((reference) => ({ name: 'restored', valueReference: { reference } })),
        ]
      : []
  return {
    event: 'POST Patient/$unmerge',
    patients: [target, row.sourceId],
    apply,
    command: () => ({ kind: 'unmerge', undoing }),
    answer,
  }
}

const touchedIssue = (key: string): Issue => ({
  severity: 'error',
  code: 'conflict',
  diagnostics: `${key} was changed since the merge - send onConflict 'stay' or 'move'`,
  expression: [key],
})

/** Patients who are known not to be this one. */
export async function exclusionsIn(db: Database, tenant: number, id: string): Promise<FhirJson | undefined> {
  const said = (await readFamily(db.read, tenant, 'Patient', id)).map(contributionOf)
  if (said.length === 0) return undefined
  return {
    resourceType: 'Parameters',
    parameter: exclusionsOf(said).map(({ reference, why, m }) => ({
      name: 'excluded',
      part: [
        { name: 'patient', valueReference: { reference } },
        { name: 'reason', valueString: why },
        { name: 'since', valueInstant: new Date(m).toISOString() },
      ],
    })),
  }
}
