// FHIR writes on the one road that messages take, too: version check, rules, fold, all in one transaction.
import { createHash, randomUUID } from 'node:crypto'
import { legalTransition } from '../canonical/appointment.ts'
import { scheduleId } from '../canonical/booking.ts'
import { deleteByClient, holderOf, newResourceId, writeByClient } from '../canonical/client-write.ts'
import type { Draft } from '../canonical/draft.ts'
import type { FhirJson } from '../canonical/fhir-json.ts'
import type { TaskRequest } from '../canonical/finding.ts'
import { normalValue } from '../canonical/identifier.ts'
import { authorityOf } from '../canonical/identity.ts'
import type { Site } from '../canonical/site.ts'
import { openTasks, taskId } from '../canonical/task.ts'
import type { Issue, IssueCode } from '../fhir/issue.ts'
import type { Command } from './command.ts'
import type { FhirResource, FhirWrite, FhirWritten } from './gateway.ts'
import { ItemRefused, type Outcome, type RuleItem } from './item.ts'

/** Ends a write with an answer; nothing is kept. */
export class WriteRefused extends ItemRefused {
  readonly status: number
  readonly issues: readonly Issue[]
  constructor(status: number, issues: readonly Issue[]) {
    super(issues[0]?.diagnostics ?? String(status))
    this.status = status
    this.issues = issues
  }
}

const refused = (status: number, code: IssueCode, diagnostics: string): WriteRefused =>
  new WriteRefused(status, [{ severity: 'error', code, diagnostics }])

interface Result {
  rtype: string
  id: string
  status: number
  /** What it came to, for the log. */
  command?: Command
}

/** A write as an item of a batch, and how to read its answer from the outcome. */
export function clientWriteItem(
  write: FhirWrite,
  now: Date,
): { item: RuleItem; answer: (outcome: Outcome) => FhirWritten } {
  const { client, op, rtype } = write
  const result: Result = {
    rtype,
    id: write.id ?? '',
    status: op === 'create' ? 201 : op === 'delete' ? 204 : 200,
  }
  const fresh = randomUUID()
  const apply = (draft: Draft, site: Site) => {
    result.rtype = rtype
    delete result.command
    result.status = op === 'create' ? 201 : op === 'delete' ? 204 : 200
    if (op === 'create') create(draft, site, write, result, fresh, now)
    else change(draft, site, write, result, now)
  }
  const item: RuleItem = {
    kind: 'rule',
    raw: write.raw,
    sha256: createHash('sha256').update(write.raw).digest('hex'),
    channel: 'fhir',
    peer: write.peer,
    source: client.id,
    receivedAt: now,
    event: `${op === 'update' ? 'PUT' : op === 'patch' ? 'PATCH' : op === 'delete' ? 'DELETE' : 'POST'} ${rtype}`,
    author: { id: client.id },
    logged: true,
    entities: write.id === undefined ? [] : [`${rtype}/${write.id}`],
    apply,
    command: () => result.command,
    ...(write.idempotencyKey === undefined
      ? {}
      : {
          once: { key: write.idempotencyKey, answer: (outcome: Outcome) => answerOf(outcome, result, now) },
        }),
  }
  return { item, answer: (outcome) => answerOf(outcome, result, now) }
}

function create(draft: Draft, site: Site, write: FhirWrite, result: Result, fresh: string, now: Date): void {
  const { rtype, client, ifNoneExist } = write
  if (ifNoneExist) {
    const { system, value } = ifNoneExist
    const hit = draft.lookup(rtype, system, normalValue(value, authorityOf(site, system)))
    if (hit) {
      result.id = draft.survivorId(rtype, hit.id)
      result.status = 200
      draft.entity(rtype, result.id)
      return
    }
  }
  const next = bodyOf(write, undefined)
  const holder = holderOf(draft, rtype, undefined, next, undefined, site)
  if (holder) {
    throw refused(
      409,
      'duplicate',
      `identifier is that of ${rtype}/${holder.id} already (${rtype}.identifier) - update that one, or use If-None-Exist`,
    )
  }
  let id = newResourceId(rtype, next, () => fresh)
  if (draft.entity(rtype, id).version > 0) id = fresh
  result.id = id
  const owner = foreignOwner(draft, site, rtype, next, client.id)
  if (owner !== undefined)
    throw refused(
      422,
      'business-rule',
      `the schedule belongs to ${owner} - ask it to book, then it is shown here`,
    )
  const said = { rtype, id, client: client.id, at: now.getTime(), current: undefined, next }
  result.command = { kind: 'say', statement: writeByClient(draft, said, site) }
}

function bodyOf(write: FhirWrite, current: FhirResource | undefined): FhirJson {
  const changed = write.change?.(current)
  if (!changed) throw refused(400, 'invalid', 'the request has no resource - send one')
  if ('issues' in changed) throw new WriteRefused(changed.status, changed.issues)
  return changed.next as FhirJson
}

