// A message that cannot be stored with all that it changes: kept by itself, so that nothing else waits for it.
import { World } from '../../canonical/truth/world.ts'
import type { Transaction } from '../../store/db.ts'
import { takeStored } from '../../store/messages.ts'
import type { MessageItem, Outcome } from './item.ts'
import { internalError, type ProcessContext } from './process.ts'
import { keepRefused } from './refuse.ts'
import { BatchWrite } from './write.ts'

/** Changes nothing; the message is in the log, its sender gets AE 207 and goes on. */
export async function keepFailed(
  tx: Transaction,
  item: MessageItem,
  error: unknown,
  context: ProcessContext,
): Promise<Outcome> {
  const [fresh = ''] = context.messageIds
  const id = item.stored?.id ?? fresh
  if (item.stored) await takeStored(tx, context.tenant, [id])
  const world = new World()
  const write = new BatchWrite(context, world.stored)
  const failed = { code: 'AE', errors: [internalError()], state: 'failed' } as const
  const outcome = await keepRefused(tx, world, item, id, failed, write, context)
  await write.flush(tx)
  context.onFault(id, error)
  return outcome
}
