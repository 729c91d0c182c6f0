// What a filler says of an appointment: its status and how urgent it is (HL7 v2.9.1 chapter 10, tables 0278 and 0485).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { coded, translated } from './code.ts'

const at = { code: mark('code', '.1'), display: mark('display', '.2') }

/** The status a filler gave: as sent, and what it is in FHIR. */
function fillerStatus(raw: string, run: Run, severity: 'E' | 'W'): Json | undefined {
  const parts = run.parts(raw)
  const sent = run.text(parts[0])
  if (sent === undefined) return undefined
  const status = translated(raw, run, severity)
  const display = run.text(parts[1])
  run.mark(at.code)
  if (display !== undefined) run.mark(at.display)
  return {
    code: sent,
    ...(display !== undefined && { display }),
    ...(status !== undefined && { status }),
  }
}

// Appointment.priority as in iCalendar: 1 is highest, 5 normal, 9 lowest; codes of table 0485.
const priorities: Readonly<Record<string, number>> = { S: 1, T: 1, A: 3, R: 5, P: 5, C: 5, PRN: 9 }

export const fillerLeaves: Leaves = coded({
  'CWE[FillerStatus]': {
    yields: '',
    reads: [1, 2, 3],
    read: (raw, run) => fillerStatus(raw, run, 'E'),
  },
  'CWE[FillerStatus-Part]': {
    yields: '',
    reads: [1, 2, 3],
    read: (raw, run) => fillerStatus(raw, run, 'W'),
  },
  'CWE[priority]': {
    yields: 'unsignedInt',
    reads: [1],
    read: (raw, run) => {
      const sent = run.head(raw)?.toUpperCase()
      if (sent === undefined) return undefined
      const priority = priorities[sent] ?? (/^T[SMHDWL]\d+$/.test(sent) ? priorities.T : undefined)
      if (priority === undefined) run.unmapped(sent, 'ExtendedPriorityCodes', 'W')
      return priority
    },
  },
})
