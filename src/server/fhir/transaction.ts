// batch and transaction (FHIR R4 http.html#transaction): the entries of a Bundle, each on its own, or all of them
// together. What an entry asks for is checked like a request; a transaction's writes are carried out by the pipeline as
// one, and its reads see the result before it is committed.
import type { Issue } from '../../fhir/issue.ts'
import { refusal, statusOf } from '../../fhir/outcome.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'
import { validateResource } from '../../fhir/validate.ts'
import { refused, WriteRefused } from '../../pipeline/client/write-refused.ts'
import type { TransactionEntry } from '../../pipeline/gateway.ts'
import type { Queryable } from '../../store/db.ts'
import { peerOf } from '../context.ts'
import type { Ask } from './ask.ts'
import { type BundleAnswer, type Dispatch, entryAnswer, sendAnswers, statusLine } from './bundle-answer.ts'
import { type EntryFault, type EntryRequest, readEntries } from './bundle-entry.ts'
import { conditionalReferences } from './conditional-reference.ts'
import { localNames, noNames, unresolved } from './entry-reference.ts'
import { isFhirType } from './format.ts'
import { refuse, sendOutcome } from './reply.ts'
import { readBodyValue } from './resource-body.ts'
import { issuesIn, transactionEntry } from './transaction-entry.ts'
import { keyOf } from './write.ts'

export const bundleLimits = { maxEntries: 1_000, maxConcurrent: 8, maxReadMs: 10_000 } as const

/** POST of a Bundle to the base. `dispatch` answers a request as if it had come by itself. */
export async function postBundle(ask: Ask, dispatch: Dispatch): Promise<Response> {
  const { c } = ask
  const body = await readBodyValue(ask, isFhirType, 'application/fhir+json or application/fhir+xml')
  if (body instanceof Response) return body
  const bundle = body.value
  if (!isObject(bundle) || bundle.resourceType !== 'Bundle')
    return refuse(c, 'bad-request', 'only a Bundle can be posted here - post a resource to its type')
  if (bundle.type !== 'batch' && bundle.type !== 'transaction')
    return refuse(c, 'bad-request', 'Bundle.type: must be batch or transaction', 'Bundle.type')
  const list: readonly unknown[] = Array.isArray(bundle.entry) ? bundle.entry : []
  if (list.length > bundleLimits.maxEntries) {
    const text = `Bundle.entry: has more than ${bundleLimits.maxEntries} entries - split the Bundle`
    return refuse(c, 'too-large', text, 'Bundle.entry')
  }
  const issues = frameIssues(bundle)
  if (issues.length > 0) return sendOutcome(c, statusOf(issues), issues)
  const entries = readEntries(list, ask.deps.baseUrl)
  if (bundle.type === 'batch') return await batch(ask, entries, dispatch)
  return await transaction(ask, entries, body.raw, dispatch)
}

/** What is wrong with the Bundle itself: resources are looked at one by one, where their entry can be named. */
function frameIssues(bundle: JsonObject): readonly Issue[] {
  const list: readonly unknown[] = Array.isArray(bundle.entry) ? bundle.entry : []
  const entry = list.map((each) => {
    if (!isObject(each) || !('resource' in each)) return each
    const { resource: _resource, ...rest } = each
    return rest
  })
  return validateResource(list.length > 0 ? { ...bundle, entry } : bundle, { type: 'Bundle' })
}

type Read = EntryRequest | { readonly status: number; readonly issues: readonly Issue[] }

/** Entries stand for themselves; a few at a time. */
async function batch(ask: Ask, entries: readonly Read[], dispatch: Dispatch): Promise<Response> {
  const answers: BundleAnswer[] = new Array(entries.length)
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < entries.length; at = next++) {
      const entry = entries[at]
      const fault = entry && ('issues' in entry ? entry : unresolved(entry, noNames))
      if (fault) answers[at] = faultAnswer(fault)
      else if (entry && 'method' in entry) answers[at] = await entryAnswer(ask, entry, dispatch)
    }
  }
  await Promise.all(Array.from({ length: bundleLimits.maxConcurrent }, work))
  return sendAnswers(ask, 'batch-response', answers)
}

const faultAnswer = ({ status, issues }: { status: number; issues: readonly Issue[] }): BundleAnswer => ({
  status: statusLine(status),
  outcome: issues,
})

