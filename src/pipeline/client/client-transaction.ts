// A FHIR transaction (http.html#trules): all entries on one draft, so that all of it is kept or nothing, and one version
// of each resource. Deletes first, then creates, updates and patches; references between entries are those of the result.
import { createHash, randomUUID } from 'node:crypto'
import { identifiersOf } from '../../canonical/client-write.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { normalValue, stableId } from '../../canonical/identity/identifier.ts'
import { authorityOf } from '../../canonical/identity/identity.ts'
import type { Need } from '../../canonical/truth/world.ts'
import type { Outcome, RuleItem } from '../batch/item.ts'
import type {
  Criteria,
  FhirResource,
  FhirTransaction,
  FhirWrite,
  FhirWritten,
  TransactionEntry,
} from '../gateway.ts'
import { type Aim, aimOf, type Carrying, carryOut, newResult, startOver } from './client-write.ts'
import { referencesRewritten } from './rewrite.ts'
import { answerOf, type Result } from './write-answer.ts'
import { refused, WriteRefused } from './write-refused.ts'

const order = { delete: 0, create: 1, update: 2, patch: 3 } as const

/** An answer for each entry, or one for all of them when they are refused. */
export type TransactionAnswer = readonly FhirWritten[] | FhirWritten

export function transactionItem(
  transaction: FhirTransaction,
  now: Date,
): { item: RuleItem; answer: (outcome: Outcome) => TransactionAnswer } {
  const { client, entries, raw, peer, idempotencyKey, readBack } = transaction
  const planned = entries.map((entry) => ({ ...entry, fresh: randomUUID(), result: newResult(entry.write) }))
  const answer = (outcome: Outcome): TransactionAnswer => {
    if (outcome.answered || outcome.refusal || !outcome.draft)
      return readAnswer(answerOf(outcome, { rtype: '', id: '', status: 200 }, now))
    return planned.map(({ result }) => answerOf(outcome, result, now))
  }
  const item: RuleItem = {
    kind: 'rule',
    raw,
    sha256: createHash('sha256').update(raw).digest('hex'),
    channel: 'fhir',
    peer,
    source: client.id,
    receivedAt: now,
    event: 'POST Bundle',
    author: { id: client.id },
    logged: true,
    entities: entries.flatMap(({ write }) => (write.id === undefined ? [] : [`${write.rtype}/${write.id}`])),
    needs: needsOf(transaction),
    alone: true,
    ...(readBack && { readBack }),
    apply: (draft, site, search) => applyEntries(planned, transaction, { draft, site, search, now }),
    command: () => ({
      kind: 'several',
      commands: inOrder(planned).flatMap(({ result }) => result.command ?? []),
    }),
    ...(idempotencyKey !== undefined && {
      once: {
        key: idempotencyKey,
        answer: (outcome) => {
          const all = answer(outcome)
          return 'status' in all ? all : { status: 200, all }
        },
      },
    }),
  }
  return { item, answer }
}

/** The first answer to the same key again: of a transaction it holds one for each entry. */
function readAnswer(written: FhirWritten): TransactionAnswer {
  const all: unknown = Reflect.get(written, 'all')
  return Array.isArray(all) ? (all as FhirWritten[]) : written
}

/** What can be known before anything is looked up: one statement of each kind loads it. */
function needsOf({ entries, references }: FhirTransaction): Need[] {
  const needs: Need[] = []
  for (const { write, resource } of entries) {
    const { rtype, criteria, op } = write
    if (criteria) needs.push({ kind: 'search', ...criteria })
    if (!resource || op === 'patch' || op === 'delete') continue
    for (const { system = '', value = '' } of identifiersOf(resource as FhirJson)) {
      needs.push({ kind: 'registration', rtype, system, value })
      needs.push({ kind: 'entity', rtype, id: stableId(rtype, system, value) })
    }
  }
  for (const criteria of references.values()) needs.push({ kind: 'search', ...criteria })
  return needs
}

interface Planned extends TransactionEntry {
  readonly fresh: string
  readonly result: Result
}

const inOrder = (planned: readonly Planned[]): readonly Planned[] =>
  planned.toSorted((a, b) => order[a.write.op] - order[b.write.op])

