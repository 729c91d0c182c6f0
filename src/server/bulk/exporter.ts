// The worker for bulk exports of one gateway: takes jobs from the store, some at a time, and those of a gateway that has ended.

import { describeError } from '../../store/db.ts'
import { addChunk } from '../../store/export-files.ts'
import {
  completeJob,
  failJob,
  JobLost,
  type JobRow,
  keepLease,
  releaseJob,
  sweepJobs,
  takeJob,
} from '../../store/export-jobs.ts'
import type { AppOptions } from '../context.ts'
import { ExportFiles } from './files.ts'
import { type BulkLimits, bulkLimits } from './limits.ts'
import { deniedIn, type ExportPlan } from './plan.ts'
import { runExport } from './run.ts'

const leaseSeconds = 30
const lookMs = 5_000
const sweepEvery = 12
/** How long it is known what an export has shown, for `_since` of the next one. */
const memoryMs = 180 * 86_400_000

export interface Exporter {
  /** Somebody has put a job into the store. */
  wake(): void
  /** Looks for jobs by itself, too, from now on. */
  start(): void
  /** Ends; what is not finished within `graceMs` is given back for another gateway, or for the next start. */
  close(graceMs: number): Promise<void>
}

type ExporterOptions = Pick<AppOptions, 'db' | 'tenant' | 'gateway' | 'packages' | 'baseUrl' | 'log'>

export function createExporter(options: ExporterOptions, limits: BulkLimits = bulkLimits): Exporter {
  const { db, tenant, gateway, log } = options
  const running = new Set<Promise<void>>()
  let closing = false
  let looks = 0
  let timer: NodeJS.Timeout | undefined
  const time = (afterMs: number): string => new Date(gateway.now().getTime() + afterMs).toISOString()

  const guarded = (work: () => Promise<void>): void => {
    const task: Promise<void> = work()
      .catch((error: unknown) => {
        if (!closing) log.warn(describeError(error), 'exports wait for the store')
      })
      .finally(() => running.delete(task))
    running.add(task)
  }
  const takeAll = async (): Promise<void> => {
    while (!closing) {
      const job = await takeJob(db, tenant, leaseSeconds)
      if (!job) return
      await attempt(job)
    }
  }
  const wake = (): void => {
    if (!closing && running.size < limits.maxRunning) guarded(takeAll)
  }

  const attempt = async (job: JobRow): Promise<void> => {
    if (job.attempts > limits.maxAttempts) {
      log.error({ job: job.id, attempts: job.attempts }, 'an export has failed each time that it was begun')
      await failJob(db, tenant, job, time(limits.lifetimeMs))
      return
    }
    const beat = setInterval(
      () => {
        keepLease(db, tenant, job, leaseSeconds).catch(() => {})
      },
      (leaseSeconds * 1_000) / 3,
    )
    try {
      await carryOut(job)
    } catch (error) {
      if (error instanceof JobLost) return
      if (closing) {
        await releaseJob(db, tenant, job).catch(() => {})
        return
      }
      log.error({ job: job.id, ...describeError(error) }, 'an export has failed')
      await failJob(db, tenant, job, time(limits.lifetimeMs))
    } finally {
      clearInterval(beat)
    }
  }

  const carryOut = async (job: JobRow): Promise<void> => {
    const client = gateway.site().clients.get(job.client)
    if (!client) throw new Error('the client of the export is not in the site file any more')
    const plan = job.plan as ExportPlan
    const denied = deniedIn(plan, client)
    if (denied !== undefined) throw new Error(`no scope of the client gives rs on ${denied} any more`)
    const files = new ExportFiles({
      maxFileBytes: limits.maxFileBytes,
      chunkBytes: limits.chunkBytes,
      store: async (chunk, written) => {
        if (closing) throw new Error('this gateway ends')
        await addChunk(db, tenant, job, chunk, { written, leaseSeconds })
      },
    })
    const shown = await db.snapshot((tx) => runExport(options, tx, plan, client, files), {
      retries: 0,
      outageMs: 0,
      statementTimeoutMs: limits.statementTimeoutMs,
    })
    const all = await files.end()
    const { written } = files
    await completeJob(db, tenant, job, { ...shown, written, expiresAt: time(limits.lifetimeMs), files: all })
    log.info(
      { job: job.id, client: job.client, resources: written, files: all.length },
      'an export is complete',
    )
  }

  const look = (): void => {
    wake()
    if (looks++ % sweepEvery === 0) guarded(() => sweepJobs(db, tenant, time(0), time(-memoryMs)))
  }

  return {
    wake,
    start: () => {
      timer = setInterval(look, lookMs)
      timer.unref()
      look()
    },
    close: async (graceMs) => {
      clearInterval(timer)
      closing = true
      const grace = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref())
      await Promise.race([Promise.allSettled(running), grace])
    },
  }
}