function change(draft: Draft, site: Site, write: FhirWrite, result: Result, now: Date): void {
  const { rtype, client, op } = write
  const id = write.id ?? ''
  const entity = draft.entity(rtype, id)
  if (entity.version === 0)
    throw refused(404, 'not-found', `${rtype}/${id} is not known - search for it, or create it with POST`)
  if (write.ifMatch === undefined && op !== 'delete' && !site.policy.allowUnconditional) {
    throw refused(428, 'conflict', 'If-Match is missing - read the resource and send its ETag')
  }
  if (write.ifMatch !== undefined && write.ifMatch !== entity.version) {
    throw refused(
      412,
      'conflict',
      `version ${write.ifMatch} is not current: version ${entity.version} is - read it and apply the change to that`,
    )
  }
  if (entity.deleted && op !== 'update') {
    if (op === 'delete') return
    throw refused(410, 'deleted', `${rtype}/${id} was deleted - PUT it to bring it back`)
  }
  if (op === 'delete') {
    const owner = rtype === 'Appointment' && foreignOwner(draft, site, rtype, entity.body ?? {}, client.id)
    if (owner) requestFiller(draft, write, owner, result, now)
    else
      result.command = {
        kind: 'say',
        statement: deleteByClient(draft, rtype, id, client.id, now.getTime()),
      }
    return
  }
  const current = entity.body && ({ ...entity.body, resourceType: rtype, id } as FhirResource)
  const next = bodyOf(write, current)
  const holder = holderOf(draft, rtype, id, next, entity.body, site)
  if (holder)
    throw refused(
      409,
      'duplicate',
      `identifier is that of ${rtype}/${holder.id} already (${rtype}.identifier) - keep one of the two`,
    )
  if (rtype === 'Appointment') {
    checkTransition(entity.body, next)
    const owner = foreignOwner(draft, site, rtype, entity.body ?? next, client.id)
    if (owner !== undefined) {
      requestFiller(draft, write, owner, result, now)
      return
    }
  }
  const shown = entity.deleted ? undefined : entity.body
  const said = { rtype, id, client: client.id, at: now.getTime(), current: shown, next }
  result.command = { kind: 'say', statement: writeByClient(draft, said, site) }
}

function checkTransition(current: FhirJson | undefined, next: FhirJson): void {
  const [from, to] = [current?.status, next.status]
  if (typeof from !== 'string' || typeof to !== 'string' || from === to) return
  const verdict = legalTransition(from, to)
  if ('legal' in verdict) {
    const legal = verdict.legal.length > 0 ? verdict.legal.join(', ') : 'none'
    throw refused(
      422,
      'business-rule',
      `an appointment that is ${from} cannot become ${to} (Appointment.status) - legal next states: ${legal}`,
    )
  }
}

interface Participant {
  readonly actor?: { readonly reference?: string }
}

/** Source that owns the schedule of a participant, when it is neither the gateway nor the client itself. */
function foreignOwner(
  draft: Draft,
  site: Site,
  rtype: string,
  body: FhirJson,
  client: string,
): string | undefined {
  if (rtype !== 'Appointment') return undefined
  for (const { actor } of (body.participant ?? []) as readonly Participant[]) {
    const reference = actor?.reference
    if (!reference || reference.startsWith('Patient/')) continue
    const owner =
      siteOwner(draft, site, reference) ??
      draft.contribution('Schedule', scheduleId(reference), 'gateway', 'owner')?.data
    if (typeof owner === 'string' && owner !== 'gateway' && owner !== client) return owner
  }
  return undefined
}

function siteOwner(draft: Draft, site: Site, reference: string): string | undefined {
  for (const { actor, owner } of site.schedules) {
    const hit =
      actor.type === 'Practitioner' ? draft.lookup('Practitioner', actor.system, actor.value) : undefined
    if (hit && reference === `Practitioner/${hit.id}`) return owner
  }
  return undefined
}

/** The schedule is somebody else's: the wish becomes a Task, the appointment stays as it is until its owner agrees. */
function requestFiller(draft: Draft, write: FhirWrite, owner: string, result: Result, now: Date): void {
  const id = write.id ?? ''
  const key = `${id}|${draft.messageId}`
  const task: TaskRequest = {
    code: 'filler-request',
    key,
    description: `${write.client.id} asks ${owner} to change an appointment on its schedule`,
    focus: `Appointment/${id}`,
    inputs: [{ type: 'owner', value: { valueString: owner } }],
  }
  openTasks(draft, [task], now.toISOString())
  result.command = { kind: 'task', task }
  result.rtype = 'Task'
  result.id = taskId('filler-request', key)
  result.status = 202
}

function answerOf(outcome: Outcome, { rtype, id, status }: Result, now: Date): FhirWritten {
  if (outcome.answered) {
    if (outcome.answered.same) return JSON.parse(outcome.answered.body) as FhirWritten
    const diagnostics =
      'this Idempotency-Key came with another request before - use a new key for a new request'
    return { status: 422, issues: [{ severity: 'error', code: 'business-rule', diagnostics }] }
  }
  if (outcome.refusal instanceof WriteRefused)
    return { status: outcome.refusal.status, issues: outcome.refusal.issues }
  const { draft } = outcome
  if (!draft) {
    const diagnostics = outcome.errors[0]?.text ?? 'the write was not carried out - ask the operator'
    return {
      status: outcome.code === 'AR' ? 503 : 422,
      issues: [{ severity: 'error', code: 'processing', diagnostics }],
    }
  }
  const { version, body } = draft.entity(rtype, id)
  const changed = draft.changes.find((each) => each.rtype === rtype && each.id === id)
  const updatedAt = changed
    ? { updatedAt: new Date(Math.max(now.getTime(), changed.since)).toISOString() }
    : {}
  const issues: Issue[] = outcome.errors.map(({ severity, text }) => ({
    severity: severity === 'W' ? 'warning' : 'information',
    code: 'informational',
    diagnostics: text,
  }))
  if (!body) return { status: 204, rtype, id, version, ...updatedAt, issues }
  return {
    status: status === 204 ? 200 : status,
    rtype,
    id,
    version,
    ...updatedAt,
    body: JSON.stringify({ resourceType: rtype, id, ...body }),
    issues,
  }
}
