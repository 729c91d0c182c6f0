// Identifiers (HL7 v2.9.1 chapter 2A CX, EI, HD; table 0203; FHIR R4 Identifier).
import { readDtm } from '../../../hl7/datetime.ts'
import type { Json } from '../../mapped.ts'
import type { Designator } from '../context.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { type MarkStep, mark } from '../trace.ts'
import { systemOf } from './code.ts'
import { numberSystem } from './number-system.ts'

export const identifierTypes = 'http://terminology.hl7.org/CodeSystem/v2-0203'
const checkDigitUrl = 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit'
const jurisdictionUrl = 'http://portico.example.org/StructureDefinition/jurisdiction'
const facilityUrl = 'http://portico.example.org/StructureDefinition/assigning-facility'

const marks = {
  value: mark('value', '.1'),
  checkDigit: mark(`extension('${checkDigitUrl}').valueString`, '.2'),
  system: mark('system', '.4'),
  assigner: mark('assigner.display', '.4.1'),
  type: mark('type.coding[0].code', '.5'),
  facility: mark(`extension('${facilityUrl}').valueString`, '.6'),
  jurisdiction: mark(`assigner.extension('${jurisdictionUrl}').valueCodeableConcept`, '.9'),
  department: mark(`assigner.extension('${jurisdictionUrl}').valueCodeableConcept`, '.10'),
  start: mark('period.start', '.7'),
  end: mark('period.end', '.8'),
  whole: mark('value', ''),
  eiSystem: mark('system', '.2'),
  eiUniversal: mark('system', '.3'),
}

/** The coding of an identifier type; the code as sent, whatever table 0203 says of it. */
export function typeCoding(code: string, run: Run): Json {
  const display = run.tables.get('IdentifierType')?.translate(code)?.display
  const system = identifierTypes
  return { coding: [display === undefined ? { system, code } : { system, code, display }] }
}

/**
 * The system of an authority; undefined when there is none. Who minted systems warns of them, not the map.
 */
export function authority(designator: Designator, type: string | undefined, run: Run): string | undefined {
  return run.context.systems(designator, type)?.system
}

type SystemOf = (designator: Designator, type: string | undefined, run: Run) => string | undefined

/** An Identifier; `systemOfNumber` says whose number it is, also of one without authority. */
export function cxOf(raw: string, run: Run, systemOfNumber: SystemOf): Json | undefined {
  const parts = run.parts(raw)
  const value = run.text(parts[0])
  if (value === undefined) return undefined
  const type = run.head(parts[4])
  const designator = run.designator(parts[3])
  const system = systemOfNumber(designator, type, run)
  run.mark(marks.value)
  if (designator.namespace !== undefined || designator.universalId !== undefined) run.mark(marks.system)
  if (type !== undefined) run.mark(marks.type)
  const period = parts.length > 6 ? validity(parts, run) : undefined
  const extension = parts.length > 1 ? extensions(parts, value, run) : undefined
  const made: Record<string, Json> = {}
  if (extension) made.extension = extension
  if (type !== undefined) made.type = typeCoding(type, run)
  if (system !== undefined) made.system = system
  made.value = value
  if (period) made.period = period
  return Object.assign(made, assignerOf(parts, designator.namespace, run))
}

/** Who assigned it: the authority by name, and where that rules (CX.9 state or country, CX.10 department). */
function assignerOf(parts: readonly string[], name: string | undefined, run: Run): Json & object {
  if (name !== undefined) run.mark(marks.assigner)
  if (parts.length <= 8) return name === undefined ? {} : { assigner: { display: name } }
  const rules = [
    ...(parts.length > 8 ? jurisdiction(parts[8], marks.jurisdiction, run) : []),
    ...(parts.length > 9 ? jurisdiction(parts[9], marks.department, run) : []),
  ]
  if (name === undefined && rules.length === 0) return {}
  return {
    assigner: {
      ...(rules.length > 0 && { extension: rules }),
      ...(name !== undefined && { display: name }),
    },
  }
}

function jurisdiction(raw: string | undefined, at: MarkStep, run: Run): Json[] {
  const [code, text, system] = run.subparts(raw ?? '').map((each) => run.text(each))
  if (code === undefined && text === undefined) return []
  run.mark(at)
  const uri = system === undefined ? undefined : systemOf(system, run)
  const coding = code === undefined ? undefined : { ...(uri !== undefined && { system: uri }), code }
  const concept = { ...(coding && { coding: [coding] }), ...(text !== undefined && { text }) }
  return [{ url: jurisdictionUrl, valueCodeableConcept: concept }]
}

function validity(parts: readonly string[], run: Run): Json | undefined {
  const start = day(parts[6], run)
  const end = day(parts[7], run)
  if (start !== undefined) run.mark(marks.start)
  if (end !== undefined) run.mark(marks.end)
  if (start === undefined && end === undefined) return undefined
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
}

export function day(raw: string | undefined, run: Run): string | undefined {
  const text = run.text(raw === undefined ? undefined : run.subparts(raw)[0])
  if (text === undefined) return undefined
  const dtm = readDtm(text)
  if (!dtm) return run.wrongType('a date', 'YYYYMMDD', 'W')
  return run.dateTime(dtm).value
}

