// An account: its coverages in order, its guarantors and its balance, which is the sum of its ledger (semantics, sections 11, 12).
import type { Json } from '../../mappings/mapped.ts'
import { type FhirJson, writePath } from '../fhir-json.ts'
import type { Contribution } from '../truth/contribution.ts'
import { statementsByPath, writeLatest } from '../truth/latest.ts'
import { guarantorsOf, isEmptied, type Policies, policiesOf } from './account-lists.ts'

export const balanceUrl = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Account.balance'
/** The patient pays: the list of policies was emptied on purpose (IN1|""). */
const selfPayUrl = 'http://portico.example.org/StructureDefinition/self-pay'
const aggregateSystem = 'http://terminology.hl7.org/CodeSystem/account-aggregate'

/** Running totals of the ledger by currency, as decimal text: every posted line is added once. */
export type LedgerTotals = Readonly<Record<string, string>>

/** Elements that are a union of what the sources say. */
const lists: ReadonlySet<string> = new Set(['coverage', 'guarantor'])

/** Policies of an account before they are shown: their order, and who has to give way. */
export const policiesIn = (contributions: readonly Contribution[]): Policies =>
  policiesOf(statementsByPath(contributions.filter((each) => each.data === undefined)).get('coverage') ?? [])

/** The Account that the contributions add up to. */
export function foldAccount(contributions: readonly Contribution[]): FhirJson | undefined {
  const state = contributions.filter((each) => each.data === undefined)
  const totals = contributions.find((each) => each.key === 'ledger')?.data as LedgerTotals | undefined
  if (state.length === 0 && !totals) return undefined
  const body: FhirJson = { resourceType: 'Account', status: 'active' }
  const byPath = statementsByPath(state)
  writeLatest(body, byPath, lists)
  const coverage = byPath.get('coverage') ?? []
  const { list } = policiesOf(coverage)
  if (list.length > 0) body.coverage = list
  const guarantors = guarantorsOf(byPath.get('guarantor') ?? [])
  if (guarantors.length > 0) body.guarantor = guarantors
  if (isEmptied(coverage))
    writePath(body, `extension('${selfPayUrl}')`, { url: selfPayUrl, valueBoolean: true })
  if (totals) {
    const kept = ((body.extension ?? []) as readonly FhirJson[]).filter((each) => each.url !== balanceUrl)
    const currencies = Object.keys(totals).sort()
    body.extension = [...kept, ...currencies.map((each) => balance('total', totals[each] ?? '0', each))]
  }
  return body
}

function balance(aggregate: string, amount: string, currency: string): FhirJson {
  return {
    url: balanceUrl,
    extension: [
      { url: 'aggregate', valueCodeableConcept: { coding: [{ system: aggregateSystem, code: aggregate }] } },
      { url: 'amount', valueMoney: { value: decimal(amount), currency } },
    ],
  }
}

/** A FHIR decimal that keeps its digits: 150.00 stays 150.00. */
export const decimal = (text: string): Json => JSON.rawJSON(text)
