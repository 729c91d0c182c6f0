// One writing entry of a transaction (FHIR R4 http.html#trules), checked like the request that it stands for.
import { blocks, type Issue } from '../../fhir/issue.ts'
import { readJson } from '../../fhir/json.ts'
import { refusal, statusOf } from '../../fhir/outcome.ts'
import { isObject, isServedType, type Resource, writesOf } from '../../fhir/types.ts'
import type { FhirResource, FhirWrite, TransactionEntry } from '../../pipeline/gateway.ts'
import { type Permission, permits } from '../auth.ts'
import type { Ask } from './ask.ts'
import type { EntryFault, EntryRequest } from './bundle-entry.ts'
import { criteriaOf, unlessOf } from './conditional.ts'
import { patchChange } from './patch.ts'
import { ifMatchOf } from './preferences.ts'
import { type Checking, issuesOf } from './profile-check.ts'
import { withoutServerMeta } from './resource-body.ts'
import { changeTo, commonOf } from './write.ts'

type Op = FhirWrite['op']

const ops: Readonly<Record<string, { readonly op: Op; readonly letter: Permission }>> = {
  POST: { op: 'create', letter: 'c' },
  PUT: { op: 'update', letter: 'u' },
  PATCH: { op: 'patch', letter: 'u' },
  DELETE: { op: 'delete', letter: 'd' },
}

type Where = Pick<FhirWrite, 'id' | 'criteria' | 'ifNoneExist' | 'ifMatch' | 'ifNoneMatch'>

/** The entry as the pipeline takes it, or why it is refused. */
export async function transactionEntry(
  ask: Ask,
  request: EntryRequest,
): Promise<TransactionEntry | EntryFault> {
  const { method, path, resource } = request
  const known = ops[method]
  const [rtype = '', id, ...more] = path.split('/')
  if (!known || more.length > 0 || path.includes('$'))
    return refusal('bad-request', 'this cannot be part of a transaction - send it by itself')
  const { op, letter } = known
  if (!isServedType(rtype)) return refusal('unknown-type', 'request.url names a type that is not served here')
  if (!writesOf(rtype).includes(letter))
    return refusal('method-not-allowed', `${method} is not possible on ${rtype}`)
  if (!permits(ask.client, rtype, letter))
    return refusal('forbidden', `no scope of this client gives ${letter} on ${rtype}`)
  const where = await whereOf({ ...ask, rtype }, request, op, id)
  if ('issues' in where) return where
  const change = changeOf(ask.deps, rtype, op, request, where)
  if ('issues' in change) return change
  const write: FhirWrite = {
    ...commonOf({ ...ask, rtype }),
    raw: new Uint8Array(),
    op,
    mayCreate: permits(ask.client, rtype, 'c'),
    ...where,
    ...change,
  }
  const isWhole = (op === 'create' || op === 'update') && resource
  return { write, names: namesOf(request, rtype), ...(isWhole && { resource: resource as FhirResource }) }
}

const idForm = /^[A-Za-z0-9.-]{1,64}$/

/** Which resource is meant, on what conditions. */
async function whereOf(
  ask: Ask,
  { headers, query }: EntryRequest,
  op: Op,
  id: string | undefined,
): Promise<Where | EntryFault> {
  if (op === 'create') {
    if (id !== undefined) return refusal('bad-request', 'a POST has no id - use PUT')
    const header = headers['if-none-exist']
    const unless = header === undefined ? {} : unlessOf(ask, header)
    return unless instanceof Response ? await faultOf(unless) : unless
  }
  const match = ifMatchOf(headers['if-match'])
  if (match === 'malformed') return refusal('bad-request', 'ifMatch must be one ETag such as W/"3"')
  const conditions: Where = {
    ...(match !== 'missing' && { ifMatch: match.version }),
    ...(headers['if-none-match']?.trim() === '*' && { ifNoneMatch: true }),
  }
  if (id !== undefined) {
    if (!idForm.test(id)) return refusal('bad-request', 'an id has 1 to 64 letters, digits, - and .')
    return { ...conditions, id }
  }
  if (!permits(ask.client, ask.rtype, 's'))
    return refusal('forbidden', `no scope of this client gives s on ${ask.rtype}`)
  const criteria = criteriaOf(ask, [...new URLSearchParams(query)])
  return criteria instanceof Response ? await faultOf(criteria) : { ...conditions, criteria }
}

/** The refusal that a request by itself would have been answered with. */
async function faultOf(response: Response): Promise<EntryFault> {
  return { status: response.status, issues: issuesIn(await response.text()) }
}

/** Of the JSON text of an OperationOutcome. */
export function issuesIn(text: string): readonly Issue[] {
  const read = readJson(text)
  const outcome = 'value' in read && isObject(read.value) ? read.value : {}
  return Array.isArray(outcome.issue) ? (outcome.issue as Issue[]) : []
}

function changeOf(
  deps: Checking,
  rtype: string,
  op: Op,
  { resource }: EntryRequest,
  where: Where,
): Pick<FhirWrite, 'change'> | EntryFault {
  if (op === 'delete') return {}
  if (op === 'patch') return patchOf(deps, rtype, resource)
  if (resource?.resourceType !== rtype)
    return refusal('bad-request', `resourceType: must be ${rtype}, as in the URL`)
  const issues = issuesOf(deps, resource, rtype)
  if (issues.some(blocks)) return { status: statusOf(issues), issues }
  if (where.id !== undefined && resource.id !== where.id)
    return refusal('bad-request', `${rtype}.id: must be the id in the URL - correct one of them`, [
      `${rtype}.id`,
    ])
  const plain = withoutServerMeta(resource as Resource)
  if (op === 'update') return { change: changeTo(plain) }
  const { id: _id, ...rest } = plain
  return { change: () => ({ next: { ...rest, resourceType: rtype } }) }
}

function patchOf(
  deps: Checking,
  rtype: string,
  resource: EntryRequest['resource'],
): Pick<FhirWrite, 'change'> | EntryFault {
  if (resource?.resourceType !== 'Binary') return patchChange(deps, rtype, 'application/fhir+json', resource)
  const data = typeof resource.data === 'string' ? resource.data : ''
  const read = readJson(Buffer.from(data, 'base64'))
  if ('issues' in read) return { status: 400, issues: read.issues }
  return patchChange(deps, rtype, String(resource.contentType), read.value)
}

/** How other entries refer to it: by its fullUrl, and by the Type/id that it ends in. */
function namesOf({ fullUrl, method }: EntryRequest, rtype: string): readonly string[] {
  if (fullUrl === undefined || method === 'DELETE') return []
  const local = /(?:^|\/)([A-Za-z]+\/[A-Za-z0-9.-]{1,64})$/.exec(fullUrl)?.[1]
  return local?.startsWith(`${rtype}/`) ? [fullUrl, local] : [fullUrl]
}
