// A person as XCN and the like say it: number, authority, name, degrees (HL7 v2.9.1 chapter 2A XCN; FHIR R4 HumanName,
// Practitioner.qualification).
import { readDtm } from '../../../hl7/datetime.ts'
import type { Json } from '../../mapped.ts'
import type { LinkedValue } from '../linked.ts'
import { copyOf, isMemorable, type Memory, Place } from '../remembered.ts'
import type { Run } from '../run.ts'
import { authority, typeCoding } from './identifier.ts'

/** What a text says of a person, whoever numbers people in which way. */
interface Said {
  readonly id: string | undefined
  readonly type: string | undefined
  readonly name: readonly Json[]
  readonly display: string | undefined
  /** The same of two texts that name one person alike. */
  readonly called: string
  readonly learned: readonly Json[]
  readonly parts: readonly string[]
  /** Where the parts of it stand. */
  readonly numberAt: Places
  readonly learnedAt: Places
  readonly nameAt: Places
  /** The identifier as it was made last. */
  numbered: { readonly system: string; readonly value: readonly Json[] } | undefined
}

type Places = readonly (readonly [fhir: string, v2: string])[]

export interface Person extends Pick<Said, 'id' | 'display' | 'called'> {
  readonly said: Said
  readonly system: string | undefined
}

const peopleIn = new WeakMap<Memory, Place<Said>>()

function placeOf(memory: Memory): Place<Said> {
  const known = peopleIn.get(memory)
  if (known) return known
  const made = new Place<Said>()
  peopleIn.set(memory, made)
  return made
}

/** XCN.17 and what follows it: times are read by the clock of the message. */
const timedFrom = 16

/** The same people stand in message after message: what their text says is remembered. */
export function readPerson(raw: string, run: Run): Person {
  const known = run.level === 0 && isMemorable(raw, run) ? placeOf(run.memory).at(run) : undefined
  let said = known?.get(raw)
  if (!said) {
    const own = copyOf(raw)
    said = saidOf(run.parts(own), run)
    if (said.parts.length <= timedFrom) known?.set(own, said)
  }
  const { id, type, display, called, parts } = said
  return { said, id, display, called, system: id === undefined ? undefined : systemOf(parts, type, run) }
}

function saidOf(parts: readonly string[], run: Run): Said {
  const surname = run.subparts(parts[1] ?? '')
  const family = run.text(surname[0])
  const surnameParts = surname.length > 1 ? surnamesOf(surname, run) : []
  const given = [run.text(parts[2]), run.text(parts[3])].filter((name) => name !== undefined)
  const prefix = run.text(parts[5])
  const suffix = [run.text(parts[4]), run.text(parts[6]), run.text(parts[20])].filter(
    (name) => name !== undefined,
  )
  const kind = run.text(parts[9])
  const use = kind === undefined ? undefined : run.translate('NameType', kind)?.code
  // A use of FHIR says these alone; any other code is kept beside the name.
  const isKept = kind !== undefined && !['L', 'D', 'M', 'N', 'TEMP'].includes(kind)
  const period = parts.length > timedFrom ? validity(parts, run) : undefined
  const name: Record<string, Json> = {
    ...(isKept && { extension: [{ url: nameTypeUrl, valueCode: kind }] }),
    ...(use !== undefined && { use }),
    ...(family !== undefined && { family }),
    ...(surnameParts.length > 0 && { _family: { extension: surnameParts } }),
    ...(given.length > 0 && { given }),
    ...(prefix !== undefined && { prefix: [prefix] }),
    ...(suffix.length > 0 && { suffix }),
    ...(period && { period }),
  }
  const learned = qualifications(parts, run)
  const places = (list: readonly (readonly [fhir: string, component: number])[]): Places =>
    list
      .filter(([, component]) => run.text(parts[component - 1]) !== undefined)
      .map(([fhir, component]) => [`[0].${fhir}`, `.${component}`])
  return {
    id: run.text(parts[0]),
    type: run.text(parts[12]),
    name: [name],
    display: displayOf(family, given),
    called: JSON.stringify([family ?? null, given.length > 0 ? given : null]).toUpperCase(),
    learned: learned.map(({ value }) => value),
    parts,
    numberAt: places(numberParts),
    learnedAt: learned.map(({ at }, i) => [`[${i}].code.text`, `.${at}`]),
    nameAt: places(nameParts.filter(([key]) => name[key] !== undefined)),
    numbered: undefined,
  }
}

const nameTypeUrl = 'http://portico.example.org/StructureDefinition/name-type'
/** FN.2 to FN.5, in their order. */
const surnameUrls = ['own-prefix', 'own-name', 'partner-prefix', 'partner-name'].map(
  (each) => `http://hl7.org/fhir/StructureDefinition/humanname-${each}`,
)

