// PY and CO lines: the money as PaymentReconciliation, the word of it as PaymentNotice (semantics, section 12).
import type { Json } from '../../mappings/mapped.ts'
import { type Applying, assertionsOf, cellAt, derived, resolveHandles, roleReference } from '../applying.ts'
import { stableId } from '../identity/identifier.ts'
import { writeInstant, zoneClock } from '../instant.ts'
import type { Assertion, CellKey } from '../truth/contribution.ts'
import { decimal } from './account.ts'
import { fraction, type Posting } from './posting.ts'

const dayOf = (ms: number, site: Applying['site']): string =>
  writeInstant(ms, zoneClock(site.gateway.timezone)).slice(0, 10)

/** A payment is a PaymentReconciliation (the money) and the PaymentNotice that tells of it. */
export function writePayment(applying: Applying, posting: Posting, id: string): void {
  const { draft, source, site, times } = applying
  const { thing, identifier, currency, amount, amountText } = posting
  const say = (v: Json) => derived(applying, v, times.event)
  const value = { value: decimal(amount.abs().toFixed(fraction(amountText))), currency }
  const created = String(
    resolveHandles(applying, cellAt(thing, 'enteredDate')?.value ?? dayOf(times.event, site)),
  )
  const paid = cellAt(thing, 'occurrenceDateTime')?.value
  const paymentDate = typeof paid === 'string' && paid.length >= 10 ? paid.slice(0, 10) : created.slice(0, 10)
  const said = assertionsOf(applying, thing, times.event)
  const receipt = stableId('PaymentReconciliation', source.id, posting.line)
  const recipient = facility(applying)
  const account = roleReference(applying, thing, 'account')
  draft.assert('PaymentReconciliation', receipt, source.id, {
    ...(identifier ? { 'identifier<FT1-2': say([identifier as Json]) } : {}),
    'status<FT1-6': say('active'),
    'created<FT1-5': say(created),
    'paymentDate<FT1-4': say(paymentDate),
    'paymentAmount<FT1-11': say(value),
    ...besideMoney(said),
  })
  draft.assert('PaymentNotice', id, source.id, {
    ...(identifier ? { 'identifier<FT1-2': say([identifier as Json]) } : {}),
    ...numbered(said),
    'status<FT1-6': say('active'),
    'created<FT1-5': say(created),
    'payment<FT1-2': say({ reference: `PaymentReconciliation/${receipt}` }),
    'paymentDate<FT1-4': say(paymentDate),
    'recipient<MSH-6': say({ reference: recipient }),
    'amount<FT1-11': say(value),
    ...(account ? { 'request<PID-18': say({ reference: account }) } : {}),
    'paymentStatus<FT1-6': say({
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/paymentstatus', code: 'paid' }],
    }),
  })
}

const mediumUrl = 'http://portico.example.org/StructureDefinition/payment-medium'
const mediumPath = `extension('${mediumUrl}')`

/** What the line says of the money beside its amount: how it was paid (FT1-7), who took it (FT1-24), and all extensions. */
function besideMoney(said: Record<CellKey, Assertion>): Record<CellKey, Assertion> {
  const out: Record<CellKey, Assertion> = {}
  for (const [key, cell] of Object.entries(said)) {
    // FT1-30 numbers the notice.
    if (key.endsWith('<FT1-30')) continue
    if (key.startsWith('extension(')) out[key] = cell
    else if (key === 'enterer<FT1-24') out['requestor<FT1-24'] = cell
    else if (key === 'code<FT1-7')
      out[`${mediumPath}<FT1-7`] = {
        ...cell,
        v: cell.v === null ? null : { url: mediumUrl, valueCodeableConcept: cell.v },
      }
  }
  return out
}

/** FT1-30: the number under which the payer or the bank knows the payment. */
function numbered(said: Record<CellKey, Assertion>): Record<CellKey, Assertion> {
  const cell = said['$paymentReference<FT1-30']
  return cell === undefined ? {} : { 'identifier<FT1-30': cell }
}

/** The organization that is paid: the facility of the gateway. */
function facility(applying: Applying): string {
  const { facility: name } = applying.site.gateway
  const id = stableId('Organization', 'facility', name)
  if (!applying.draft.contribution('Organization', id, 'gateway', 'derived')) {
    applying.draft.contribute('Organization', id, {
      source: 'gateway',
      key: 'derived',
      i: applying.draft.messageId,
      cells: {},
      data: { name },
    })
  }
  return `Organization/${id}`
}
