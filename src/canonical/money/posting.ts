// One FT1 as the ledger reads it: kind, line, amount, account (HL7 v2 ch. 6 FT1; semantics, section 12).
import Big from 'big.js'
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt, cellsAt, referred, warn } from '../applying.ts'
import { Refusal } from '../finding.ts'
import type { Identifier } from '../identity/identifier.ts'
import { readTime } from '../instant.ts'
import type { LedgerLine } from '../truth/world.ts'

type Kind = LedgerLine['kind']
const kinds: readonly string[] = ['CG', 'CD', 'PY', 'AJ', 'CO']

export interface Posting {
  readonly thing: Thing
  readonly kind: Kind
  readonly line: string
  readonly identifier: Identifier | undefined
  readonly amount: Big
  /** As sent, for display: 150.00. */
  readonly amountText: string
  readonly priced: boolean
  readonly currency: string
  readonly code: string
  /** Line that it says it is about. */
  readonly original: string | undefined
  /** When it was entered (FT1-5), else when the event was, milliseconds. */
  readonly t: number
  readonly accountId: string | undefined
}

export function where(thing: Thing, field: number): string {
  return `FT1^${thing.segment.occurrence}^${field}`
}

export function readPosting(applying: Applying, thing: Thing): Posting {
  const raw = cellAt(thing, '$type')?.value
  const type = typeof raw === 'string' ? raw.toUpperCase() : undefined
  if (type === undefined) throw missing(where(thing, 6), 'the transaction type')
  if (!kinds.includes(type)) {
    const text = `transaction type ${type} is not in table 0017 (${where(thing, 6)}) - send CG, CD, PY, AJ or CO, or map it for ${applying.source.id}`
    throw new Refusal('AE', { code: '103', locations: [where(thing, 6)], text })
  }
  const [identifier] = (cellAt(thing, '$lineId')?.value ?? []) as readonly Identifier[]
  const [original] = (cellAt(thing, '$original')?.value ?? []) as readonly Identifier[]
  const setId = String(cellAt(thing, '$setId')?.value ?? thing.segment.occurrence)
  const line = identifier?.value ? lineName(identifier) : `${applying.controlId}|${setId}`
  const quantity = Number(
    (cellAt(thing, 'quantity')?.value as { value?: unknown } | null | undefined)?.value ?? 1,
  )
  const total = money(cellAt(thing, '$amount')?.value)
  const unit = money(cellAt(thing, '$unitAmount')?.value)
  const computed = unit && new Big(unit.text).times(Number.isFinite(quantity) ? quantity : 1)
  if (total && computed && !computed.eq(total.text)) {
    warn(
      applying,
      'AMOUNT-MISMATCH',
      [where(thing, 11)],
      'FT1-10 times FT1-12 is not FT1-11 - FT1-11 was taken',
    )
  }
  const text = total?.text ?? (computed && unit ? computed.toFixed(Math.max(fraction(unit.text), 0)) : '0')
  const accountThing = referred(applying, thing, 'account')
  const account = accountThing && applying.references.get(`#${accountThing.as}`)
  return {
    thing,
    kind: type as Kind,
    line,
    identifier,
    amount: new Big(text),
    amountText: text,
    priced: total !== undefined || unit !== undefined,
    currency: total?.currency ?? unit?.currency ?? applying.site.gateway.currency,
    code: codeOf(thing) ?? '',
    original: original?.value ? lineName(original) : undefined,
    t: enteredAt(applying, thing),
    accountId: account?.slice('Account/'.length),
  }
}

const lineName = ({ system, value }: Identifier): string => `${system ?? ''}|${value ?? ''}`

function enteredAt(applying: Applying, thing: Thing): number {
  const said = cellAt(thing, 'enteredDate')?.value
  return (typeof said === 'string' ? readTime(said) : undefined) ?? applying.times.event
}

/** Digits after the point: amounts keep theirs. */
export const fraction = (text: string): number =>
  text.includes('.') ? text.length - text.indexOf('.') - 1 : 0

const missing = (location: string, what: string): Refusal =>
  new Refusal('AE', {
    code: '101',
    locations: [location],
    text: `${what} is missing (${location}) - send it`,
  })

/** Amount of a FHIR Money whose value is a raw decimal, as text. */
function money(value: Json | undefined): { text: string; currency: string | undefined } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { value: amount, currency } = value as { value?: unknown; currency?: string }
  if (amount === undefined) return undefined
  const text = JSON.isRawJSON(amount) ? amount.rawJSON : String(amount)
  return { text, currency }
}

interface Concept {
  readonly coding?: readonly { readonly system?: string; readonly code?: string }[]
}

function codeOf(thing: Thing): string | undefined {
  for (const field of ['FT1-25', 'FT1-7']) {
    const cell = cellsAt(thing, 'code').find((each) => each.field === field)
    const coding = (cell?.value as Concept | undefined)?.coding?.at(-1)
    if (coding?.code) return coding.code
  }
  return undefined
}
