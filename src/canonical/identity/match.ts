// Are two records one person? Fellegi-Sunter in bits, explained field by field (semantics, section 4; HL7
// identity matching guide; IHE PDQm ITI-119).

import { jaroWinkler, metaphone, soundex } from '../../fhir/phonetic.ts'
import type { FhirJson } from '../fhir-json.ts'
import { type Evidence, evidenceOf, type Name, type Street } from './match-evidence.ts'
import { defaultWeights, type MatchField, type MatchWeights } from './match-weights.ts'
import { areNicknames, fullNames } from './nicknames.ts'

/** http://hl7.org/fhir/R4/valueset-match-grade.html */
export type MatchGrade = 'certain' | 'probable' | 'possible' | 'certainly-not'

export type MatchOutcome = 'agree' | 'partial' | 'disagree' | 'missing'

export interface FieldScore {
  readonly field: MatchField
  readonly outcome: MatchOutcome
  /** Values as compared; '' when one is not known. Personal data: for those who may read the patient. */
  readonly a: string
  readonly b: string
  /** How they were compared: 'jaro-winkler 0.967', 'nickname', 'exact'. */
  readonly comparator: string
  readonly bits: number
}

export type MatchVeto = 'sex' | 'ssn' | 'death' | 'multiple-birth' | 'excluded'

export interface MatchScore {
  /** Sum of the fields, rounded to a hundredth. */
  readonly bits: number
  /** Bundle.entry.search.score: share of what agreement in every known field would give, 0 to 1. */
  readonly score: number
  readonly grade: MatchGrade
  readonly fields: readonly FieldScore[]
  readonly vetoes: readonly MatchVeto[]
}

/** What is known of a pair besides their records. */
export interface PairContext {
  /** Somebody has said that they are two (A37, $unmerge). */
  readonly excluded?: boolean
  /** FHIR dateTime of the latest activity of each. */
  readonly lastActivityA?: string
  readonly lastActivityB?: string
}

interface Comparison {
  readonly outcome: MatchOutcome
  readonly a: string
  readonly b: string
  readonly comparator: string
}

const rank: Readonly<Record<MatchOutcome, number>> = { agree: 3, partial: 2, disagree: 1, missing: 0 }
const missing: Comparison = { outcome: 'missing', a: '', b: '', comparator: 'none' }

/** Scores two Patient resources. Pure and symmetric. */
export function scorePatients(
  a: FhirJson,
  b: FhirJson,
  weights: MatchWeights = defaultWeights,
  pair: PairContext = {},
): MatchScore {
  const [left, right] = [evidenceOf(a), evidenceOf(b)]
  const fields: FieldScore[] = []
  for (const [field, comparison] of compareAll(left, right, weights)) {
    const weight = weights.fields[field]
    const { outcome } = comparison
    const bits = outcome === 'missing' ? 0 : outcome === 'partial' ? (weight.partial ?? 0) : weight[outcome]
    fields.push({ field, ...comparison, bits })
  }
  const bits = Math.round(fields.reduce((sum, each) => sum + each.bits, 0) * 100) / 100
  const known = fields.filter((each) => each.outcome !== 'missing')
  const most = known.reduce((sum, each) => sum + weights.fields[each.field].agree, 0)
  const vetoes = vetoesOf(left, right, fields, pair)
  const score = most > 0 ? Math.min(1, Math.max(0, bits / most)) : 0
  return { bits, score, grade: gradeOf(bits, fields, vetoes, weights), fields, vetoes }
}

function gradeOf(
  bits: number,
  fields: readonly FieldScore[],
  vetoes: readonly MatchVeto[],
  weights: MatchWeights,
): MatchGrade {
  if (vetoes.includes('multiple-birth') || vetoes.includes('excluded')) return 'certainly-not'
  const { certain, probable, possible } = weights.grades
  const outcome = (field: MatchField) => fields.find((each) => each.field === field)?.outcome ?? 'missing'
  const agreeing = fields.filter((each) => each.outcome === 'agree').length
  const sure =
    outcome('birthDate') === 'agree' &&
    rank[outcome('given')] >= rank.partial &&
    agreeing >= weights.certainFields
  if (bits >= certain && sure && vetoes.length === 0) return 'certain'
  if (bits >= probable) return 'probable'
  return bits >= possible ? 'possible' : 'certainly-not'
}