async function transaction(
  ask: Ask,
  entries: readonly Read[],
  raw: Uint8Array,
  dispatch: Dispatch,
): Promise<Response> {
  const { c, deps, client } = ask
  const key = keyOf(ask)
  if (key instanceof Response) return key
  const writes: { readonly at: number; readonly entry: TransactionEntry }[] = []
  const reads: { readonly at: number; readonly request: EntryRequest }[] = []
  const resources: JsonObject[] = []
  const names = localNames(entries)
  for (const [at, request] of entries.entries()) {
    if ('issues' in request) return refuseEntry(ask, at, request)
    if (request.method === 'GET' || request.method === 'HEAD') {
      reads.push({ at, request })
      continue
    }
    const entry = unresolved(request, names) ?? (await transactionEntry(ask, request))
    if ('issues' in entry) return refuseEntry(ask, at, entry)
    writes.push({ at, entry })
    if (entry.resource) resources.push(entry.resource)
  }
  const references = conditionalReferences(ask, resources)
  if (references instanceof Response) return references
  const answers: BundleAnswer[] = new Array(entries.length)
  const missing = new Set(reads)
  const readBack = async (tx: Queryable): Promise<void> => {
    const began = performance.now()
    for (const each of reads) {
      if (performance.now() - began > bundleLimits.maxReadMs) throw tooCostly()
      answers[each.at] = await readAnswer(ask, each, dispatch, tx)
      missing.delete(each)
    }
  }
  if (writes.length > 0) {
    const written = await deps.gateway.transact({
      client,
      entries: writes.map(({ entry }) => entry),
      references,
      raw,
      peer: peerOf(c),
      ...(reads.length > 0 && { readBack }),
      ...(key !== undefined && { idempotencyKey: key }),
    })
    if ('status' in written) {
      const { status, issues } = written
      if (status === 503) c.header('retry-after', '5')
      const failed = refusal('unavailable', 'the transaction was not carried out - send it again').issues
      return sendOutcome(c, status, issues.length > 0 ? issues : failed)
    }
    for (const [i, { at }] of writes.entries()) {
      const each = written[i]
      if (each) answers[at] = writtenAnswer(ask, each)
    }
  }
  // Without writes, or when these were carried out before under the same Idempotency-Key.
  if (missing.size > 0) {
    try {
      await deps.db.snapshot(readBack)
    } catch (error) {
      if (error instanceof WriteRefused) return sendOutcome(c, error.status, error.issues)
      throw error
    }
  }
  return sendAnswers(ask, 'transaction-response', answers)
}

const tooCostly = (): WriteRefused =>
  refused(422, 'too-costly', 'the reads of the transaction take too long - send them by themselves')

/** Any answer but one of success refuses the whole transaction (http.html#trules). */
async function readAnswer(
  ask: Ask,
  { at, request }: { readonly at: number; readonly request: EntryRequest },
  dispatch: Dispatch,
  tx: Queryable,
): Promise<BundleAnswer> {
  const answer = await entryAnswer(ask, request, dispatch, tx)
  const status = Number(answer.status.slice(0, 3))
  if (status < 400) return answer
  const issues = entryIssues(at, answer.outcomeText === undefined ? [] : issuesIn(answer.outcomeText))
  throw new WriteRefused(status, issues)
}

const refuseEntry = (ask: Ask, at: number, fault: EntryFault): Response =>
  sendOutcome(ask.c, fault.status, entryIssues(at, fault.issues))

/** The issues of an entry, which they name. */
function entryIssues(at: number, issues: readonly Issue[]): Issue[] {
  const place = `Bundle.entry[${at}]`
  return issues.map((issue) => ({
    ...issue,
    diagnostics: `entry ${at + 1}: ${issue.diagnostics}`,
    expression: issue.expression?.map((each) => `${place}.resource${each.replace(/^[A-Za-z]+/, '')}`) ?? [
      place,
    ],
  }))
}

function writtenAnswer(
  { deps, prefer }: Ask,
  written: Awaited<ReturnType<Ask['deps']['gateway']['write']>>,
): BundleAnswer {
  const { status, rtype, id, version, updatedAt, body, issues } = written
  const isDone = rtype !== undefined && id !== undefined && version !== undefined
  return {
    status: statusLine(status),
    ...(isDone && status !== 204 && { location: `${deps.baseUrl}/${rtype}/${id}/_history/${version}` }),
    ...(version !== undefined && { etag: `W/"${version}"` }),
    ...(updatedAt !== undefined && { lastModified: new Date(updatedAt).toISOString() }),
    ...(issues.length > 0 && { outcome: issues }),
    ...(isDone && body !== undefined && { fullUrl: `${deps.baseUrl}/${rtype}/${id}` }),
    ...(body !== undefined &&
      prefer.return !== 'minimal' &&
      prefer.return !== 'OperationOutcome' && { resource: body }),
  }
}
