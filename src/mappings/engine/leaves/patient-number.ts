// Numbers of patients, social security numbers among them (HL7 v2.9.1 chapter 3 PID-3, PID-19; semantics, section 1).
import { EVIDENCE_TYPES } from '../../../hl7/identifier-types.ts'
import type { Json } from '../../mapped.ts'
import type { Designator } from '../context.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { authority, cxOf, cxReads, typeCoding } from './identifier.ts'

const ssnSystem = 'http://hl7.org/fhir/sid/us-ssn'
const whole = mark('value', '')

/** Values that senders use for 'no number' (semantics: evidence, never identity). */
function isSsnFiller(digits: string): boolean {
  return (
    /^(\d)\1{8}$/.test(digits) || digits.startsWith('000') || digits === '999999999' || digits === '123456789'
  )
}

const digitsOf = (text: string | undefined): string => text?.replace(/[\s-]/g, '') ?? ''

/** Without authority a number that decides nothing is the source's own; one that does has no system. '' is no type. */
function systemOf(designator: Designator, type: string | undefined, run: Run): string | undefined {
  const known = authority(designator, type ?? '', run)
  return known === undefined && type !== undefined && EVIDENCE_TYPES.has(type) ? run.localSystem(type) : known
}

/** A social security number without authority is that of PID-19. */
function patientNumber(raw: string, run: Run): Json | undefined {
  const made = cxOf(raw, run, systemOf) as Readonly<Record<string, Json>> | undefined
  if (typeof made?.system !== 'string' || !made.system.endsWith(':SS')) return made
  const digits = digitsOf(String(made.value))
  if (!/^\d{9}$/.test(digits) || made.system !== run.localSystem('SS')) return made
  return isSsnFiller(digits) ? undefined : { ...made, system: ssnSystem, value: digits }
}

export const patientNumberLeaves: Leaves = {
  /** A patient's identifier: without authority it has no system, for a wrong guess joins two people. */
  'CX[Identifier]': { yields: 'Identifier', reads: cxReads, read: patientNumber },
  /** PID-19 and the like: digits only, known fillers dropped. */
  'ST[Identifier-SSN]': {
    yields: 'Identifier',
    reads: [1],
    read: (raw, run) => {
      const digits = digitsOf(run.head(raw))
      if (digits === '' || isSsnFiller(digits)) return undefined
      run.mark(whole)
      return { use: 'official', type: typeCoding('SS', run), system: ssnSystem, value: digits }
    },
  },
}
