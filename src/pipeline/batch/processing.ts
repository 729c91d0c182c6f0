// What batches are processed with: the site as it is now, clocks and texts, what this process remembers.
import { zoneOffsetOf } from '../../fhir/date.ts'
import { validateResource } from '../../fhir/validate.ts'
import { isoIn } from '../iso.ts'
import { acknowledge } from '../reading/acknowledge.ts'
import type { ReceiveContext } from '../reading/receive.ts'
import type { ProcessContext } from './process.ts'
import type { Said } from './said.ts'

export interface ProcessingOptions {
  readonly tenant: number
  readonly context: ReceiveContext
  readonly said: Said
  readonly storedShapes: Set<string>
  readonly onUnmapped: () => void
  readonly onFault: (messageId: string, error: unknown) => void
}

/** The context of one batch, whose messages get these numbers. */
export function processingFor(options: ProcessingOptions, messageIds: readonly string[]): ProcessContext {
  const { tenant, context, said, storedShapes, onUnmapped, onFault } = options
  const site = context.site()
  const { timezone } = site.gateway
  return {
    tenant,
    site,
    zone: zoneOffsetOf(timezone),
    iso: (at) => isoIn(at, timezone),
    acknowledge: (item, code, errors, reply) => acknowledge(item, code, errors, context, reply),
    validate: problemsOf,
    messageIds,
    storedShapes,
    said,
    onUnmapped,
    onFault,
  }
}

const maxProblems = 5

function problemsOf(resource: object): { path: string; text: string }[] {
  return validateResource(resource)
    .filter((each) => each.severity === 'error' || each.severity === 'fatal')
    .slice(0, maxProblems)
    .map((each) => ({ path: each.expression?.[0] ?? '', text: each.diagnostics }))
}
