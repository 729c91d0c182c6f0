// FHIR writes on the one road that messages take, too: version check, rules, fold, all in one transaction.
import { createHash, randomUUID } from 'node:crypto'
import { deleteByClient, holderOf, newResourceId } from '../../canonical/client-write.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { TaskRequest } from '../../canonical/finding.ts'
import { normalValue } from '../../canonical/identity/identifier.ts'
import { authorityOf } from '../../canonical/identity/identity.ts'
import type { Site } from '../../canonical/site.ts'
import { isSameButMeta } from '../../canonical/truth/client-meta.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import type { Outcome, RuleItem, Search } from '../batch/item.ts'
import type { Criteria, FhirResource, FhirWrite, FhirWritten } from '../gateway.ts'
import { checkTransition } from './client-appointment.ts'
import { foreignOwner, requestFiller } from './filler.ts'
import { pointed, sayPointed } from './logical-reference.ts'
import { answerOf, type Result } from './write-answer.ts'
import { refused, WriteRefused } from './write-refused.ts'

/** What a write is carried out on. */
export interface Carrying {
  readonly draft: Draft
  readonly site: Site
  readonly search: Search
  readonly now: Date
}

const statuses = { create: 201, update: 200, patch: 200, delete: 204 } as const

const timesOf = ({ eventTime }: FhirWrite, now: Date) => ({
  at: now.getTime(),
  ...(eventTime && { t: eventTime.getTime() }),
})

export const newResult = ({ rtype, op, id = '' }: FhirWrite): Result => ({ rtype, id, status: statuses[op] })

/** Before a write is applied again: nothing has come of it yet. */
export function startOver(result: Result, write: FhirWrite): void {
  delete result.command
  Object.assign(result, newResult(write))
}

const methods = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const

/** A write as an item of a batch, and how to read its answer from the outcome. */
export function clientWriteItem(
  write: FhirWrite,
  now: Date,
): { item: RuleItem; answer: (outcome: Outcome) => FhirWritten } {
  const { client, op, rtype, criteria } = write
  const result = newResult(write)
  const fresh = randomUUID()
  const item: RuleItem = {
    kind: 'rule',
    raw: write.raw,
    sha256: createHash('sha256').update(write.raw).digest('hex'),
    channel: 'fhir',
    peer: write.peer,
    source: client.id,
    receivedAt: now,
    event: `${methods[op]} ${rtype}`,
    author: { id: client.id },
    logged: true,
    entities: write.id === undefined ? [] : [`${rtype}/${write.id}`],
    ...(criteria && { alone: true, needs: [{ kind: 'search', ...criteria }] }),
    apply: (draft, site, search) => {
      const carrying = { draft, site, search, now }
      startOver(result, write)
      carryOut(write, aimOf(write, fresh, carrying), result, carrying)
    },
    command: () => result.command,
    ...(write.idempotencyKey === undefined
      ? {}
      : {
          once: { key: write.idempotencyKey, answer: (outcome: Outcome) => answerOf(outcome, result, now) },
        }),
  }
  return { item, answer: (outcome) => answerOf(outcome, result, now) }
}

/** Which resource a write is about, and whether it makes it, changes it, or finds that there is nothing to do. */
export interface Aim {
  readonly id: string
  readonly does: 'create' | 'change' | 'nothing'
}

/** `fresh` is the id of a new resource that has no identifier to be named by. */
export function aimOf(write: FhirWrite, fresh: string, carrying: Carrying): Aim {
  const { draft, site } = carrying
  const { rtype, op, criteria, ifNoneExist } = write
  if (isOfLog(write))
    throw refused(422, 'business-rule', 'a message in the log is never changed - name another Binary')
  if (op === 'create') {
    if (ifNoneExist) {
      const { system, value } = ifNoneExist
      const hit = draft.lookup(rtype, system, normalValue(value, authorityOf(site, system)))
      if (hit) return { id: draft.survivorId(rtype, hit.id), does: 'nothing' }
    }
    const match = criteria && matchOf(write, criteria, carrying)
    return match === undefined
      ? { id: newIdOf(write, fresh, carrying), does: 'create' }
      : { id: match, does: 'nothing' }
  }
  if (criteria) {
    const match = matchOf(write, criteria, carrying)
    if (match !== undefined) return { id: match, does: 'change' }
    // What is not there need not be deleted (http.html#delete).
    if (op === 'delete') return { id: '', does: 'nothing' }
    if (op === 'patch') throw refused(404, 'not-found', `no ${rtype} matches - search for it`)
    const { id } = bodyOf(write, undefined)
    const named = typeof id === 'string' && site.policy.allowClientIds ? id : undefined
    return { id: named ?? newIdOf(write, fresh, carrying), does: 'create' }
  }
  const id = write.id ?? ''
  const isNew = op === 'update' && site.policy.allowClientIds && draft.entity(rtype, id).version === 0
  return { id, does: isNew ? 'create' : 'change' }
}

