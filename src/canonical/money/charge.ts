// A charge, its credits and its adjustments: ChargeItem (FHIR R4 http://hl7.org/fhir/R4/chargeitem.html; semantics, section 12).
import Big from 'big.js'
import type { FhirJson } from '../fhir-json.ts'
import type { TaskRequest } from '../finding.ts'
import type { Contribution } from '../truth/contribution.ts'
import { statementsByPath, writeLatest } from '../truth/latest.ts'

/** What a credit tells its charge: kept there under creditKey(). */
export interface Credit {
  /** Id of the ChargeItem of the credit. */
  readonly id: string
  /** Decimal text without sign. */
  readonly amount: string
  readonly currency: string
  /** The credit says itself which charge it is about. */
  readonly named: boolean
}

/** What a credit or an adjustment knows of the charge that it is part of: kept there under 'original'. */
export interface Original {
  readonly id: string
}

const creditPrefix = 'credit:'
export const creditKey = (id: string): string => `${creditPrefix}${id}`
export const originalKey = 'original'
/** What names a charge tells it so: it shows the charge as soon as there is one. */
export const partPrefix = 'part:'
/** Line and kind of a posted line. */
export const postedPath = '$posted'

export type Posted = {
  readonly kind: string
  readonly line: string
  readonly source: string
}

export const creditsOf = (contributions: Iterable<Contribution>): Credit[] =>
  [...contributions].flatMap(({ key, data }) =>
    key.startsWith(creditPrefix) && data !== undefined ? [data as Credit] : [],
  )

interface Money {
  readonly value?: unknown
  readonly currency?: string
}

const textOf = (value: unknown): string => (JSON.isRawJSON(value) ? value.rawJSON : String(value))

/** True when credits take back all of a charge. */
export function isOffset(amount: string, currency: string, credits: readonly Credit[]): boolean {
  const sum = credits
    .filter((each) => each.currency === currency)
    .reduce((total, each) => total.plus(each.amount), new Big(0))
  return credits.length > 0 && sum.gte(new Big(amount).abs())
}

export interface FoldedCharge {
  readonly body: FhirJson | undefined
  readonly awaited: readonly string[]
  readonly work: readonly TaskRequest[]
}

/** The ChargeItem that the contributions add up to. A reference to a charge shows once the charge is there. */
export function foldCharge(
  id: string,
  contributions: readonly Contribution[],
  exists: (rtype: string, id: string) => boolean,
): FoldedCharge {
  const state = contributions.filter((each) => each.data === undefined)
  const credits = creditsOf(contributions)
  const awaited = contributions.flatMap(({ key, data }) =>
    key.startsWith(partPrefix) && data !== undefined ? [`ChargeItem/${key.slice(partPrefix.length)}`] : [],
  )
  if (state.length === 0) return { body: undefined, awaited, work: [] }
  const body: FhirJson = { resourceType: 'ChargeItem' }
  const byPath = statementsByPath(state)
  writeLatest(body, byPath)
  const price = body.priceOverride as Money | undefined
  if (price?.value !== undefined && isOffset(textOf(price.value), price.currency ?? '', credits))
    body.status = 'not-billable'
  const original = contributions.find((each) => each.key === originalKey)?.data as Original | undefined
  const isKnown = original !== undefined && exists('ChargeItem', original.id)
  if (isKnown) body.partOf = [{ reference: `ChargeItem/${original.id}` }]
  const posted = byPath.get(postedPath)?.[0]?.v as Posted | undefined
  const work = posted?.kind === 'CD' && !isKnown ? [unmatched(id, posted)] : []
  return { body, awaited, work }
}

const unmatched = (id: string, { source, line }: Posted): TaskRequest => ({
  code: 'unmatched-credit',
  key: `${source}|${line}`,
  description: `credit ${line} of ${source} matches no charge - post the charge, or correct the credit`,
  focus: `ChargeItem/${id}`,
})
