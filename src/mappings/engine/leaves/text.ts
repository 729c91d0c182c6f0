// Text, booleans and what stands for them (HL7 v2.9.1 chapter 2A: ST, TX, FT, ID, IS; FHIR R4 primitives).
import type { Leaves } from '../leaf-type.ts'
import { mark } from '../trace.ts'

const group = 'http://terminology.hl7.org/CodeSystem/coverage-class'
const value = mark('value', '')
const name = mark('name', '.1', 1)
const groupType = { coding: [{ system: group, code: 'group', display: 'Group' }] }

export const textLeaves: Leaves = {
  'ST[string]': {
    yields: 'string',
    byText: true,
    reads: [1],
    whole: true,
    read: (raw, run) => run.line(raw),
  },
  // Senders break lines with repetitions, with \.br\ and with further segments; all become lines of one text.
  'FT[string]': {
    yields: 'string',
    byText: true,
    reads: 'all',
    lines: true,
    read: (raw, run) => run.text(raw),
  },
  'ID[boolean]': {
    yields: 'boolean',
    reads: [1],
    coded: true,
    read: (raw, run) => {
      const text = run.head(raw)?.toUpperCase()
      if (text === undefined) return undefined
      if (text === 'Y' || text === 'YES' || text === '1' || text === 'T' || text === 'TRUE') return true
      if (text === 'N' || text === 'NO' || text === '0' || text === 'F' || text === 'FALSE') return false
      if (text !== 'U' && text !== 'UNKNOWN') run.unmapped(text, 'YesNoIndicator', 'W')
      return undefined
    },
  },
  /** IN1-8 and its name IN1-9 (XON.1): Coverage.class of type group. */
  'ST[Coverage.class]': {
    yields: 'Coverage.class',
    byText: true,
    reads: [1],
    next: 1,
    read: (raw, run) => {
      const number = run.line(raw)
      if (number === undefined) return undefined
      run.mark(value)
      const named = run.nextField(1)
      const text = named === undefined ? undefined : run.line(named)
      if (text === undefined) return { type: groupType, value: number }
      run.mark(name)
      return { type: groupType, value: number, name: text }
    },
  },
}
