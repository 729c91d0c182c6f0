// What FHIR shows of a person: survivorship by field group (semantics, section 5).
import type { Json } from '../../mappings/mapped.ts'
import { canonicalText, type FhirJson } from '../fhir-json.ts'
import type { Identifier } from '../identity/identifier.ts'
import { unionIdentifiers } from '../identity/identifier-union.ts'
import { type CellKey, type Contribution, compareAssertions, splitKey } from '../truth/contribution.ts'
import { choiceOf, latestValue, type Statement, statementsByPath, writeLatest } from '../truth/latest.ts'
import { contactPoints, dedupe, entries } from './contact-points.ts'
import type { Numbers } from './patient-family.ts'
import { showRemoval } from './removed.ts'

export interface PatientContext {
  trust(source: string): number
}

type Entry = FhirJson
const importancePath = `extension('http://hl7.org/fhir/StructureDefinition/patient-importance')`
const maxSticky = 50

const legalUses = new Set<unknown>([undefined, 'official', 'usual', 'temp'])
/** Decided here; everything else is decided by the latest statement. */
const decidedHere = new Set([
  'name',
  'birthDate',
  '_birthDate',
  'gender',
  '_gender',
  'address',
  'telecom',
  'identifier',
  'deceasedDateTime',
  'deceasedBoolean',
  'contact',
  'active',
  'link',
  importancePath,
])

/** The statement that holds where sources are ranked. */
export type Judge = (statements: readonly Statement[], flag?: string) => Statement | undefined

/**
 * The most trusted source decides, the latest of equals; what its sender calls unreliable (PID-32) loses to anything
 * else. A deletion takes away what was said before it: what a less trusted source has said since then shows.
 */
export function judgeOf(trust: PatientContext['trust'], reliability: readonly Statement[]): Judge {
  const isFlagged = (each: Statement, flag: string | undefined) =>
    flag !== undefined &&
    reliability.some(
      ({ source, i, v }) => source === each.source && i === each.i && Array.isArray(v) && v.includes(flag),
    )
  return (statements, flag) => {
    const ranked = [...statements].sort(
      (a, b) =>
        Number(isFlagged(a, flag)) - Number(isFlagged(b, flag)) ||
        trust(b.source) - trust(a.source) ||
        compareAssertions(a, b),
    )
    let [winner] = ranked
    while (winner?.v === null) {
      const deletion: Statement = winner
      winner = ranked.find((each) => compareAssertions(each, deletion) < 0)
    }
    return winner
  }
}

/** Flag of PID-32 that makes an element of a person unreliable. */
export const unreliableFlags: Readonly<Record<string, string>> = { name: 'AL', birthDate: 'UD' }

/** Legal names of the most trusted source that has one, then every other name that any source knows. */
function names(statements: readonly Statement[], judge: Judge): Entry[] {
  const isLegal = (name: Entry) => legalUses.has(name.use)
  // An alias (PID-9) never takes the place of the name, whatever it says of itself.
  const isAlias = ({ field }: Statement) => field === 'PID-9'
  const best = judge(
    statements.filter((each) => !isAlias(each) && entries(each).some(isLegal)),
    unreliableFlags.name,
  )
  const legal = best ? entries(best).filter(isLegal) : []
  const seen = new Set(legal.map(canonicalText))
  const others: Entry[] = []
  const isOther = (one: Entry, by: Statement) => isAlias(by) || !isLegal(one)
  for (const name of statements.flatMap((each) => entries(each).filter((one) => isOther(one, each)))) {
    const text = canonicalText(name)
    if (!seen.has(text)) others.push(name)
    seen.add(text)
  }
  return [...legal, ...others]
}

/** Death is sticky. Every trusted source can set it; only the same or a higher trust clears it, later and in so many words. */
function deceased(body: FhirJson, statements: readonly Statement[], trust: PatientContext['trust']): void {
  const says = (each: Statement) => each.v !== null && each.v !== false
  const deaths = statements.filter((each) => says(each) && trust(each.source) >= maxSticky)
  const standing = deaths.filter(
    (death) =>
      !statements.some(
        (each) =>
          !says(each) && trust(each.source) >= trust(death.source) && compareAssertions(each, death) < 0,
      ),
  )
  const winner = standing.find((each) => each.path === 'deceasedDateTime') ?? standing[0]
  if (winner) body[winner.path === 'deceasedDateTime' ? winner.path : 'deceasedBoolean'] = winner.v
  else if (statements.some((each) => each.v === false)) body.deceasedBoolean = false
}

interface Merged {
  readonly identifiers?: readonly Identifier[]
  readonly fill?: FhirJson
  /** Sources that protect the merged record, and since when, milliseconds. */
  readonly protectedBy?: readonly { readonly source: string; readonly t: number }[]
  readonly reference?: string
  readonly type?: string
  /** False: somebody has said that they are not linked. */
  readonly linked?: boolean
}

/** Element that a cell speaks of; those of one choice are one. */
export function elementOf(key: CellKey): string {
  const { path } = splitKey(key)
  return choiceOf(path) ?? path
}

export const spokenOf = (contributions: readonly Contribution[]): Set<string> =>
  new Set(contributions.flatMap((each) => Object.keys(each.cells).map(elementOf)))

