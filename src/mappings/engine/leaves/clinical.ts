// Codes and values of diagnoses, procedures, allergies and observations that lie in several fields (HL7 v2.9.1
// chapters 3, 6 and 7: DG1, PR1, AL1, IAM, OBX; chapter 2A JCC).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { concept, conceptReads, systemOf } from './code.ts'

const at = {
  method: mark('coding[0].system', '.1', -1),
  description: mark('text', '.1', 1),
  job: mark('coding[0].code', '.1'),
  manifestation: mark('manifestation[0].text', ''),
  severity: mark('severity', '.1', -1),
}

interface Concept {
  readonly coding?: readonly { readonly system?: string }[]
  readonly text?: string
}

/** The code with the system that the field before it names; the field after it describes it, in more words than its display. */
function methodical(raw: string, run: Run): Json | undefined {
  const made = concept(raw, run) as Concept | undefined
  if (!made) return undefined
  const [first, ...others] = made.coding ?? []
  const method = run.head(run.nextField(-1))
  const unnamed = run.text(run.parts(raw)[2]) === undefined
  const system = method !== undefined && unnamed && first ? systemOf(method, run) : undefined
  if (system !== undefined) run.mark(at.method)
  const next = run.nextField(1)
  const described =
    next === undefined || run.text(run.parts(raw)[8]) !== undefined ? undefined : run.line(next)
  const text = described ?? made.text
  if (described !== undefined) run.mark(at.description)
  return {
    ...(made.coding && {
      coding: (system === undefined ? made.coding : [{ ...first, system }, ...others]) as Json,
    }),
    ...(text !== undefined && { text }),
  }
}

/** OBX-5 of types that have no value of their own in FHIR: names, addresses, identifiers as one line. */
function line(raw: string, run: Run): string | undefined {
  const text = run.message
    .components(raw)
    .flatMap((part) => run.subparts(part))
    .map((part) => run.text(part))
    .filter((part) => part !== undefined)
    .join(' ')
  return text === '' ? undefined : text
}

export const clinicalLeaves: Leaves = {
  /** DG1-3 and PR1-3: DG1-2 may name the coding system (2.2 to 2.4), DG1-4 the description. */
  'CWE[CodeableConcept-Method]': {
    yields: 'CodeableConcept',
    byText: true,
    reads: conceptReads,
    before: 1,
    next: 1,
    read: methodical,
  },
  /** Job code, job class, description. */
  'JCC[CodeableConcept]': {
    yields: 'CodeableConcept',
    reads: [1, 2, 3],
    coded: true,
    read: (raw, run) => {
      const parts = run.parts(raw)
      const codes = [parts[0], parts[1]].map((part) =>
        part === undefined ? undefined : run.text(run.subparts(part)[0]),
      )
      const coding = codes.flatMap((code, index) => {
        const system = run.localSystem(index === 0 ? '0327' : '0328')
        return code === undefined ? [] : [{ system, code: code.replace(/\s+/g, ' ') }]
      })
      const text = run.text(parts[2])
      if (coding.length === 0 && text === undefined) return undefined
      run.mark(at.job)
      return { ...(coding.length > 0 && { coding }), ...(text !== undefined && { text }) }
    },
  },
  /** AL1-5 and IAM-5 with the severity in the field before: FHIR has no severity without a manifestation. */
  'ST[AllergyIntolerance.reaction]': {
    yields: 'AllergyIntolerance.reaction',
    byText: true,
    reads: [1],
    before: 1,
    read: (raw, run) => {
      const text = run.line(raw)
      if (text === undefined) return undefined
      run.mark(at.manifestation)
      const sent = run.head(run.nextField(-1))
      const severity = sent === undefined ? undefined : run.translate(run.table, sent)?.code
      if (severity !== undefined) run.mark(at.severity)
      return { manifestation: [{ text }], ...(severity !== undefined && { severity }) }
    },
  },
  /** A value of any type as text; repetitions become lines. */
  'ST[string-Lines]': { yields: 'string', byText: true, reads: 'all', lines: true, read: line },
}
