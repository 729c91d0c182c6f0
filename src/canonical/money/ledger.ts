// DFT: charges, credits, payments and adjustments as lines of an append-only ledger (HL7 v2 ch. 6; semantics, section 12).
import { createHash } from 'node:crypto'
import Big from 'big.js'
import type { Json, Thing } from '../../mappings/mapped.ts'
import {
  type Applying,
  assertionsOf,
  cellsAt,
  derived,
  referred,
  roleReference,
  thingsOf,
} from '../applying.ts'
import { applyBeside } from '../clinical/clinical.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import { Refusal } from '../finding.ts'
import { stableId } from '../identity/identifier.ts'
import { movedOf } from '../identity/moved.ts'
import { resolveActors } from '../masters/actors.ts'
import { applyPerson } from '../person/person.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import { joinShapes } from '../truth/shape.ts'
import type { LedgerLine } from '../truth/world.ts'
import { applyAccount, applyVisitReference } from '../visit/visit.ts'
import { decimal, type LedgerTotals } from './account.ts'
import { postedPath } from './charge.ts'
import { linkCredits } from './credit.ts'
import { writePayment } from './payment.ts'
import { fraction, type Posting, readPosting, where } from './posting.ts'

/** All lines of the message, or none. */
export function applyDft(applying: Applying): void {
  resolveActors(applying)
  for (const thing of thingsOf(applying, 'Patient')) applyPerson(applying, thing, true)
  for (const thing of thingsOf(applying, 'Account')) applyAccount(applying, thing)
  for (const thing of thingsOf(applying, 'Encounter')) applyVisitReference(applying, thing)
  applyBeside(applying)
  for (const thing of thingsOf(applying, 'FinancialTransaction')) postLine(applying, thing)
}

function postLine(applying: Applying, thing: Thing): void {
  const { draft, source } = applying
  const posting = readPosting(applying, thing)
  const content = contentOf(applying, posting)
  const known = draft.lines.find(source.id, posting.line)
  if (known) {
    if (known.content === content || isMoved(applying, posting, known)) return
    throw conflict(applying, posting)
  }
  const payment = posting.kind === 'PY' || (posting.kind === 'CO' && source.coMeaning === 'paid')
  const rtype = payment ? 'PaymentNotice' : 'ChargeItem'
  const id = stableId(rtype, source.id, posting.line)
  const { kind, line, accountId, code, currency, amountText, original, t } = posting
  const entry: LedgerLine = {
    source: source.id,
    line,
    accountId,
    rtype,
    id,
    kind,
    code,
    amount: amountText,
    currency,
    content,
    original,
    t,
    m: applying.times.message,
    messageId: draft.messageId,
  }
  if (payment) writePayment(applying, posting, id)
  else writeCharge(applying, posting, id)
  draft.lines.post(entry)
  if (!payment) linkCredits(draft, entry)
  askPeople(applying, posting, entry)
  if (accountId !== undefined && posting.priced)
    addToBalance(applying, accountId, signed(applying, posting), currency)
}

/** What a person has to look at, although it is posted: a closed account, a charge that may be one told before. */
function askPeople(applying: Applying, { identifier, thing }: Posting, entry: LedgerLine): void {
  const { draft } = applying
  const { accountId, rtype, id, line, source } = entry
  if (accountId === undefined) return
  const ask = ({ code, what }: { readonly code: string; readonly what: string }) =>
    draft.tasks.push({
      code,
      key: `${source}|${line}`,
      description: `line ${line} of message ${applying.controlId} (${where(thing, 2)}) ${what}`,
      focus: `${rtype}/${id}`,
    })
  if (draft.entity('Account', accountId).body?.status === 'inactive')
    ask({ code: 'late-charge', what: 'came after its account was closed' })
  if (identifier?.value || rtype !== 'ChargeItem') return
  const others = draft.lines.ofCode(accountId, entry.code).filter((each) => each.line !== line)
  if (others.some((each) => each.content === entry.content))
    ask({ code: 'duplicate-charge', what: 'has no number of its own and is like one that was posted before' })
}

/** What makes a second posting of a line the same posting. */
function contentOf(applying: Applying, { thing, kind, amountText, currency, accountId }: Posting): string {
  const said = ['code', 'quantity', 'occurrenceDateTime', 'occurrencePeriod'].flatMap((path) =>
    cellsAt(thing, path).map((each) => each.value),
  )
  // The account pins the patient; who it is by now may have been merged since the line was posted.
  const patient = accountId === undefined ? (referred(applying, thing, 'subject')?.as ?? '') : ''
  const subject = applying.references.get(`#${patient}`) ?? ''
  const text = canonicalText([kind, new Big(amountText).toString(), currency, accountId ?? '', subject, said])
  return createHash('sha256').update(text).digest('hex')
}

/** The same line under the account to which it has gone since: by a merge of accounts, or with its visit (A45). */
function isMoved(
  applying: Applying,
  posting: Posting,
  { accountId, rtype, id, content }: LedgerLine,
): boolean {
  if (accountId === undefined || posting.accountId === undefined) return false
  const { draft } = applying
  const to = movedOf(draft, rtype, id)?.to
  const now = draft.survivor(to?.[`Account/${accountId}`] ?? `Account/${accountId}`)
  if (now !== draft.survivor(`Account/${posting.accountId}`)) return false
  return contentOf(applying, { ...posting, accountId }) === content
}