/** What no number of bits outweighs: the first three cap at probable, the others rule the pair out. */
function vetoesOf(a: Evidence, b: Evidence, fields: readonly FieldScore[], pair: PairContext): MatchVeto[] {
  const outcome = (field: MatchField) => fields.find((each) => each.field === field)?.outcome
  const vetoes: MatchVeto[] = []
  if (outcome('sex') === 'disagree') vetoes.push('sex')
  if (outcome('ssn') === 'disagree') vetoes.push('ssn')
  if (isBefore(a.deceased, pair.lastActivityB) || isBefore(b.deceased, pair.lastActivityA))
    vetoes.push('death')
  if (areSiblings(a, b, outcome('given'))) vetoes.push('multiple-birth')
  if (pair.excluded) vetoes.push('excluded')
  return vetoes
}

const isBefore = (death: string | undefined, activity: string | undefined): boolean =>
  death !== undefined && activity !== undefined && death.slice(0, 10) < activity.slice(0, 10)

/** Children of one birth: another place in the order, or another name. */
function areSiblings(a: Evidence, b: Evidence, given: MatchOutcome | undefined): boolean {
  if (!a.multipleBirth && !b.multipleBirth) return false
  if (a.birthOrder !== undefined && b.birthOrder !== undefined && a.birthOrder !== b.birthOrder) return true
  if (given === 'disagree') return true
  // 'BABY GIRL A' and 'BABY GIRL B' are nobody's names, but they are not the same child's.
  const unnamed = given === 'missing' && a.givenAsSaid !== '' && b.givenAsSaid !== ''
  const numbered = /^(?:BABY|TWIN)/.test(a.givenAsSaid) && /^(?:BABY|TWIN)/.test(b.givenAsSaid)
  return a.multipleBirth && b.multipleBirth && unnamed && numbered && a.givenAsSaid !== b.givenAsSaid
}

function compareAll(a: Evidence, b: Evidence, { likeness }: MatchWeights): [MatchField, Comparison][] {
  const full = a.ssn !== undefined && b.ssn !== undefined
  return [
    ['family', best(a.names, b.names, (x, y) => compareFamilies(x, y, likeness))],
    ['given', best(a.names, b.names, (x, y) => compareGiven(x, y, likeness))],
    ['birthDate', compareBirthDates(a.birthDate, b.birthDate)],
    ['sex', compareSexes(a.sex, b.sex)],
    ['phone', best(a.phones, b.phones, compareExactly)],
    ['email', best(a.emails, b.emails, compareExactly)],
    ['address', best(a.streets, b.streets, (x, y) => compareStreets(x, y, likeness))],
    ['postalCode', best(a.postalCodes, b.postalCodes, compareExactly)],
    full ? ['ssn', compareNumbers(a.ssn ?? '', b.ssn ?? '')] : ['ssn4', compareLast4(a.ssn4, b.ssn4)],
    [
      'mothersMaidenName',
      best(a.mothersMaidenNames, b.mothersMaidenNames, (x, y) => compareNames(x, y, likeness)),
    ],
  ]
}

/** The best of all pairs: a person has several names, numbers and addresses. */
function best<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => Comparison): Comparison {
  let found = missing
  for (const a of left) {
    for (const b of right) {
      const each = compare(a, b)
      if (rank[each.outcome] > rank[found.outcome]) found = each
    }
  }
  return found
}

const compareExactly = (a: string, b: string): Comparison => ({
  outcome: a === b ? 'agree' : 'disagree',
  a,
  b,
  comparator: 'exact',
})

function compareNames(a: string, b: string, likeness: MatchWeights['likeness']): Comparison {
  if (a === '' || b === '') return missing
  if (a === b) return { outcome: 'agree', a, b, comparator: 'exact' }
  const like = jaroWinkler(a, b)
  const outcome = like >= likeness.agree ? 'agree' : like >= likeness.partial ? 'partial' : 'disagree'
  return { outcome, a, b, comparator: `jaro-winkler ${like.toFixed(3)}` }
}

/** One part of a double name is half the name, however alike the two look. */
function compareFamilies(x: Name, y: Name, likeness: MatchWeights['likeness']): Comparison {
  const [a, b] = [x.family, y.family]
  if (a === '' || b === '') return missing
  if (a === b) return { outcome: 'agree', a, b, comparator: 'exact' }
  const isPart = (one: Name, other: Name) =>
    one.familyParts.length > 1 && one.familyParts.includes(other.family)
  if (isPart(x, y) || isPart(y, x)) return { outcome: 'partial', a, b, comparator: 'double name' }
  return compareNames(a, b, likeness)
}