/** What FN says of the surname beside it: 'van den' of Berg. */
function surnamesOf(surname: readonly string[], run: Run): Json[] {
  return surnameUrls.flatMap((url, i) => {
    const valueString = run.text(surname[i + 1])
    return valueString === undefined ? [] : [{ url, valueString }]
  })
}

export function displayOf(family: string | undefined, given: readonly string[]): string | undefined {
  if (family === undefined) return given.length > 0 ? given.join(' ') : undefined
  return given.length > 0 ? `${family}, ${given.join(' ')}` : family
}

/** Numbers that a source gives to people: its staff file (STF-1, STF-2, MFE-4) and what names them bare (XCN.1) mean the same. */
export const staff = 'practitioner'
/** What senders put into XCN.8 for their own numbers; any other text names a table of numbers. */
const ownNumbers = /^(?:(?:HL7)?0010|L|LOCAL)$/i

/**
 * The authority's system; a number without one is known to its source only (XCN.8 names the source table).
 */
function systemOf(parts: readonly string[], type: string | undefined, run: Run): string {
  const designator = run.designator(parts[8])
  const named = designator.namespace !== undefined || designator.universalId !== undefined
  // Without an authority only a type that the site ties to a system (NPI) tells more than the source does.
  if (named || type === 'NPI') {
    const system = authority(named ? designator : { namespace: 'NPI' }, type, run)
    if (system !== undefined) return system
  }
  const table = run.text(parts[7])
  return table === undefined || ownNumbers.test(table) ? run.localSystem(staff) : run.localSystem(table)
}

/** XCN.19 and XCN.20, before 2.5 XCN.17: since when and until when the name holds. */
function validity(parts: readonly string[], run: Run): Json | undefined {
  const [first, last] = run.subparts(parts[16] ?? '')
  const start = day(parts[18] || first, run)
  const end = day(parts[19] || last, run)
  if (start === undefined && end === undefined) return undefined
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
}

function day(raw: string | undefined, run: Run): string | undefined {
  const text = run.text(raw)
  const dtm = text === undefined ? undefined : readDtm(text)
  return dtm && run.dateTime(dtm).value
}

const degrees = 'http://terminology.hl7.org/CodeSystem/v2-0360'

/** XCN.7, a code of table 0360, and XCN.21, the suffix of the profession: what the person has learned. */
function qualifications(parts: readonly string[], run: Run): { at: number; value: Json }[] {
  const [degree, suffix] = [run.head(parts[6]), run.text(parts[20])]
  const known = degree === undefined ? undefined : run.translate('DegreeLicenseCertificate', degree)
  const coding = known && {
    system: degrees,
    code: known.code ?? degree,
    ...(known.display !== undefined && { display: known.display }),
  }
  return [
    ...(degree === undefined
      ? []
      : [{ at: 7, value: { code: { ...(coding && { coding: [coding] }), text: degree } } }]),
    ...(suffix === undefined || suffix === degree ? [] : [{ at: 21, value: { code: { text: suffix } } }]),
  ]
}

/** What a field says of the person, for the resource that it is. */
export function valuesOf({ said, id, system, display }: Person, run: Run): LinkedValue[] {
  const found: LinkedValue[] = []
  const position = run.context.lineage ? run.printed('') : undefined
  const spans = (places: Places) =>
    position === undefined ? [] : places.map(([fhir, v2]) => [fhir, position + v2] as const)
  if (id !== undefined && system !== undefined) {
    if (said.numbered?.system !== system) said.numbered = numberedOf(said, id, system, run)
    found.push({ path: 'identifier', value: said.numbered.value, spans: spans(said.numberAt) })
  }
  if (said.learned.length > 0)
    found.push({ path: 'qualification', value: said.learned, spans: spans(said.learnedAt) })
  if (display !== undefined) found.push({ path: 'name', value: said.name, spans: spans(said.nameAt) })
  return found
}

function numberedOf({ type }: Said, value: string, system: string, run: Run): Said['numbered'] & object {
  const coded = type === undefined ? {} : { type: typeCoding(type, run) }
  return { system, value: [{ ...coded, system, value }] }
}

const numberParts = [
  ['value', 1],
  ['system', 9],
  ['type', 13],
] as const

const nameParts = [
  ['use', 10],
  ['extension', 10],
  ['family', 2],
  ['_family', 2],
  ['given', 3],
  ['given', 4],
  ['prefix', 6],
  ['suffix', 5],
  ['suffix', 7],
  ['suffix', 21],
] as const
