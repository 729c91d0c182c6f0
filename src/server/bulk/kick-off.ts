// Kick-off of a bulk export (Bulk Data Access IG 2.0.0, export.html): checked, put into the store, answered with where to ask.
import { randomUUID } from 'node:crypto'
import { isObject, type JsonObject } from '../../fhir/types.ts'
import { addJob, type JobLimits } from '../../store/export-jobs.ts'
import { readResource, readResources } from '../../store/resources.ts'
import { permits } from '../auth.ts'
import type { Ask, Handler } from '../fhir/ask.ts'
import { refuse, sendOutcome } from '../fhir/reply.ts'
import { bulkLimits } from './limits.ts'
import { memberIds } from './members.ts'
import { type Level, type PlanRead, readPlan } from './plan.ts'

const retryAfterSeconds = '60'

const full: Readonly<Record<keyof JobLimits, string>> = {
  maxOpen: 'too many exports are in progress - try again later',
  maxOpenPerClient: 'this client has too many exports in progress - wait for one of them, or cancel it',
  maxKeptPerClient: 'this client has too many exports whose files are kept - DELETE one of them',
}

export const systemExport: Handler = (ask) => kickOff(ask, 'system')
export const patientExport: Handler = (ask) => kickOff(ask, 'patient')
export const groupExport: Handler = (ask) => kickOff(ask, 'group')

async function kickOff(ask: Ask, level: Level): Promise<Response> {
  const { c, deps, client } = ask
  const preferred = (c.req.header('prefer') ?? '').toLowerCase().split(/[,;]/, 20)
  const prefers = (token: string): boolean => preferred.some((each) => each.trim() === token)
  if (!prefers('respond-async'))
    return refuse(c, 'bad-request', 'an export is answered later only - send Prefer: respond-async')
  const read = await readPlan(ask, level, prefers('handling=lenient'))
  if (read instanceof Response) return read
  const refused = await refusedPatients(ask, read)
  if (refused) return refused
  const id = randomUUID()
  const url = c.req.url
  const request = `${deps.baseUrl}${url.slice(url.indexOf('/fhir') + '/fhir'.length)}`
  const createdAt = deps.gateway.now().toISOString()
  const job = { id, client: client.id, request, plan: read.plan, createdAt }
  const limit = await addJob(deps.db, deps.tenant, job, bulkLimits)
  if (limit !== undefined) {
    c.header('retry-after', retryAfterSeconds)
    return refuse(c, 'throttled', full[limit])
  }
  deps.exporter.wake()
  c.header('content-location', `${deps.baseUrl}/$export/${id}`)
  const begun = {
    severity: 'information',
    code: 'informational',
    diagnostics: 'the export has begun',
  } as const
  return sendOutcome(c, 202, [begun, ...read.ignored])
}

/** Who is asked for must be known here, and a member of the Group. */
async function refusedPatients(ask: Ask, { plan }: PlanRead): Promise<Response | undefined> {
  const { c, deps, client, id } = ask
  const { patients = [], level } = plan
  const found = await readResources(
    deps.db.read,
    deps.tenant,
    patients.map((each) => ({ rtype: 'Patient', id: each })),
  )
  if (found.length < patients.length)
    return refuse(c, 'not-found', 'patient names somebody who is not known here - leave those out')
  if (level !== 'group') return undefined
  if (!permits(client, 'Group', 'r'))
    return refuse(c, 'forbidden', 'no scope of this client gives r on Group')
  const group = await readResource(deps.db.read, deps.tenant, 'Group', id)
  if (!group) return refuse(c, 'not-found', `Group/${id} is not known here`)
  if (group.deleted) return refuse(c, 'gone', `Group/${id} is deleted`)
  if (patients.length === 0) return undefined
  const at = deps.gateway.now()
  const bodies = async (ids: readonly string[]): Promise<JsonObject[]> => {
    const rows = await readResources(
      deps.db.read,
      deps.tenant,
      ids.map((each) => ({ rtype: 'Group', id: each })),
    )
    return rows.map(({ body }): unknown => JSON.parse(body)).filter(isObject)
  }
  const members = new Set(await memberIds(id, at, bodies))
  return patients.every((each) => members.has(each))
    ? undefined
    : refuse(c, 'not-found', `patient names somebody who is no member of Group/${id} - leave those out`)
}