/** What counts of what was said: a bill's word ('fill') only for what nobody else speaks of; identifiers always. */
export function countedOf(contributions: readonly Contribution[]): Contribution[] {
  const own = contributions.filter((each) => each.key !== 'fill')
  if (own.length === contributions.length) return own
  const known = spokenOf(own)
  const fills = contributions
    .filter((each) => each.key === 'fill')
    .map((each) => {
      const cells = Object.entries(each.cells).filter(
        ([key]) => key.startsWith('identifier<') || !known.has(elementOf(key)),
      )
      return { ...each, cells: Object.fromEntries(cells) }
    })
  return [...own, ...fills]
}

/** The Patient that the contributions add up to. Pure: the same contributions in any order give the same resource. */
export function foldPatient(
  contributions: readonly Contribution[],
  { trust }: PatientContext,
): FhirJson | undefined {
  const state = countedOf(contributions.filter((each) => each.data === undefined))
  const projections = contributions
    .filter((each) => each.data !== undefined)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const numbers = projections.find((each) => each.key === 'numbers')?.data as Numbers | undefined
  const absorbed = projections
    .filter((each) => each.key.startsWith('merge:'))
    .map((each) => each.data as Merged)
  const into = projections.find((each) => each.key === 'merged')?.data as Merged | undefined
  const byPath = statementsByPath(state)
  const of = (path: string) => byPath.get(path) ?? []

  const body: FhirJson = { resourceType: 'Patient' }
  if (isProtected(of('$protection'), absorbed)) {
    body.meta = {
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
    }
  }
  put(
    body,
    'identifier',
    unionIdentifiers(
      of('identifier'),
      [...absorbed.flatMap((each) => each.identifiers ?? []), ...(numbers?.retired ?? [])],
      numbers,
    ),
  )
  body.active = into ? false : (latestValue(of('active')) ?? true)
  const judge = judgeOf(trust, of('$reliability'))
  put(body, 'name', names(of('name'), judge))
  put(body, 'telecom', contactPoints(of('telecom')))
  putJudged(body, 'gender', judge(of('gender')), of('_gender'))
  putJudged(body, 'birthDate', judge(of('birthDate'), unreliableFlags.birthDate), of('_birthDate'))
  const atDischarge = of('$died').filter((each) => each.v === true)
  const deaths = [...of('deceasedDateTime'), ...of('deceasedBoolean'), ...atDischarge]
  deceased(body, deaths.sort(compareAssertions), trust)
  put(body, 'address', contactPoints(of('address')))
  put(body, 'contact', dedupe(of('contact').flatMap(entries)))
  writeLatest(body, byPath, decidedHere)
  const importance = importanceOf(of(importancePath))
  if (importance) put(body, 'extension', [...((body.extension ?? []) as readonly Json[]), importance])
  for (const each of absorbed) fillGaps(body, each.fill ?? {})
  put(body, 'link', links(projections, into))
  showRemoval(body, byPath)
  return state.length > 0 || into || absorbed.length > 0 ? body : undefined
}

/** Important as long as one source says so, in the latest words. */
function importanceOf(statements: readonly Statement[]): Json | undefined {
  const own = statements.filter((each, i, all) => all.findIndex((one) => one.source === each.source) === i)
  return own.find((each) => each.v !== null)?.v
}

/** Protected as long as one source says so, of this record or of one that was merged into it. */
function isProtected(statements: readonly Statement[], absorbed: readonly Merged[]): boolean {
  const inherited = absorbed.flatMap((each) => each.protectedBy ?? [])
  const own = statements.filter((each, i, all) => all.findIndex((one) => one.source === each.source) === i)
  return (
    own.some((each) => each.v === 'Y' || each.v === true) ||
    inherited.some(({ source, t }) => !own.some((each) => each.source === source && each.t > t))
  )
}

/** What a merged record knew and its survivor does not. Halves of one thing are not mixed. */
function fillGaps(body: FhirJson, fill: FhirJson): void {
  const known = new Set(Object.keys(body).map((key) => choiceOf(key) ?? key.replace(/^_/, '')))
  for (const [key, value] of Object.entries(fill)) {
    if (key === 'extension') body.extension = withMissing(body.extension, value)
    else if (!known.has(choiceOf(key) ?? key.replace(/^_/, ''))) body[key] = value
  }
}

function withMissing(own: Json | undefined, more: Json | undefined): Json {
  const known = (own ?? []) as readonly FhirJson[]
  const urls = new Set(known.map((each) => each.url))
  return [...known, ...((more ?? []) as readonly FhirJson[]).filter((each) => !urls.has(each.url))] as Json
}

function links(projections: readonly Contribution[], into: Merged | undefined): Entry[] {
  const out: Entry[] = into?.reference ? [{ other: { reference: into.reference }, type: 'replaced-by' }] : []
  for (const { data } of projections) {
    const link = data as Merged
    if (link.reference && link.type && link.linked !== false)
      out.push({ other: { reference: link.reference }, type: link.type })
  }
  return out
}

/** A primitive with the extensions that came with it. */
function putJudged(
  body: FhirJson,
  key: string,
  winner: Statement | undefined,
  beside: readonly Statement[],
): void {
  if (!winner) return
  body[key] = winner.v
  const extra = beside.find((each) => each.source === winner.source && each.i === winner.i)
  if (extra && extra.v !== null) body[`_${key}`] = extra.v
}

function put(body: FhirJson, key: string, list: readonly Json[]): void {
  if (list.length > 0) body[key] = list
}
