// What is said of one thing under several numbers, and of what was merged into it, as its fold reads it; and what shows
// that it was merged (semantics, section 3).
import Big from 'big.js'
import type { Json } from '../mappings/mapped.ts'
import type { Contribution } from './contribution.ts'
import type { AliasData, Family } from './family.ts'
import type { FhirJson } from './fhir-json.ts'
import type { FoldContext } from './fold.ts'
import { contributionsOfFamily } from './patient-family.ts'

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
  const own = [...whole.contributions, ...whole.same.flat()]
  // What was merged keeps its own log; the survivor's is both logs, folded again.
  if (alias) return own.filter((each) => each.key !== 'ledger')
  const all = [...own, ...whole.merged.flatMap(everything)]
  return rtype === 'Account' ? withTotals(all, own) : all
}

const everything = (family: Family): Contribution[] => [
  ...family.contributions,
  ...family.same.flat(),
  ...family.merged.flatMap(everything),
]

function person(family: Family, context: FoldContext, alias: AliasData | undefined): Contribution[] {
  const said = contributionsOfFamily(family, context, context.mergeFill ?? true)
  if (!alias) return said
  const data = { reference: `Patient/${alias.to}` }
  return [...said, { source: 'gateway', key: 'merged', i: alias.by?.i ?? '', cells: {}, data }]
}

/** One balance of several: the sum. The survivor's own list of policies counts before that of what was merged. */
function withTotals(all: readonly Contribution[], own: readonly Contribution[]): Contribution[] {
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
  const listed = own.some((each) => 'coverage<IN1' in each.cells)
  const kept = listed
    ? said.map((each) => {
        if (own.includes(each) || !('coverage<IN1' in each.cells)) return each
        const { 'coverage<IN1': _, ...cells } = each.cells
        return { ...each, cells }
      })
    : said
  return first ? [...kept, { ...first, data: totals as Json }] : kept
}

const digits = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0)

/** Shows what an account or a visit has replaced, or where it has gone. */
export function asFamily(
  rtype: string,
  body: FhirJson,
  alias: AliasData | undefined,
  family: Family | undefined,
  { survivor }: FoldContext,
): FhirJson {
  if (rtype !== 'Account' && rtype !== 'Encounter') return body
  const known = (body.extension ?? []) as readonly Json[]
  if (alias) {
    const status = rtype === 'Account' ? 'inactive' : 'entered-in-error'
    const gone = { url: mergedIntoUrl, valueReference: { reference: survivor(`${rtype}/${alias.to}`) } }
    return { ...body, status, extension: [...known, gone] }
  }
  const replaced = (family?.merged ?? []).map((each) => ({
    url: replacesUrl,
    valueReference: { reference: `${rtype}/${each.id}` },
  }))
  return replaced.length > 0 ? { ...body, extension: [...known, ...replaced] } : body
}
