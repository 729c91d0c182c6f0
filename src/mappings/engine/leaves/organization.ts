// Organizations named in passing (HL7 v2.9.1 chapter 2A XON, HD; FHIR R4 Organization).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { LinkedValue } from '../linked.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { authority, typeCoding } from './identifier.ts'

const at = {
  reference: mark('reference', '.1'),
  display: mark('display', '.1'),
  number: mark('value', '.10'),
  oldNumber: mark('value', '.3'),
}

function numberOf(parts: readonly string[], run: Run) {
  const id = run.text(parts[9]) ?? run.text(parts[2])
  const type = run.text(parts[6])
  const system = id === undefined ? undefined : authority(run.designator(parts[5]), type, run)
  return { id, type, system: system ?? run.localSystem('organization') }
}

function organization(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const name = run.line(parts[0] ?? '')
  const { id, system, type } = numberOf(parts, run)
  if (name === undefined && id === undefined) return undefined
  const party = { name, id, system, type }
  return meet(run, party, run.printed(parts[9] ? '.10' : '.3'), run.printed('.1'))
}

interface Party {
  readonly name: string | undefined
  readonly id: string | undefined
  readonly system: string
  readonly type?: string | undefined
}

/** `idAt` and `nameAt` are the v2 positions of number and name. */
function meet(run: Run, { name, id, system, type }: Party, idAt: string, nameAt: string): Json {
  const values: LinkedValue[] = []
  const spans = (path: string, v2: string) => (run.context.lineage ? [[path, v2] as const] : [])
  if (id !== undefined) {
    const coded = type === undefined ? {} : { type: typeCoding(type, run) }
    const value = [{ ...coded, system, value: id }]
    values.push({ path: 'identifier', value, spans: spans('[0].value', idAt) })
  }
  if (name !== undefined) values.push({ path: 'name', value: name, spans: spans('', nameAt) })
  const key = id === undefined ? `name|${(name ?? '').toUpperCase()}` : `${system}|${id}`
  const handle = run.linked.meet('Organization', [key], run.mention(), values)
  run.mark(at.reference)
  if (name === undefined) return { reference: `#${handle}` }
  run.mark(at.display)
  return { reference: `#${handle}`, display: name }
}

export const organizationLeaves: Leaves = {
  'XON[Organization]': {
    yields: 'Reference',
    links: 'Organization',
    reads: [1, 3, 6, 7, 10],
    read: organization,
  },
  /** IN1-10, the insured's employer as the payer numbers it, and its name in IN1-11. */
  'CX[Organization]': {
    yields: 'Reference',
    links: 'Organization',
    reads: [1, 4, 5],
    next: 1,
    read: (raw, run) => {
      const parts = run.parts(raw)
      const id = run.text(parts[0])
      const named = run.nextField(1)
      const name = named === undefined ? undefined : run.line(named)
      if (id === undefined) return undefined
      const system = authority(run.designator(parts[3]), run.text(parts[4]), run) ?? run.localSystem()
      const nameAt = `${run.position(1)}[1].1`
      return meet(run, { name, id, system, type: run.text(parts[4]) }, run.printed('.1'), nameAt)
    },
  },
  /** The name alone. */
  'XON[string]': { yields: 'string', byText: true, reads: [1], read: (raw, run) => run.line(raw) },
  /** The names after the first: what else the organization is called. */
  'XON[alias]': {
    yields: 'string',
    byText: true,
    reads: [1],
    read: (raw, run) => (run.repetition === 0 ? undefined : run.line(raw)),
  },
  /** The number of the organization: XON.10, before 2.5 XON.3. */
  'XON[Identifier]': {
    yields: 'Identifier',
    reads: [3, 6, 7, 10],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const { id, system, type } = numberOf(parts, run)
      if (id === undefined) return undefined
      run.mark(parts[9] ? at.number : at.oldNumber)
      return { ...(type !== undefined && { type: typeCoding(type, run) }), system, value: id }
    },
  },
  /** A code that names an organization of the source: PV1-39, FT1-13. */
  'CWE[Organization]': {
    yields: 'Reference',
    links: 'Organization',
    reads: [1, 2],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const id = run.text(parts[0])
      const name = run.text(parts[1])
      if (id === undefined && name === undefined) return undefined
      const nameAt = run.printed(name === undefined ? '.1' : '.2')
      return meet(run, { name: name ?? id, id, system: run.localCodes() }, run.printed('.1'), nameAt)
    },
  },
}
