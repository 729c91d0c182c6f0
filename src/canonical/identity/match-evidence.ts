// What of a Patient is evidence of who it is: known values only, in the form in which they are compared
// (semantics, section 4; FHIR R4 http://hl7.org/fhir/R4/patient.html).

import { plainName } from '../../fhir/phonetic.ts'
import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import { isObject } from '../truth/event-elements.ts'
import {
  addressWords,
  placeholderBirthDates,
  placeholderNames,
  placeholderPrefixes,
  placeholderWords,
  unitWords,
  unusableNameTypes,
} from './match-weights.ts'

export interface Name {
  /** Without blanks and marks; '' when it is not known. */
  readonly family: string
  /** Parts of a double name; one part for a single name. */
  readonly familyParts: readonly string[]
  readonly given: readonly string[]
}

export interface Street {
  readonly text: string
  readonly house: string
  readonly street: string
  readonly unit: string
}

/** Empty lists and undefined mean "not known". Nothing in here is a placeholder. */
export interface Evidence {
  readonly names: readonly Name[]
  readonly birthDate: string | undefined
  readonly sex: string | undefined
  readonly phones: readonly string[]
  readonly emails: readonly string[]
  readonly streets: readonly Street[]
  readonly postalCodes: readonly string[]
  /** Nine digits. */
  readonly ssn: string | undefined
  readonly ssn4: string | undefined
  readonly mothersMaidenNames: readonly string[]
  readonly multipleBirth: boolean
  readonly birthOrder: number | undefined
  /** Given name as it stands, also where it is a placeholder: 'BABYGIRLA'. */
  readonly givenAsSaid: string
  readonly deceased: string | undefined
}

