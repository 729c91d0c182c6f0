// Credits and their charges: a credit uses up the charge that it names, else the newest one like it (semantics,
// section 12). The pairs follow from the lines alone, in whatever order they were posted.
import Big from 'big.js'
import { stableId } from '../identity/identifier.ts'
import type { Payload } from '../truth/contribution.ts'
import type { Draft } from '../truth/draft.ts'
import { compareText } from '../truth/event-log.ts'
import { recordsOf } from '../truth/family.ts'
import type { LedgerLine } from '../truth/world.ts'
import { type Credit, creditKey, creditsOf, isOffset, originalKey, partPrefix } from './charge.ts'

/** Codes of an account for which there are credits that name no charge; kept with the account. */
const codesKey = 'credited'

/** Links a line that was just posted with the lines that it is about, or that are about it. */
export function linkCredits(draft: Draft, posted: LedgerLine): void {
  if (posted.original !== undefined) {
    nameOriginal(draft, posted, posted.original)
    return
  }
  const { accountId, code, kind } = posted
  if (accountId === undefined) return
  const known = (draft.contribution('Account', accountId, 'gateway', codesKey)?.data ??
    []) as readonly string[]
  if (kind === 'CD' && !known.includes(code))
    tell(draft, 'Account', accountId, codesKey, [...known, code].sort())
  if (kind === 'CD' || (kind === 'CG' && known.includes(code))) matchAll(draft, accountId, code)
}

const chargeId = (source: string, line: string): string => stableId('ChargeItem', source, line)

/** The line says itself which charge it is about: the charge hears of it, also when it is still to come. */
function nameOriginal(draft: Draft, line: LedgerLine, named: string): void {
  const original = chargeId(line.source, named)
  tell(draft, 'ChargeItem', line.id, originalKey, { id: original })
  tell(draft, 'ChargeItem', original, `${partPrefix}${line.id}`, true)
  if (line.kind !== 'CD') return
  tell(draft, 'ChargeItem', original, creditKey(line.id), creditOf(line, true))
  // What it has used up is no longer there for credits that name nothing.
  const charge = draft.lines.find(line.source, named)
  if (charge?.accountId === undefined) return
  const codes = draft.contribution('Account', charge.accountId, 'gateway', codesKey)?.data
  if (Array.isArray(codes) && codes.includes(charge.code)) matchAll(draft, charge.accountId, charge.code)
}

const creditOf = (line: LedgerLine, named: boolean): Credit => ({
  id: line.id,
  amount: new Big(line.amount).abs().toFixed(),
  currency: line.currency,
  named,
})

/** Pairs all credits of one code of one account anew; what does not change is not written again. */
function matchAll(draft: Draft, accountId: string, code: string): void {
  const lines = recordsOf(draft, 'Account', accountId).flatMap((each) => draft.lines.ofCode(each, code))
  const charges = lines.filter((each) => each.kind === 'CG' && !isTaken(draft, each))
  const credits = lines.filter((each) => each.kind === 'CD' && each.original === undefined)
  const pairs = pairsOf(charges, credits)
  for (const charge of charges) {
    const now = [...pairs].find(([, each]) => each === charge)?.[0]
    const said = creditsOf(draft.contributions('ChargeItem', charge.id).values())
    for (const { id, named } of said)
      if (!named && id !== now?.id) draft.withdraw('ChargeItem', charge.id, 'gateway', creditKey(id))
    if (now) tell(draft, 'ChargeItem', charge.id, creditKey(now.id), creditOf(now, false))
  }
  for (const credit of credits) {
    const charge = pairs.get(credit)
    if (charge) tell(draft, 'ChargeItem', credit.id, originalKey, { id: charge.id })
    else draft.withdraw('ChargeItem', credit.id, 'gateway', originalKey)
  }
}

/** Credits that name the charge have taken all of it. */
function isTaken(draft: Draft, { id, amount, currency }: LedgerLine): boolean {
  const named = creditsOf(draft.contributions('ChargeItem', id).values()).filter((each) => each.named)
  return isOffset(amount, currency, named)
}

const compareLines = (a: LedgerLine, b: LedgerLine): number =>
  a.t - b.t || a.m - b.m || compareText(a.line, b.line) || compareText(a.source, b.source)

/** Each credit, earliest first, takes the newest charge of its amount before it, else the first one after it. */
export function pairsOf(
  charges: readonly LedgerLine[],
  credits: readonly LedgerLine[],
): Map<LedgerLine, LedgerLine> {
  const open = charges.toSorted(compareLines)
  const pairs = new Map<LedgerLine, LedgerLine>()
  for (const credit of credits.toSorted(compareLines)) {
    const amount = new Big(credit.amount).abs()
    const fits = (each: LedgerLine) =>
      each.currency === credit.currency && new Big(each.amount).abs().eq(amount)
    const isEarlier = (each: LedgerLine) => compareLines(each, credit) <= 0
    const found = open.findLast((each) => isEarlier(each) && fits(each)) ?? open.find(fits)
    if (!found) continue
    open.splice(open.indexOf(found), 1)
    pairs.set(credit, found)
  }
  return pairs
}

/** Says something of the gateway's own, unless that is known. */
function tell(draft: Draft, rtype: string, id: string, key: string, data: Payload): void {
  draft.project({ rtype, id, key, data })
}
