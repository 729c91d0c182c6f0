// A bulk export after its kick-off (Bulk Data Access IG 2.0.0, export.html): status, cancel, files. Only for the client that
// has asked for it; for anybody else there is no such export.
import type { Client } from '../../canonical/site.ts'
import { readChunks, readFile, readFiles } from '../../store/export-files.ts'
import { endJob, type FileRow, type JobRow, readJob } from '../../store/export-jobs.ts'
import type { AppContext, Deps } from '../context.ts'
import { httpDate, refuse, sendOutcome } from '../fhir/reply.ts'
import { unauthenticated } from '../fhir/route.ts'
import { contentOf, gzipBytes } from './files.ts'
import { deniedIn, type ExportPlan } from './plan.ts'

/** Who asks often is answered often, for an export that is done in a moment; the others are waited for longer. */
const [soonSeconds, laterSeconds, soonMs] = [1, 10, 20_000]

type JobHandler = (c: AppContext, deps: Deps, job: JobRow) => Promise<Response>

/** A route below an export, whatever the client accepts. */
export function jobRoute(deps: Deps, handler: JobHandler) {
  return async (c: AppContext): Promise<Response> => {
    const refused = unauthenticated(c, deps)
    if (refused) return refused
    const { principal } = c.var
    if (principal.kind !== 'client')
      return refuse(c, 'forbidden', 'the token of a v2 source gives no access to FHIR')
    const { client } = principal
    const job = await ownJob(c, deps, client)
    if (!job) return refuse(c, 'not-found', 'there is no such export, or not any more - begin another one')
    const denied = c.req.method === 'DELETE' ? undefined : deniedIn(job.plan as ExportPlan, client)
    return denied === undefined
      ? await handler(c, deps, job)
      : refuse(
          c,
          'forbidden',
          `no scope of this client gives rs on ${denied} any more - begin another export`,
        )
  }
}

async function ownJob(c: AppContext, deps: Deps, client: Client): Promise<JobRow | undefined> {
  const job = await readJob(deps.db.read, deps.tenant, c.req.param('job') ?? '')
  if (!job || job.client !== client.id || job.state === 'gone') return undefined
  const isOver = job.expiresAt !== null && Date.parse(job.expiresAt) <= deps.gateway.now().getTime()
  return isOver ? undefined : job
}

export const jobStatus: JobHandler = async (c, deps, job) => {
  if (job.state === 'failed') {
    const text = 'the export has failed - begin it again, and tell the operator when it fails again'
    return sendOutcome(c, 500, [{ severity: 'error', code: 'exception', diagnostics: text }])
  }
  if (job.state !== 'complete') {
    const age = deps.gateway.now().getTime() - Date.parse(job.createdAt)
    c.header('retry-after', String(age < soonMs ? soonSeconds : laterSeconds))
    c.header('x-progress', job.state === 'queued' ? 'waiting' : `${job.written} resources written`)
    return c.body(null, 202)
  }
  const files = await readFiles(deps.db.read, deps.tenant, job.id)
  const listed = (kind: FileRow['kind']) =>
    files
      .filter((file) => file.kind === kind)
      .map(({ n, rtype, count }) => ({
        type: rtype,
        url: `${deps.baseUrl}/$export/${job.id}/${n}.${rtype}.ndjson`,
        count,
      }))
  if (job.expiresAt !== null) c.header('expires', httpDate(job.expiresAt))
  const manifest = {
    transactionTime: new Date(job.transactionTime ?? job.createdAt).toISOString(),
    request: job.request,
    requiresAccessToken: true,
    output: listed('output'),
    deleted: listed('deleted'),
    error: [],
  }
  return c.body(JSON.stringify(manifest), 200, { 'content-type': 'application/json' })
}

export const cancelJob: JobHandler = async (c, deps, job) => {
  await endJob(deps.db, deps.tenant, job.id)
  const text = 'the export is cancelled, its files are gone'
  return sendOutcome(c, 202, [{ severity: 'information', code: 'informational', diagnostics: text }])
}

export const jobFile: JobHandler = async (c, deps, job) => {
  const n = /^([1-9]\d{0,6})\.[A-Za-z]+\.ndjson$/.exec(c.req.param('file') ?? '')?.[1]
  const file =
    n === undefined || job.state !== 'complete'
      ? undefined
      : await readFile(deps.db.read, deps.tenant, job.id, Number(n))
  if (!file) return refuse(c, 'not-found', 'this export has no such file - its status lists them')
  const gzip = takesGzip(c.req.header('accept-encoding'))
  const content = contentOf(file, readChunks(deps.db.read, deps.tenant, job.id, file.n), gzip)
  return c.body(streamOf(content), 200, {
    'content-type': 'application/fhir+ndjson',
    'content-length': String(gzip ? gzipBytes(file) : file.bytes),
    vary: 'accept-encoding, authorization',
    ...(gzip && { 'content-encoding': 'gzip' }),
    ...(job.expiresAt !== null && { expires: httpDate(job.expiresAt) }),
  })
}

/** As fast as it is taken; whoever goes away is read for no longer. */
function streamOf(content: AsyncGenerator<Buffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await content.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => {
      await content.return(undefined)
    },
  })
}

const takesGzip = (header: string | undefined): boolean =>
  (header ?? '').split(',', 20).some((each) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(each))
