// $validate (FHIR R4 resource-operation-validate.html): what a write would be told, without writing. 200 with all that was
// found, also when that forbids the write; 4xx only for a request that cannot be read.

import { blocks, type Issue } from '../../fhir/issue.ts'
import { readJson } from '../../fhir/json.ts'
import { claimedBy } from '../../fhir/profile/claims.ts'
import { isObject, type JsonObject, primitiveText, writesOf } from '../../fhir/types.ts'
import { validateResource } from '../../fhir/validate.ts'
import { readResource } from '../../store/resources.ts'
import { permits } from '../auth.ts'
import { type Ask, queryOf } from './ask.ts'
import { isFhirType } from './format.ts'
import { maxProfiles, profileIssues } from './profile-check.ts'
import { refuse, sendOutcome } from './reply.ts'
import { readBodyValue } from './resource-body.ts'
import { resourceText } from './resource-text.ts'

const modes = ['create', 'update', 'delete', 'profile'] as const
type Mode = (typeof modes)[number]

interface Wanted {
  /** As it was sent; undefined when the request has none. */
  readonly resource: unknown
  readonly mode: Mode | undefined
  readonly profiles: readonly string[]
}

const say = (severity: Issue['severity'], code: Issue['code'], diagnostics: string, at: string): Issue => ({
  severity,
  code,
  diagnostics: `${at}: ${diagnostics}`,
  expression: [at],
})

/** On a type, and on one resource of it. */
export async function validate(ask: Ask): Promise<Response> {
  const { c, rtype, id, deps } = ask
  const wanted = await wantedOf(ask)
  if (wanted instanceof Response) return wanted
  const { mode, profiles } = wanted
  if (id === '' && mode === 'delete')
    return refuse(c, 'bad-request', 'mode delete is asked of one resource - use [type]/[id]/$validate')
  const isStored = id !== '' && (wanted.resource === undefined || mode === 'update' || mode === 'delete')
  if (isStored && !permits(ask.client, rtype, 'r'))
    return refuse(c, 'forbidden', `no scope of this client gives r on ${rtype}`)
  const stored = isStored ? await storedOf(ask) : undefined
  if (isStored && !stored && mode !== 'update' && mode !== 'delete')
    return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  const resource = wanted.resource ?? stored
  const issues: Issue[] = [...modeIssues(ask, mode, resource, stored)]
  if (mode !== 'delete' && resource !== undefined) {
    issues.push(...validateResource(resource, { type: rtype }))
    if (isObject(resource) && resource.resourceType === rtype) {
      const claimed = mode === 'profile' && profiles.length > 0 ? [] : claimedBy(resource)
      const isStrict =
        ask.prefer.handling === 'strict' || deps.gateway.site().policy.unknownProfiles === 'refuse'
      issues.push(...profileIssues(deps, resource, profiles, 'error'))
      const others = claimed.filter((url) => !profiles.includes(url))
      issues.push(...profileIssues(deps, resource, others, isStrict ? 'error' : 'information'))
    }
  }
  const all = [...new Map(issues.map((each) => [each.diagnostics, each])).values()]
  return sendOutcome(c, 200, all.some(blocks) ? all : [...all, allWell(mode)])
}

const allWell = (mode: Mode | undefined): Issue => ({
  severity: 'information',
  code: 'informational',
  diagnostics: mode === 'delete' ? 'the resource can be deleted' : 'the resource is valid',
})

/** What the request asks for: Parameters or the resource itself in the body, the rest also in the query. */
async function wantedOf(ask: Ask): Promise<Wanted | Response> {
  const { c, id } = ask
  const query = queryOf(c)
  const named = (name: string): string[] => query.filter(([key]) => key === name).map(([, value]) => value)
  const profiles = named('profile')
  let [mode] = named('mode')
  let resource: unknown
  const isEmpty = c.req.method !== 'POST' || c.req.header('content-length') === '0'
  if (!isEmpty) {
    const body = await readBodyValue(ask, isFhirType, 'application/fhir+json or application/fhir+xml')
    if (body instanceof Response) return body
    if (isObject(body.value) && body.value.resourceType === 'Parameters') {
      const list: readonly unknown[] = Array.isArray(body.value.parameter) ? body.value.parameter : []
      for (const each of list.filter(isObject)) {
        const text = Object.entries(each).find(([key]) => key.startsWith('value'))?.[1]
        if (each.name === 'resource') resource = each.resource
        else if (each.name === 'mode') mode = primitiveText(text)
        else if (each.name === 'profile') profiles.push(primitiveText(text))
      }
    } else resource = body.value
  }
  if (resource === undefined && id === '')
    return refuse(
      c,
      'bad-request',
      'there is no resource - send it as the body, or as the parameter resource',
    )
  const found = modes.find((each) => each === mode)
  if (mode !== undefined && !found) return refuse(c, 'bad-request', `mode must be one of ${modes.join(', ')}`)
  if (profiles.length > maxProfiles)
    return refuse(c, 'bad-request', `profile is given more than ${maxProfiles} times`)
  const claimed = isObject(resource) ? claimedBy(resource).length : 1
  if (found === 'profile' && profiles.length === 0 && claimed === 0)
    return refuse(c, 'bad-request', 'mode profile needs a profile - name it, or claim it in meta.profile')
  return { resource, mode: found, profiles }
}

async function storedOf({ deps, rtype, id }: Ask): Promise<JsonObject | undefined> {
  const row = await readResource(deps.db.read, deps.tenant, rtype, id)
  if (!row || row.deleted) return undefined
  const read = readJson(resourceText(row))
  return 'value' in read && isObject(read.value) ? read.value : undefined
}

/** What the interaction itself would be told. */
function modeIssues(
  { rtype, id, deps }: Ask,
  mode: Mode | undefined,
  resource: unknown,
  stored: JsonObject | undefined,
): readonly Issue[] {
  const letters = { create: 'c', update: 'u', delete: 'd' } as const
  if (mode === undefined || mode === 'profile') return []
  if (!writesOf(rtype).includes(letters[mode]))
    return [say('error', 'not-supported', `clients cannot ${mode} this type`, rtype)]
  const own = isObject(resource) ? resource.id : undefined
  if (mode === 'create')
    return own === undefined
      ? []
      : [say('information', 'informational', 'is ignored: the server gives an id of its own', `${rtype}.id`)]
  const known = id !== '' || typeof own === 'string'
  if (!known) return [say('error', 'required', 'is required for an update - add it', `${rtype}.id`)]
  if (mode === 'update' && own !== undefined && id !== '' && own !== id)
    return [say('error', 'value', 'must be the id in the URL - correct one of them', `${rtype}.id`)]
  const mayCreate = mode === 'update' && deps.gateway.site().policy.allowClientIds
  if (id !== '' && !stored && !mayCreate)
    return [say('error', 'not-found', 'there is no such resource here', rtype)]
  return []
}