const listOf = (value: Json | undefined): readonly FhirJson[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : []
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const unique = (list: readonly string[]): string[] => [...new Set(list.filter((each) => each !== ''))]

/** Codes and values of the extensions of an element whose url holds the words. */
function extensionValues(node: FhirJson, words: RegExp): Json[] {
  return listOf(node.extension)
    .filter((each) => words.test(textOf(each.url)))
    .flatMap((each) =>
      Object.entries(each).flatMap(([key, value]) =>
        key.startsWith('value') && value !== undefined ? [value] : [],
      ),
    )
}

function codesOf(value: Json): string[] {
  if (typeof value === 'string') return [value]
  if (!isObject(value)) return []
  return [textOf(value.code), ...listOf(value.coding).map((each) => textOf(each.code))].filter(
    (each) => each !== '',
  )
}

export function isPlaceholderName(plain: string): boolean {
  return (
    plain === '' ||
    placeholderNames.has(plain) ||
    placeholderWords.has(plain) ||
    placeholderPrefixes.some((each) => plain.startsWith(each)) ||
    /^(?:UNKNOWN|TEST)\d*$/.test(plain)
  )
}

const isSameDigits = (digits: string): boolean => /^(\d)\1*$/.test(digits)

/** A patient is compared with many others. */
const remembered = new WeakMap<FhirJson, Evidence>()

/**
 * Reads what identifies a person. With an unknown identity (PID-31) or a flag of unreliability (PID-32) it is
 * less.
 */
export function evidenceOf(patient: FhirJson): Evidence {
  const known = remembered.get(patient)
  if (known) return known
  const fresh = readEvidence(patient)
  remembered.set(patient, fresh)
  return fresh
}

function readEvidence(patient: FhirJson): Evidence {
  const unknown = extensionValues(patient, /identity-?unknown/i).some((each) => each === true || each === 'Y')
  const doubts = new Set(reliabilityCodes(patient))
  const names = unknown || doubts.has('AL') ? [] : namesOf(patient)
  const addresses =
    unknown || doubts.has('UA') ? [] : listOf(patient.address).filter((each) => !isBadAddress(each))
  const born = textOf(patient.birthDate)
  const { gender } = patient
  const ssn = unknown || doubts.has('US') ? {} : ssnOf(patient)
  const order = patient.multipleBirthInteger
  const doubtful = unknown || doubts.has('UD') || placeholderBirthDates.has(born)
  return {
    names,
    birthDate: doubtful || !/^\d{4}(-\d\d(-\d\d)?)?$/.test(born) ? undefined : born,
    sex: !unknown && typeof gender === 'string' && gender !== '' ? gender : undefined,
    phones: unknown ? [] : unique(telecoms(patient, ['phone', 'sms']).map(phoneDigits)),
    emails: unknown ? [] : unique(telecoms(patient, ['email']).map((each) => each.trim().toLowerCase())),
    streets: streetsOf(addresses),
    postalCodes: unique(addresses.map((each) => /^\s*(\d{5})/.exec(textOf(each.postalCode))?.[1] ?? '')),
    ssn: ssn.full,
    ssn4: ssn.last4,
    mothersMaidenNames: maidenNames(patient),
    multipleBirth: patient.multipleBirthBoolean === true || typeof order === 'number',
    birthOrder: typeof order === 'number' ? order : undefined,
    givenAsSaid:
      listOf(patient.name)
        .map((each) => plainName(givenOf(each).join('')))
        .find((each) => each !== '') ?? '',
    deceased: textOf(patient.deceasedDateTime) || undefined,
  }
}

/**
 * HL7 table 0445, wherever the record carries it: extensions of the patient or of an identifier, or a tag.
 */
function reliabilityCodes(patient: FhirJson): string[] {
  const nodes = [patient, ...listOf(patient.identifier)]
  const tags = isObject(patient.meta)
    ? listOf(patient.meta.tag).filter((each) => /v2-0445|reliability/i.test(textOf(each.system)))
    : []
  return [...nodes.flatMap((each) => extensionValues(each, /reliability/i)), ...tags].flatMap(codesOf)
}

const givenOf = (name: FhirJson): string[] =>
  Array.isArray(name.given) ? (name.given as readonly Json[]).map(textOf).filter((each) => each !== '') : []

function namesOf(patient: FhirJson): Name[] {
  return listOf(patient.name).flatMap((name) => {
    if (name.use === 'temp') return []
    if (
      extensionValues(name, /0200|name-?type/i)
        .flatMap(codesOf)
        .some((each) => unusableNameTypes.has(each))
    )
      return []
    const family = textOf(name.family)
    const plain = plainName(family)
    const parts = family
      .split(/[\s-]+/)
      .map(plainName)
      .filter((each) => each !== '')
    const given = givenOf(name)
      .map(plainName)
      .filter((each) => !isPlaceholderName(each))
    // A newborn's family name is its mother's: it says something, its given name does not.
    const known = isPlaceholderName(plain) ? '' : plain
    return known === '' && given.length === 0
      ? []
      : [{ family: known, familyParts: known === '' ? [] : parts, given }]
  })
}

const telecoms = (patient: FhirJson, systems: readonly string[]): string[] =>
  listOf(patient.telecom)
    .filter((each) => systems.includes(textOf(each.system)) && each.use !== 'old')
    .map((each) => textOf(each.value))

/** Last ten digits; '' for a number that is none. */
function phoneDigits(text: string): string {
  const digits = text
    .replace(/(?:ext|x)\.?\s*\d+\s*$/i, '')
    .replace(/\D/g, '')
    .slice(-10)
  const area = digits.slice(0, 3)
  const isUnknown =
    isSameDigits(digits) || isSameDigits(digits.slice(-7)) || digits === '1234567890' || area === '000'
  return digits.length < 7 || isUnknown ? '' : digits
}

const isBadAddress = (address: FhirJson): boolean =>
  extensionValues(address, /bad-?address/i).some((each) => each === true || each === 'BA') ||
  extensionValues(address, /0190|address-?type/i)
    .flatMap(codesOf)
    .includes('BA')

function streetsOf(addresses: readonly FhirJson[]): Street[] {
  return addresses.flatMap((address) => {
    const lines = Array.isArray(address.line) ? (address.line as readonly Json[]).map(textOf) : []
    const street = streetOf(lines.join(' '))
    return street ? [street] : []
  })
}

/**
 * An address line in the spelling of the postal service: '12 Lake Drive, Apt. 4' is house 12, LK DR, unit 4.
 */
export function streetOf(line: string): Street | undefined {
  const words = line
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .replace(/P\.?\s*O\.?\s*BOX/, 'POBOX')
    .replace(/#/g, ' UNIT ')
    .replace(/['.]/g, '')
    .split(/[^A-Z0-9]+/)
    .filter((each) => each !== '')
  const at = words.findIndex((each, i) => i > 0 && unitWords.has(each) && i < words.length - 1)
  const unit =
    at < 0
      ? ''
      : words
          .slice(at)
          .filter((each) => !unitWords.has(each))
          .join('')
  const spelled = (at < 0 ? words : words.slice(0, at)).map((each) =>
    Object.hasOwn(addressWords, each) ? (addressWords[each] ?? each) : each,
  )
  const house =
    spelled.find((each, i) => /^\d+[A-Z]?$/.test(each) && (i === 0 || spelled[i - 1] === 'POBOX')) ?? ''
  const street = spelled.filter((each) => each !== house).join(' ')
  const text = [house, street].filter((each) => each !== '').join(' ')
  return text === '' || isPlaceholderName(text.replace(/ /g, '')) || text === 'HOMELESS'
    ? undefined
    : { text, house, street, unit }
}

/** A social security number, in full or its last four digits; numbers that nobody has are not known. */
function ssnOf(patient: FhirJson): { full?: string; last4?: string } {
  for (const identifier of listOf(patient.identifier)) {
    const types = isObject(identifier.type)
      ? listOf(identifier.type.coding).map((each) => textOf(each.code))
      : []
    const isSsn =
      types.includes('SS') || /(?:us-ssn|2\.16\.840\.1\.113883\.4\.1)$/.test(textOf(identifier.system))
    if (!isSsn || identifier.use === 'old') continue
    const digits = textOf(identifier.value).replace(/\D/g, '')
    if (digits.length === 4) return { last4: digits }
    const real =
      digits.length === 9 && !isSameDigits(digits) && !/^(?:000|666)/.test(digits) && digits !== '123456789'
    if (real && !/^...00|0000$/.test(digits)) return { full: digits, last4: digits.slice(-4) }
  }
  return {}
}

const maidenNames = (patient: FhirJson): string[] =>
  unique(extensionValues(patient, /mothersMaidenName$/).map((each) => plainName(textOf(each)))).filter(
    (each) => !isPlaceholderName(each),
  )
