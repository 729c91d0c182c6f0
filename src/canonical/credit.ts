// CD lines: a credit uses up the charge it takes back (semantics, section 12).
import Big from 'big.js'
import { type Applying, cellAt, derived } from './applying.ts'
import type { Assertion, CellKey } from './contribution.ts'
import type { Identifier } from './identifier.ts'
import { type Posting, where } from './ledger.ts'
import type { LedgerLine } from './world.ts'

/** Links a credit to its charge; without one it is kept as it is, and a person is told. */
export function creditOriginal(
  applying: Applying,
  posting: Posting,
  id: string,
  entry: LedgerLine,
  cells: Record<CellKey, Assertion>,
): void {
  const original = originalOf(applying, posting)
  if (original) offset(applying, original, entry, cells)
  else unmatched(applying, posting, id)
}

/** The newest charge of the account with the same code and amount that no credit has used up. */
function originalOf(applying: Applying, posting: Posting): LedgerLine | undefined {
  const { accountId, code, amount, thing } = posting
  const [named] = (cellAt(thing, '$original')?.value ?? []) as readonly Identifier[]
  if (named?.value) {
    const line = applying.draft.line(applying.source.id, `${named.system ?? ''}|${named.value}`)
    if (line) return line
  }
  if (accountId === undefined) return undefined
  return applying.draft
    .charges(accountId)
    .filter(
      (each) =>
        each.kind === 'CG' &&
        each.offsetBy === undefined &&
        each.code === code &&
        new Big(each.amount).eq(amount.abs()),
    )
    .at(-1)
}

function offset(
  applying: Applying,
  original: LedgerLine,
  entry: LedgerLine,
  cells: Record<CellKey, Assertion>,
): void {
  const { draft, times } = applying
  cells['partOf<FT1-31'] = derived(applying, [{ reference: `ChargeItem/${original.id}` }], times.event)
  if (new Big(original.amount).eq(new Big(entry.amount).abs())) {
    draft.post({ ...original, offsetBy: entry.line })
    draft.assert('ChargeItem', original.id, 'gateway', {
      'status<CD': { ...derived(applying, 'not-billable', Number.MAX_SAFE_INTEGER), m: times.message },
    })
  }
}

function unmatched(applying: Applying, { line, thing }: Posting, id: string): void {
  applying.draft.tasks.push({
    code: 'unmatched-credit',
    key: `${applying.source.id}|${line}`,
    description: `credit ${line} of message ${applying.controlId} matches no charge (${where(thing, 2)})`,
    focus: `ChargeItem/${id}`,
  })
}