/** Binary/message-1 is a message as it came: nothing that is written may take its place. */
const isOfLog = ({ rtype, id }: FhirWrite): boolean =>
  rtype === 'Binary' && id?.startsWith('message-') === true

function matchOf(
  { rtype }: FhirWrite,
  { name, query }: Criteria,
  { draft, search }: Carrying,
): string | undefined {
  const [match, ...others] = search(name, query).filter((id) => !draft.entity(rtype, id).deleted)
  if (others.length > 0)
    throw refused(412, 'multiple-matches', `more than one ${rtype} matches - add parameters`)
  return match
}

/** By its first identifier, so that a message about it finds it without a detour. */
function newIdOf(write: FhirWrite, fresh: string, { draft }: Carrying): string {
  const id = newResourceId(write.rtype, bodyOf(write, undefined), () => fresh)
  return draft.entity(write.rtype, id).version > 0 ? fresh : id
}

export function carryOut(write: FhirWrite, aim: Aim, result: Result, carrying: Carrying): void {
  result.id = aim.id
  if (aim.does === 'create') {
    if (write.ifMatch !== undefined)
      throw refused(
        412,
        'conflict',
        `there is no ${write.rtype} with that version - leave If-Match out to create it`,
      )
    if (write.mayCreate === false)
      throw refused(403, 'forbidden', `no scope of this client gives c on ${write.rtype}`)
    create(write, result, carrying)
  }
  if (aim.does === 'change') change({ ...write, id: aim.id }, result, carrying)
  if (aim.does === 'nothing') {
    result.status = write.op === 'delete' ? 204 : 200
    if (aim.id !== '') carrying.draft.entity(write.rtype, aim.id)
  }
}

function create(write: FhirWrite, result: Result, { draft, site, now }: Carrying): void {
  const { rtype, client } = write
  const { id } = result
  result.status = 201
  const { body: next, opens } = pointed(draft, site, bodyOf(write, undefined))
  const holder = holderOf(draft, rtype, undefined, next, undefined, site)
  if (holder) {
    throw refused(
      409,
      'duplicate',
      `identifier is that of ${rtype}/${holder.id} already (${rtype}.identifier) - update that one, or use If-None-Exist`,
    )
  }
  const owner = foreignOwner(draft, site, rtype, next, client.id)
  if (owner !== undefined) {
    asked(result, requestFiller(draft, { ...write, id }, { owner, next }, now))
    return
  }
  const said = { rtype, id, client: client.id, ...timesOf(write, now), current: undefined, next }
  result.command = sayPointed(draft, site, said, opens)
}

function bodyOf(write: FhirWrite, current: FhirResource | undefined): FhirJson {
  const changed = write.change?.(current)
  if (!changed) throw refused(400, 'invalid', 'the request has no resource - send one')
  if ('issues' in changed) throw new WriteRefused(changed.status, changed.issues)
  return changed.next as FhirJson
}

function change(write: FhirWrite, result: Result, { draft, site, now }: Carrying): void {
  const { rtype, client, op } = write
  const id = write.id ?? ''
  const entity = draft.entity(rtype, id)
  if (entity.version === 0 && op === 'delete' && write.ifMatch === undefined) return
  if (entity.version === 0)
    throw refused(404, 'not-found', `${rtype}/${id} is not known - search for it, or create it with POST`)
  if (write.ifNoneMatch)
    throw refused(412, 'conflict', `${rtype}/${id} exists already - leave If-None-Match out to change it`)
  const isFree = op === 'delete' || write.unconditional === true || site.policy.allowUnconditional
  if (write.ifMatch === undefined && !isFree) {
    throw refused(428, 'required', 'If-Match is missing - read the resource and send its ETag')
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
    if (owner) asked(result, requestFiller(draft, write, { owner, next: undefined }, now))
    else
      result.command = {
        kind: 'say',
        statement: deleteByClient(draft, rtype, id, client.id, timesOf(write, now)),
      }
    return
  }
  const current = entity.body && asRead(rtype, id, entity.body, entity.version)
  const { body: next, opens } = pointed(draft, site, bodyOf(write, current))
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
    // What it is tagged with is not the schedule's business.
    if (owner !== undefined && !isSameButMeta(entity.body ?? {}, next)) {
      asked(result, requestFiller(draft, write, { owner, next }, now))
      return
    }
  }
  const shown = entity.deleted ? undefined : entity.body
  const said = { rtype, id, client: client.id, ...timesOf(write, now), current: shown, next }
  result.command = sayPointed(draft, site, said, opens)
}

/** As a client has read it, as far as patches can tell. */
const asRead = (rtype: string, id: string, body: FhirJson, version: number): FhirResource =>
  ({
    ...body,
    resourceType: rtype,
    id,
    meta: { ...(body.meta as FhirJson), versionId: String(version) },
  }) as FhirResource

/** The answer is a Task: somebody else decides. */
function asked(result: Result, { task, id }: { readonly task: TaskRequest; readonly id: string }): void {
  result.command = { kind: 'task', task }
  result.rtype = 'Task'
  result.id = id
  result.status = 202
}