function conflict(applying: Applying, { thing, line, identifier }: Posting): Refusal {
  const name = identifier?.value ?? line
  return new Refusal(
    'AE',
    {
      code: '205',
      app: 'LEDGER-CONFLICT',
      locations: [where(thing, 2)],
      text: `ledger line ${name} was posted with other content (${where(thing, 2)}) - post a credit and a new line`,
    },
    {
      task: {
        code: 'ledger-conflict',
        key: `${applying.source.id}|${line}`,
        description: `message ${applying.controlId} of ${applying.source.id} posts line ${name} again with other content`,
      },
    },
  )
}

/** Elements that charges and payments share: who, for what, when. */
function commonCells(applying: Applying, { thing }: Posting): Record<CellKey, Assertion> {
  const all = assertionsOf(applying, thing, applying.times.event)
  return Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('$')))
}

function writeCharge(applying: Applying, posting: Posting, id: string): void {
  const { draft, source, times } = applying
  const { thing, kind, identifier } = posting
  const say = (v: Json) => derived(applying, v, times.event)
  const cells = commonCells(applying, posting)
  cells[`${postedPath}<FT1-6`] = say({ kind, line: posting.line, source: source.id })
  mergeCodes(cells)
  if (identifier) cells['identifier<FT1-2'] = say([identifier as Json])
  const services = ofCharge(applying, thing, 'Procedure')
  if (services.length > 0) cells['service<PR1'] = say(services)
  const payers = ofCharge(applying, thing, 'Coverage')
  if (payers.length > 0) cells['supportingInformation<IN1'] = say(payers)
  const reasons = ofCharge(applying, thing, 'Condition')
  if (reasons.length > 0) cells['supportingInformation<DG1'] = say(reasons)
  const guarantors = ofCharge(applying, thing, 'Account.guarantor')
  if (guarantors.length > 0)
    cells[`${guarantorPath}<GT1`] = say(guarantors.map((valueReference) => ({ valueReference })))
  cells['status<FT1-6'] = say('billable')
  if (!cells['quantity<FT1-10']) cells['quantity<FT1-10'] = say({ value: 1 })
  for (const [role, key, list] of [
    ['subject', 'subject<PID-3', false],
    ['account', 'account<PID-18', true],
    ['encounter', 'context<PV1-19', false],
  ] as const) {
    const reference = roleReference(applying, thing, role)
    if (reference) cells[key] = say(list ? [{ reference }] : { reference })
  }
  if (posting.priced) {
    // As it moves the balance, so that the items of an account add up to it.
    const text = signed(applying, posting).toFixed(fraction(posting.amountText))
    cells['priceOverride<FT1-11'] = say({ value: decimal(text), currency: posting.currency })
  }
  draft.assert('ChargeItem', id, source.id, cells)
}

const guarantorPath = "extension('http://portico.example.org/StructureDefinition/guarantor')"

/** What stands in the charge's own group: its procedures, and in DFT^P11 its diagnoses, policies and guarantors. */
function ofCharge(applying: Applying, charge: Thing, type: string): Json[] {
  return thingsOf(applying, type).flatMap((each) => {
    const reference = each.refs.transaction === charge.as && applying.references.get(`#${each.as}`)
    return reference ? [{ reference }] : []
  })
}

/** FT1-25 and FT1-7 are one code in two tongues. */
function mergeCodes(cells: Record<CellKey, Assertion>): void {
  const procedure = cells['code<FT1-25']
  const transaction = cells['code<FT1-7']
  if (!procedure || !transaction) return
  const [a, b] = [procedure.v as FhirJson | null, transaction.v as FhirJson | null]
  const coding = [...((b?.coding ?? []) as Json[]), ...((a?.coding ?? []) as Json[])]
  delete cells['code<FT1-25']
  const s = joinShapes([
    { prefix: '', id: transaction.s },
    { prefix: '', id: procedure.s },
  ])
  cells['code<FT1-7'] = {
    ...transaction,
    v: { ...a, ...b, ...(coding.length > 0 ? { coding } : {}) },
    ...(s === undefined ? {} : { s }),
  }
}

function signed(applying: Applying, { kind, amount }: Posting): Big {
  const { coMeaning, ajSign } = applying.source
  if (kind === 'CD' || kind === 'PY') return amount.abs().times(-1)
  if (kind === 'CO') return coMeaning === 'due' ? amount : amount.abs().times(-1)
  return kind === 'AJ' && ajSign === 'inverted' ? amount.times(-1) : amount
}

/** Balances are sums: in whatever order lines come, the total is the same. */
function addToBalance(applying: Applying, accountId: string, amount: Big, currency: string): void {
  const { draft } = applying
  const known = draft.contribution('Account', accountId, 'gateway', 'ledger')?.data
  const before = (known ?? {}) as LedgerTotals
  const sum = amount.plus(before[currency] ?? '0')
  const data = { ...before, [currency]: sum.toFixed(Math.max(2, fraction(sum.toFixed()))) }
  draft.contribute('Account', accountId, {
    source: 'gateway',
    key: 'ledger',
    i: draft.messageId,
    cells: {},
    data,
  })
}