/** First names; a nickname, an initial or the name in second place is half a match. */
function compareGiven(x: Name, y: Name, likeness: MatchWeights['likeness']): Comparison {
  const [a, b] = [x.given[0] ?? '', y.given[0] ?? '']
  if (a === '' || b === '') return missing
  const partial = (comparator: string): Comparison => ({ outcome: 'partial', a, b, comparator })
  if ((a.length === 1 || b.length === 1) && a !== b)
    return a[0] === b[0] ? partial('initial') : { ...partial('initial'), outcome: 'disagree' }
  const first = compareNames(a, b, likeness)
  if (first.outcome === 'agree') return first
  if (areNicknames(a, b)) return partial('nickname')
  if (first.outcome === 'partial') return first
  const crossed =
    (x.given.slice(1).includes(b) && b.length > 1) || (y.given.slice(1).includes(a) && a.length > 1)
  return crossed ? partial('middle name') : first
}

/**
 * Partial: day and month exchanged, one digit off, or the same month; a year alone says nothing either way.
 */
function compareBirthDates(x: string | undefined, y: string | undefined): Comparison {
  if (x === undefined || y === undefined) return missing
  const as = (outcome: MatchOutcome, comparator: string): Comparison => ({ outcome, a: x, b: y, comparator })
  if (x === y && x.length === 10) return as('agree', 'exact')
  const common = Math.min(x.length, y.length)
  if (common < 10) {
    if (x.slice(0, common) !== y.slice(0, common)) return as('disagree', 'exact')
    return common === 7 ? as('partial', 'same month') : missing
  }
  const [year, month, day] = x.split('-')
  if (y === `${year}-${day}-${month}`) return as('partial', 'day and month exchanged')
  const off = [...x].filter((each, i) => each !== y[i]).length
  if (off === 1) return as('partial', 'one digit')
  return x.slice(0, 7) === y.slice(0, 7) ? as('partial', 'same month') : as('disagree', 'exact')
}

function compareSexes(x: string | undefined, y: string | undefined): Comparison {
  if (x === undefined || y === undefined) return missing
  const binary = ['male', 'female']
  if (!binary.includes(x) || !binary.includes(y))
    return { outcome: 'partial', a: x, b: y, comparator: 'exact' }
  return compareExactly(x, y)
}

/** Neighbours are not one person: the number must agree, and the street at least nearly. */
function compareStreets(x: Street, y: Street, likeness: MatchWeights['likeness']): Comparison {
  const as = (outcome: MatchOutcome, comparator: string): Comparison => ({
    outcome,
    a: x.text,
    b: y.text,
    comparator,
  })
  const otherUnit = x.unit !== '' && y.unit !== '' && x.unit !== y.unit
  if (x.text === y.text) return as(otherUnit ? 'partial' : 'agree', otherUnit ? 'other unit' : 'exact')
  const like = jaroWinkler(x.street.replace(/ /g, ''), y.street.replace(/ /g, ''))
  const comparator = `jaro-winkler ${like.toFixed(3)}`
  const oneNumber = x.house === y.house || x.house === '' || y.house === ''
  return as(oneNumber && like >= likeness.partial ? 'partial' : 'disagree', comparator)
}

/** Partial: one digit off or two neighbours exchanged. */
function compareNumbers(a: string, b: string): Comparison {
  if (a === b) return { outcome: 'agree', a, b, comparator: 'exact' }
  const off = [...a].flatMap((each, i) => (each === b[i] ? [] : [i]))
  const [first = 0, second = 0] = off
  const exchanged =
    off.length === 2 && second === first + 1 && a[first] === b[second] && a[second] === b[first]
  if (off.length === 1 || exchanged)
    return { outcome: 'partial', a, b, comparator: exchanged ? 'transposition' : 'one digit' }
  return { outcome: 'disagree', a, b, comparator: 'exact' }
}

const compareLast4 = (a: string | undefined, b: string | undefined): Comparison =>
  a === undefined || b === undefined ? missing : compareExactly(a, b)

const maxKeys = 60

/** Keys of which two records of one person share at least one; records that share none are never compared. */
export function blockingKeys(patient: FhirJson): string[] {
  const { names, birthDate, phones, emails, postalCodes, ssn4 } = evidenceOf(patient)
  const keys = new Set<string>()
  if (birthDate?.length === 10) keys.add(`dob:${birthDate}`)
  for (const phone of phones) keys.add(`phone:${phone}`)
  for (const email of emails) keys.add(`email:${email}`)
  if (ssn4 !== undefined && birthDate?.length === 10) keys.add(`ssn4:${ssn4}:${birthDate}`)
  for (const { family, familyParts, given } of names) {
    for (const each of new Set([family, ...familyParts])) {
      const sound = soundex(each)
      if (sound !== '' && birthDate !== undefined) keys.add(`family:${sound}:${birthDate.slice(0, 4)}`)
    }
    for (const each of fullNames(given[0] ?? '')) {
      const sound = metaphone(each)
      if (sound !== '') for (const zip of postalCodes) keys.add(`given:${zip}:${sound}`)
    }
  }
  return [...keys].slice(0, maxKeys)
}
