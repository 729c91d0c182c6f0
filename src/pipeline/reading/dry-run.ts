// What messages would do: applied by the real rules, then rolled back.
import type { Inbound } from '../../adapters/adapter.ts'
import { parseMessage } from '../../hl7/message.ts'
import type { Database } from '../../store/db.ts'
import type { MessageItem, Outcome } from '../batch/item.ts'
import { type ProcessContext, processBatch } from '../batch/process.ts'
import type { DryRun } from '../gateway.ts'
import { type ReceiveContext, readPayload } from './receive.ts'

/** The real pipeline with its transaction rolled back. */
export async function dryRun(
  inbound: Inbound,
  context: ReceiveContext,
  db: Database,
  processing: (messages: number) => Promise<ProcessContext>,
): Promise<DryRun | { readonly fault: string }> {
  const read = readPayload(inbound, context)
  const items: readonly MessageItem[] = 'fault' in read ? [read.fault] : read.items
  const own = await processing(items.length)
  const { outcomes } = await db.transaction((tx) => processBatch(tx, items, own), { rollback: true })
  return {
    committed: false,
    messages: outcomes.map((outcome) => ({ ack: outcome.code, err: errorOf(outcome), diff: outcome.diff })),
  }
}

/** ERR-3; of a message that was answered before, as in its stored answer. */
function errorOf({ code, errors, ack }: Outcome): string {
  const said = errors.find((each) => each.severity === 'E')?.code
  if (said !== undefined || code === 'AA' || !ack) return said ?? '0'
  const parsed = parseMessage(Buffer.from(ack).toString('latin1'))
  const error = 'message' in parsed ? parsed.message.first('ERR') : undefined
  return error?.value(3, 1, 1) ?? error?.value(1, 1, 4) ?? '0'
}
