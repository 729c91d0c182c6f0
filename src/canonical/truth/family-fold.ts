// What is said of one thing under several numbers, and of what was merged into it, as its fold reads it; and what shows
// that it was merged (semantics, section 3).
import Big from 'big.js'
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import type { Identifier } from '../identity/identifier.ts'
import { compareMoments, type Moment } from '../identity/identity-log.ts'
import { singleKey } from '../money/account-lists.ts'
import { contributionsOfFamily, type Numbers } from '../person/patient-family.ts'
import { type Assertion, type CellKey, type Contribution, splitKey } from './contribution.ts'
import { type AliasData, type Family, ownOf, wholeOf } from './family.ts'
import type { FoldContext } from './fold.ts'
import { entryShape } from './shape.ts'

/** Where an account or a visit that is not used any more has gone; and what has come to the one that is. */
const mergedIntoUrl = 'http://portico.example.org/StructureDefinition/merged-into'
const replacesUrl = 'http://portico.example.org/StructureDefinition/replaces'

/** All that counts for a thing: its own records, and what was merged into it. */
export function saidOfFamily(
  rtype: string,
  id: string,
  contributions: readonly Contribution[],
  context: FoldContext,
  family: Family | undefined,
  alias: AliasData | undefined,
): readonly Contribution[] {
  if (!family && !alias) return contributions
  const whole: Family = family ?? { id, contributions, same: [], merged: [] }
  if (rtype === 'Patient') return person(whole, context, alias)
  const own = ownOf(whole)
  // What was merged keeps its own log; the survivor's is both logs, folded again.
  if (alias) return own.filter((each) => each.key !== 'ledger')
  const merged = whole.merged
    .flatMap((child) =>
      wholeOf(child).map((each) => (rtype === 'Account' ? withMovedPolicies(each, child.by) : each)),
    )
    .map((each) => (rtype === 'Coverage' ? each : gapsOnly(rtype, each, own)))
  const all = [...own, ...merged]
  return rtype === 'Account' ? withTotals(all) : all
}

/** Numbers of what was merged are old ones; of an account's other elements the survivor's own count before them. */
function gapsOnly(rtype: string, each: Contribution, own: readonly Contribution[]): Contribution {
  const known = new Set(rtype === 'Account' ? own.flatMap(({ cells }) => Object.keys(cells).map(pathOf)) : [])
  const isGap = (key: CellKey) => !key.startsWith('identifier<') && (isList(key) || !known.has(pathOf(key)))
  return { ...each, cells: Object.fromEntries(Object.entries(each.cells).filter(([key]) => isGap(key))) }
}

/**
 * The policies of a merged account go to the survivor (A41): each is added there by the merge, beside those that stand,
 * until a list of its own takes the place of them all. What was said of the merged account later is such a list.
 */
function withMovedPolicies(each: Contribution, by: Moment & { readonly t: number }): Contribution {
  const list = each.cells[listKey]
  if (!list || compareMoments(list, by) > 0) return each
  const { [listKey]: _, ...others } = each.cells
  const cells: Record<CellKey, Assertion> = { ...others }
  for (const [n, entry] of (Array.isArray(list.v) ? (list.v as readonly FhirJson[]) : []).entries()) {
    const { reference = '' } = (entry.coverage ?? {}) as { readonly reference?: string }
    const own = entryShape(list.s, 'coverage', n)
    const said = { v: [entry], t: by.t, m: by.m, i: list.i, ...(own && { s: own }) }
    cells[singleKey(reference.slice('Coverage/'.length))] = said
  }
  return { ...each, cells }
}

const listKey: CellKey = 'coverage<IN1'

const pathOf = (key: CellKey): string => splitKey(key).path
/** Lists have rules of their own. */
const isList = (key: CellKey): boolean => key.startsWith('coverage<') || key.startsWith('guarantor<')

function person(family: Family, context: FoldContext, alias: AliasData | undefined): Contribution[] {
  const said = contributionsOfFamily(family, context, context.mergeFill ?? true)
  if (!alias) return said
  const data = { reference: `Patient/${alias.to}` }
  return [...said, { source: 'gateway', key: 'merged', i: alias.by?.i ?? '', cells: {}, data }]
}

/** One balance of several: the sum. */
function withTotals(all: readonly Contribution[]): Contribution[] {
  const totals: Record<string, string> = {}
  const ledgers = all.filter((each) => each.key === 'ledger' && each.data !== undefined)
  for (const { data } of ledgers) {
    for (const [currency, amount] of Object.entries(data as Record<string, string>)) {
      const sum = new Big(totals[currency] ?? '0').plus(amount)
      totals[currency] = sum.toFixed(Math.max(digits(amount), digits(totals[currency] ?? '')))
    }
  }
  const [first] = ledgers
  const said = all.filter((each) => each.key !== 'ledger')
  return first ? [...said, { ...first, data: totals as Json }] : said
}

const digits = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0)

interface Shown {
  readonly alias: AliasData | undefined
  readonly family: Family | undefined
  readonly numbers: Numbers | undefined
}

/** Shows what an account or a visit has replaced, or where it has gone, and which of its numbers are old. */
export function asFamily(
  rtype: string,
  body: FhirJson,
  { alias, family, numbers }: Shown,
  { survivor }: FoldContext,
): FhirJson {
  if (rtype !== 'Account' && rtype !== 'Encounter') return body
  const identifier = numbered((body.identifier ?? []) as readonly Identifier[], family, numbers)
  const shown = identifier.length > 0 ? { ...body, identifier: identifier } : body
  const known = (body.extension ?? []) as readonly Json[]
  if (alias) {
    const status = rtype === 'Account' ? 'inactive' : 'entered-in-error'
    const gone = { url: mergedIntoUrl, valueReference: { reference: survivor(`${rtype}/${alias.to}`) } }
    return { ...shown, status, extension: [...known, gone] }
  }
  const replaced = (family?.merged ?? []).map((each) => ({
    url: replacesUrl,
    valueReference: { reference: `${rtype}/${each.id}` },
  }))
  return replaced.length > 0 ? { ...shown, extension: [...known, ...replaced] } : shown
}

/** The numbers in use, then those that are not to be used any more: changed ones, and those of what was merged. */
function numbered(
  said: readonly Identifier[],
  family: Family | undefined,
  numbers: Numbers | undefined,
): Identifier[] {
  const key = ({ system, value }: Identifier): string => `${system ?? ''}|${value ?? ''}`
  const old = new Map(
    [...(family?.merged ?? []).flatMap(oldNumbers), ...(numbers?.retired ?? [])].map((each) => [
      key(each),
      each,
    ]),
  )
  const current = new Map<string, Identifier>()
  for (const each of [...said, ...(numbers?.current ?? [])])
    if (!old.has(key(each)) && !current.has(key(each))) current.set(key(each), each)
  return [...current.values(), ...[...old].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)]
}

function oldNumbers(family: Family & { readonly by: { readonly t: number } }): Identifier[] {
  const end = new Date(family.by.t).toISOString().replace('.000Z', 'Z')
  const own = [...family.contributions, ...family.same.flat()]
  const said = own.flatMap(({ cells }) =>
    Object.entries(cells).flatMap(([key, { v }]) =>
      key.startsWith('identifier<') && Array.isArray(v) ? (v as readonly Identifier[]) : [],
    ),
  )
  const old = said.map((each): Identifier => ({ ...each, use: 'old', period: { ...each.period, end } }))
  return [...old, ...family.merged.flatMap(oldNumbers)]
}