function extensions(parts: readonly string[], value: string, run: Run): Json[] | undefined {
  const found: Json[] = []
  const digit = run.text(parts[1])
  if (digit !== undefined) {
    run.mark(marks.checkDigit)
    found.push({ url: checkDigitUrl, valueString: digit })
    verify(value, digit, run.text(parts[2]), run)
  }
  const facility = run.designator(parts[5])
  const named = facility.namespace ?? facility.universalId
  if (named !== undefined) {
    run.mark(marks.facility)
    found.push({ url: facilityUrl, valueString: named })
  }
  return found.length > 0 ? found : undefined
}

function verify(value: string, digit: string, scheme: string | undefined, run: Run): void {
  const expected = scheme === 'M10' ? mod10(value) : scheme === 'M11' ? mod11(value) : undefined
  if (expected === undefined || expected === digit) return
  run.issue({
    kind: 'data-type',
    severity: 'W',
    code: '0',
    app: 'CHECK-DIGIT',
    location: run.location(2),
    text: `${run.position()} check digit ${digit} does not fit ${scheme ?? ''} - send the identifier as issued`,
  })
}

/** Mod 10 of chapter 2A: odd digits from the right doubled as one number, the others put before it. */
export function mod10(value: string): string | undefined {
  if (!/^\d{1,18}$/.test(value)) return undefined
  let odd = ''
  let even = ''
  for (let i = value.length - 1; i >= 0; i -= 2) {
    odd = value.charAt(i) + odd
    even = (value[i - 1] ?? '') + even
  }
  let sum = 0
  for (const digit of even + String(BigInt(odd) * 2n)) sum += Number(digit)
  return String((10 - (sum % 10)) % 10)
}

/** Mod 11 of chapter 2A: weights 2 to 7 from the right; a remainder of 0 counts as 1, and 10 becomes 0. */
export function mod11(value: string): string | undefined {
  if (!/^\d{1,18}$/.test(value)) return undefined
  let sum = 0
  let weight = 2
  for (let i = value.length - 1; i >= 0; i--) {
    sum += Number(value.charAt(i)) * weight
    weight = weight === 7 ? 2 : weight + 1
  }
  return String((11 - (sum % 11 || 1)) % 10)
}

function ei(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const value = run.text(parts[0])
  if (value === undefined) return undefined
  // A CX in place of the EI: the authority is in one component.
  const inCx = run.subparts(parts[3] ?? '').length > 1 || (!parts[1] && !parts[2] && !!parts[3])
  const designator = inCx ? run.designator(parts[3]) : hd(parts, run)
  const type = inCx ? run.head(parts[4]) : undefined
  const system = authority(designator, type, run)
  run.mark(marks.value)
  if (designator.namespace !== undefined || designator.universalId !== undefined) {
    const named = designator.universalId === undefined ? marks.eiSystem : marks.eiUniversal
    run.mark(inCx ? marks.system : named)
  }
  if (type !== undefined) run.mark(marks.type)
  return {
    ...(type !== undefined && { type: typeCoding(type, run) }),
    ...(system !== undefined && { system }),
    value,
  }
}

function hd(parts: readonly string[], run: Run): Designator {
  const namespace = run.text(parts[1])
  const universalId = run.text(parts[2])
  const universalIdType = run.text(parts[3])
  return {
    ...(namespace !== undefined && { namespace }),
    ...(universalId !== undefined && { universalId }),
    ...(universalIdType !== undefined && { universalIdType }),
  }
}

const mbi =
  /^[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}$/
export const cxReads = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

export const identifierLeaves: Leaves = {
  /** Visit, account and payer numbers: without authority they belong to the source. */
  'CX[Identifier-Local]': {
    yields: 'Identifier',
    reads: cxReads,
    read: (raw, run) => cxOf(raw, run, numberSystem),
  },
  'EI[Identifier]': { yields: 'Identifier', reads: [1, 2, 3, 4, 5], read: ei },
  'CX[string]': { yields: 'string', reads: [1], read: (raw, run) => run.head(raw) },
  'HD[string]': {
    yields: 'string',
    reads: [1, 2, 3],
    coded: true,
    read: (raw, run) => {
      const parts = run.parts(raw)
      return run.text(parts[0]) ?? run.text(parts[1])
    },
  },
  /** DLN: number, issuing state, expiration. */
  'DLN[Identifier]': {
    yields: 'Identifier',
    reads: [1, 2, 3],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const value = run.text(parts[0])
      if (value === undefined) return undefined
      run.mark(marks.value)
      const state = run.text(parts[1])
      const end = day(parts[2], run)
      return {
        type: typeCoding('DL', run),
        system: run.localSystem(state === undefined ? 'DL' : `DL-${state}`),
        value,
        ...(end !== undefined && { period: { end } }),
        ...(state !== undefined && { assigner: { display: state } }),
      }
    },
  },
  /** IN2-6: dashes dropped; the present form (MBI) has a system of its own. */
  'ST[Identifier-Medicare]': {
    yields: 'Identifier',
    reads: [1],
    read: (raw, run) => {
      const value = run.head(raw)?.replace(/[\s-]/g, '').toUpperCase()
      if (value === undefined || value === '') return undefined
      run.mark(marks.whole)
      const system = mbi.test(value) ? 'http://hl7.org/fhir/sid/us-mbi' : run.localSystem()
      return { type: typeCoding('MC', run), system, value }
    },
  },
  'ST[Identifier-Local]': {
    yields: 'Identifier',
    reads: [1],
    read: (raw, run) => {
      const value = run.line(raw)
      if (value === undefined) return undefined
      run.mark(marks.whole)
      return { system: run.localSystem(), value }
    },
  },
}
