// What FHIR has in another form than one field: the role of who takes part, an extension made of parts, a note with its author
// (HL7 v2.9.1 AIP-4, PID-26, NTE; FHIR R4 Appointment.participant.type, patient-citizenship, Annotation).
import { readDtm } from '../../../hl7/datetime.ts'
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { concept, conceptReads } from './code.ts'
import { readPerson } from './read-person.ts'

const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
/** Codes of v3-ParticipationType that senders write as they are, without saying of what system they are. */
const roles: ReadonlySet<string> = new Set(
  'ADM ATND CALLBCK CON DIS ESC REF PART PPRF SPRF PRF AUT ENT VRF RESP LOC DEV'.split(' '),
)
const text = mark('text', '.1')
const part = mark("extension('code').valueCodeableConcept", '')

/** A code of HL7 v3, a code of the sender, or words: 'attending physician' is no code. */
function role(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const [code, display, system] = [run.head(parts[0]), run.text(parts[1]), run.text(parts[2])]
  if (code === undefined || system !== undefined) return concept(raw, run)
  if (roles.has(code.toUpperCase())) {
    const made = concept(raw, run) as { readonly coding?: readonly object[]; readonly text?: string }
    const [, ...others] = made.coding ?? []
    const own = { system: participation, code: code.toUpperCase(), ...(display !== undefined && { display }) }
    return { ...made, coding: [own, ...others] as Json }
  }
  const isWords = /\s|[a-z]/.test(code) && display === undefined && parts.length === 1
  if (!isWords) return concept(raw, run)
  run.mark(text)
  return { text: code }
}

const note = {
  text: mark('text', ''),
  author: mark('authorReference.identifier.value', '.1', 2),
  named: mark('authorReference.display', '.2', 2),
  time: mark('time', '.1', 3),
}

/** NTE-3, its repetitions as lines, with who wrote it (NTE-5) and when (NTE-6). */
function annotation(run: Run): Json | undefined {
  const lines = (run.segment?.repetitions(run.field) ?? []).flatMap((each) => run.text(each) ?? [])
  if (lines.length === 0) return undefined
  run.mark(note.text)
  const sender = run.nextField(2)
  const author = sender === undefined || sender === '' ? undefined : readPerson(sender, run)
  const { id, system, display } = author ?? {}
  if (id !== undefined) run.mark(note.author)
  if (display !== undefined) run.mark(note.named)
  const sent = run.head(run.nextField(3))
  const dtm = sent === undefined ? undefined : readDtm(sent)
  if (dtm) run.mark(note.time)
  const who = {
    ...(id !== undefined && { identifier: { ...(system !== undefined && { system }), value: id } }),
    ...(display !== undefined && { display }),
  }
  return {
    ...((id ?? display) !== undefined && { authorReference: who }),
    ...(dtm && { time: run.dateTime(dtm).value }),
    text: lines.join('\n'),
  }
}

export const partLeaves: Leaves = {
  'CWE[ParticipationType]': { yields: 'CodeableConcept', reads: conceptReads, read: role },
  'FT[Annotation]': {
    yields: 'Annotation',
    reads: 'all',
    next: 3,
    joins: true,
    // Of a list each repetition is asked for: the first one says all.
    read: (_, run) => (run.repetition === 0 ? annotation(run) : undefined),
  },
  /** Each repetition is an extension of its own, with the code as a part of it. */
  'CWE[Extension-Code]': {
    yields: 'Extension',
    reads: conceptReads,
    read: (raw, run) => {
      const before = run.entered()
      const valueCodeableConcept = concept(raw, run)
      if (valueCodeableConcept === undefined) return undefined
      if (before) run.node = before
      run.mark(part)
      return { extension: [{ url: 'code', valueCodeableConcept }] }
    },
  },
}
