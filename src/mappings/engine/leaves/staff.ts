// What master files say of staff (HL7 v2.9.1 chapter 2A PLN, SPD; chapter 15 STF, PRA).
import type { Leaves } from '../leaf-type.ts'
import { mark } from '../trace.ts'
import { authority, cxOf, cxReads, day, typeCoding } from './identifier.ts'
import { staff } from './read-person.ts'

const marks = {
  value: mark('value', '.1'),
  type: mark('type.coding[0].code', '.2'),
  text: mark('text', '.1'),
}

export const staffLeaves: Leaves = {
  /** The number of a licence or register; its type says who has issued it (table 0338). */
  'PLN[Identifier]': {
    yields: 'Identifier',
    reads: [1, 2, 3, 4],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const value = run.text(parts[0])
      if (value === undefined) return undefined
      const [type, state] = [run.head(parts[1]), run.text(parts[2])]
      const issuer = state === undefined ? type : `${type ?? ''}-${state}`
      const system =
        (issuer === undefined ? undefined : authority({ namespace: issuer }, type, run)) ?? run.localSystem()
      const end = day(parts[3], run)
      run.mark(marks.value)
      if (type !== undefined) run.mark(marks.type)
      return {
        ...(type !== undefined && { type: typeCoding(type, run) }),
        system,
        value,
        ...(end !== undefined && { period: { end } }),
        ...(state !== undefined && { assigner: { display: state } }),
      }
    },
  },
  /** The key of a staff directory, in MFE and in the record itself. */
  'ST[Identifier-Staff]': {
    yields: 'Identifier',
    reads: [1],
    read: (raw, run) => {
      const value = run.head(raw)
      if (value === undefined) return undefined
      run.mark(marks.value)
      return { system: run.localSystem(staff), value }
    },
  },
  /** STF-2: a number without authority is the source's own, as STF-1 is. */
  'CX[Identifier-Staff]': {
    yields: 'Identifier',
    reads: cxReads,
    read: (raw, run) =>
      cxOf(raw, run, (designator, type) => authority(designator, type, run) ?? run.localSystem(staff)),
  },
  /** A specialty is a name; who has certified it is kept with the message. */
  'SPD[CodeableConcept]': {
    yields: 'CodeableConcept',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const text = run.text(run.parts(raw)[0])
      if (text === undefined) return undefined
      run.mark(marks.text)
      return { text }
    },
  },
}