function applyEntries(planned: readonly Planned[], transaction: FhirTransaction, carrying: Carrying): void {
  for (const { write, result } of planned) startOver(result, write)
  const sorted = inOrder(planned)
  const aims = new Map<Planned, Aim>()
  const touched = new Set<string>()
  const targets = new Map<string, string>()
  for (const entry of sorted) {
    const place = planned.indexOf(entry)
    const aim = at(place, () => aimOf(entry.write, entry.fresh, carrying))
    const name = `${entry.write.rtype}/${aim.id}`
    aims.set(entry, aim)
    for (const each of entry.names) targets.set(each, name)
    if (aim.does === 'nothing') continue
    // Two that would each make what the other looks for are about the same resource, too.
    for (const each of [name, ...soughtBy(entry.write, aim)]) {
      if (touched.has(each))
        at(place, () => {
          throw refused(400, 'duplicate', twice)
        })
      touched.add(each)
    }
    // What is deleted must not be found by the criteria of those that come after it.
    if (entry.write.op === 'delete') at(place, () => carryOut(entry.write, aim, entry.result, carrying))
  }
  for (const [reference, criteria] of transaction.references)
    targets.set(reference, referenced(criteria, planned, aims, carrying))
  for (const entry of sorted) {
    const aim = aims.get(entry)
    if (!aim || entry.write.op === 'delete') continue
    const write = withReferences(entry.write, targets)
    at(planned.indexOf(entry), () => carryOut(write, aim, entry.result, carrying))
  }
}

/** What was looked for and not found by one that makes it. */
function soughtBy({ rtype, criteria, ifNoneExist }: FhirWrite, { does }: Aim): string[] {
  if (does !== 'create') return []
  if (ifNoneExist) return [`${rtype}?${ifNoneExist.system}|${ifNoneExist.value}`]
  return criteria ? [criteria.name] : []
}

const twice = 'another entry of the transaction is about the same resource - make one of them'

/** Names the entry in what refuses it. */
function at<T>(place: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error
    const issues = error.issues.map((issue) => ({
      ...issue,
      diagnostics: `entry ${place + 1}: ${issue.diagnostics}`,
      expression: [`Bundle.entry[${place}]`],
    }))
    throw new WriteRefused(error.status, issues)
  }
}

function withReferences(write: FhirWrite, targets: ReadonlyMap<string, string>): FhirWrite {
  const { change } = write
  if (!change || targets.size === 0) return write
  return {
    ...write,
    change: (current) => {
      const changed = change(current)
      return 'next' in changed
        ? { next: referencesRewritten(changed.next, targets) as FhirResource }
        : changed
    },
  }
}

/** What a conditional reference leads to: something in the store, or something that this transaction makes. */
function referenced(
  { name, query }: Criteria,
  planned: readonly Planned[],
  aims: ReadonlyMap<Planned, Aim>,
  { draft, site, search }: Carrying,
): string {
  const { type } = query
  const found = new Set(search(name, query).filter((id) => !draft.entity(type, id).deleted))
  const [filter, ...others] = query.filters
  const isIdentifier = filter?.kind === 'identifier' && filter.param === 'identifier' && others.length === 0
  for (const entry of planned) {
    const aim = aims.get(entry)
    if (!isIdentifier || aim?.does !== 'create' || entry.write.rtype !== type) continue
    const own = identifiersOf((entry.resource ?? {}) as FhirJson)
    const has = filter.values.some(({ system, code = '' }) =>
      own.some((each) => {
        const normal = (value: string): string => normalValue(value, authorityOf(site, each.system ?? ''))
        return (system === undefined || each.system === system) && normal(each.value ?? '') === normal(code)
      }),
    )
    if (has) found.add(aim.id)
  }
  const [id, ...more] = found
  if (id === undefined)
    throw refused(
      400,
      'not-found',
      `the conditional reference to a ${type} matches nothing - create it before, or in the same transaction`,
    )
  if (more.length > 0)
    throw refused(
      412,
      'multiple-matches',
      `a conditional reference matches more than one ${type} - add parameters`,
    )
  return `${type}/${id}`
}
