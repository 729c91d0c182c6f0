// PY and CO lines: the money as PaymentReconciliation, the word of it as PaymentNotice (semantics, section 12).
import type { Json } from '../../mappings/mapped.ts'
import { type Applying, cellAt, derived, resolveHandles, roleReference } from '../applying.ts'
import { stableId } from '../identity/identifier.ts'
import { writeInstant, zoneClock } from '../instant.ts'
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
  const receipt = stableId('PaymentReconciliation', source.id, posting.line)
  const recipient = facility(applying)
  const account = roleReference(applying, thing, 'account')
  draft.assert('PaymentReconciliation', receipt, source.id, {
    ...(identifier ? { 'identifier<FT1-2': say([identifier as Json]) } : {}),
    'status<FT1-6': say('active'),
    'created<FT1-5': say(created),
    'paymentDate<FT1-5': say(created.slice(0, 10)),
    'paymentAmount<FT1-11': say(value),
  })
  draft.assert('PaymentNotice', id, source.id, {
    ...(identifier ? { 'identifier<FT1-2': say([identifier as Json]) } : {}),
    'status<FT1-6': say('active'),
    'created<FT1-5': say(created),
    'payment<FT1-2': say({ reference: `PaymentReconciliation/${receipt}` }),
    'paymentDate<FT1-5': say(created.slice(0, 10)),
    'recipient<MSH-6': say({ reference: recipient }),
    'amount<FT1-11': say(value),
    ...(account ? { 'request<PID-18': say({ reference: account }) } : {}),
    'paymentStatus<FT1-6': say({
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/paymentstatus', code: 'paid' }],
    }),
  })
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
