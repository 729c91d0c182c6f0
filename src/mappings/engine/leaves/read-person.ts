// A person as XCN and the like say it: number, authority, name, degrees (HL7 v2.9.1 chapter 2A XCN; FHIR R4 HumanName,
// Practitioner.qualification).
import { readDtm, toFhirDateTime } from '../../../hl7/datetime.ts'
import type { Json } from '../../mapped.ts'
import type { LinkedValue } from '../linked.ts'
import type { Run } from '../run.ts'
import { authority, typeCoding } from './identifier.ts'

export interface Person {
  readonly id: string | undefined
  readonly system: string | undefined
  readonly type: string | undefined
  readonly name: { readonly [key: string]: Json }
  readonly display: string | undefined
}

export function readPerson(parts: readonly string[], run: Run): Person {
  const family = run.text(run.subparts(parts[1] ?? '')[0])
  const given = [run.text(parts[2]), run.text(parts[3])].filter((name) => name !== undefined)
  const prefix = run.text(parts[5])
  const suffix = [run.text(parts[4]), run.text(parts[6]), run.text(parts[20])].filter(
    (name) => name !== undefined,
  )
  const kind = run.text(parts[9])
  const use = kind === undefined ? undefined : run.translate('NameType', kind)?.code
  const id = run.text(parts[0])
  const type = run.text(parts[12])
  const period = parts.length > 16 ? validity(parts, run) : undefined
  return {
    id,
    type,
    system: id === undefined ? undefined : systemOf(parts, type, run),
    name: {
      ...(use !== undefined && { use }),
      ...(family !== undefined && { family }),
      ...(given.length > 0 && { given }),
      ...(prefix !== undefined && { prefix: [prefix] }),
      ...(suffix.length > 0 && { suffix }),
      ...(period && { period }),
    },
    display: displayOf(family, given),
  }
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
  return dtm && toFhirDateTime(dtm, run.context.zone, run.context.messageOffset).value
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
export function valuesOf(person: Person, parts: readonly string[], run: Run): LinkedValue[] {
  const found: LinkedValue[] = []
  const spans = (list: readonly (readonly [fhir: string, component: number])[]) =>
    run.context.lineage
      ? list
          .filter(([, component]) => run.text(parts[component - 1]) !== undefined)
          .map(([fhir, component]) => [fhir, run.printed(`.${component}`)] as const)
      : []
  const { id, system, type, name, display } = person
  if (id !== undefined && system !== undefined) {
    const coded = type === undefined ? {} : { type: typeCoding(type, run) }
    const from = spans([
      ['[0].value', 1],
      ['[0].system', 9],
      ['[0].type', 13],
    ])
    found.push({ path: 'identifier', value: [{ ...coded, system, value: id }], spans: from })
  }
  const learned = qualifications(parts, run)
  if (learned.length > 0) {
    const from = learned.map(({ at }, i) => [`[${i}].code.text`, at] as const)
    found.push({ path: 'qualification', value: learned.map(({ value }) => value), spans: spans(from) })
  }
  if (display !== undefined) {
    const from = nameParts
      .filter(([key]) => name[key] !== undefined)
      .map(([key, at]) => [`[0].${key}`, at] as const)
    found.push({ path: 'name', value: [name], spans: spans(from) })
  }
  return found
}

const nameParts = [
  ['use', 10],
  ['family', 2],
  ['given', 3],
  ['given', 4],
  ['prefix', 6],
  ['suffix', 5],
  ['suffix', 7],
  ['suffix', 21],
] as const
