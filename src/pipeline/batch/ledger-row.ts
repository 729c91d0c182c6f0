// A ledger line as the store wants it.
import type { LedgerLine } from '../../canonical/truth/world.ts'
import type { LedgerWrite } from '../../store/batch.ts'

export const ledgerRow = (line: LedgerLine): LedgerWrite => ({
  source: line.source,
  line: line.line,
  account_id: line.accountId,
  rtype: line.rtype,
  id: line.id,
  kind: line.kind,
  code: line.code,
  amount: line.amount,
  currency: line.currency,
  content: line.content,
  original: line.original,
  t: line.t,
  m: line.m,
  message_id: line.messageId,
})
