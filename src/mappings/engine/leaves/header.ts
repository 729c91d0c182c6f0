// What the header says of the message itself (HL7 v2.9.1 chapter 2, MSH; chapter 2A HD, MSG, VID).
import type { Leaves } from '../leaf-type.ts'

export const headerLeaves: Leaves = {
  /** An application, facility or address: name, identifier, kind of identifier. */
  'HD[authority]': {
    yields: '',
    reads: [1, 2, 3],
    coded: true,
    read: (raw, run) => {
      const parts = run.parts(raw)
      const namespace = run.text(parts[0])
      const universalId = run.text(parts[1])
      const universalIdType = run.text(parts[2])
      if (namespace === undefined && universalId === undefined) return undefined
      return {
        ...(namespace !== undefined && { namespace }),
        ...(universalId !== undefined && { universalId }),
        ...(universalIdType !== undefined && { universalIdType }),
      }
    },
  },
  /** ADT^A01^ADT_A01 as it stands. */
  'MSG[type]': {
    yields: 'string',
    reads: [1, 2, 3],
    coded: true,
    read: (raw, run) =>
      run
        .parts(raw)
        .map((part) => run.text(part) ?? '')
        .join('^'),
  },
  /** 2.5.1; country and version of a translation have no destination. */
  'VID[string]': { yields: 'string', reads: [1], coded: true, read: (raw, run) => run.head(raw) },
  /** The value of an identifier that nobody looks up: of a profile. */
  'EI[string]': {
    yields: 'string',
    byText: true,
    reads: [1, 2, 3, 4],
    read: (raw, run) => {
      const parts = run.parts(raw)
      return run.text(parts[0]) ?? run.text(parts[2]) ?? run.text(parts[1])
    },
  },
}
