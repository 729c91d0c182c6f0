// Locations (HL7 v2.9.1 chapter 2A PL, DLD; FHIR R4 Location with its partOf chain).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { LinkedValue } from '../linked.ts'
import type { Run } from '../run.ts'
import { urnPart } from '../run.ts'
import { mark } from '../trace.ts'

const physicalTypes = 'http://terminology.hl7.org/CodeSystem/location-physical-type'
const at = { reference: mark('reference', ''), display: mark('display', '') }

/** One level of the chain, coarsest first. */
interface Level {
  readonly system: string
  readonly value: string
  readonly name: string
  readonly physical: readonly [code: string, display: string] | undefined
  readonly v2: string
}

/** The levels of a PL that are valued: facility, building, floor, point of care, room, bed. */
function levels(parts: readonly string[], run: Run): Level[] {
  const [care, room, bed] = [run.text(parts[0]), run.text(parts[1]), run.text(parts[2])]
  const designator = run.designator(parts[3])
  const sent = designator.namespace ?? designator.universalId
  const facility = sent ?? run.facility
  const [building, floor] = [run.text(parts[6]), run.text(parts[7])]
  const system = `urn:portico:location:${urnPart(facility)}`
  const found: Level[] = []
  if (sent !== undefined) {
    const physical = ['si', 'Site'] as const
    found.push({ system: 'urn:portico:facility', value: sent, name: sent, physical, v2: '.4' })
  }
  if (building !== undefined) {
    const physical = ['bu', 'Building'] as const
    found.push({ system: `${system}:building`, value: building, name: building, physical, v2: '.7' })
  }
  if (floor !== undefined) {
    const value = building === undefined ? floor : `${building}-${floor}`
    found.push({ system: `${system}:floor`, value, name: floor, physical: ['lvl', 'Level'], v2: '.8' })
  }
  const named = [care, room, bed]
  const kinds = [undefined, ['ro', 'Room'], ['bd', 'Bed']] as const
  named.forEach((name, index) => {
    if (name === undefined) return
    const value = named
      .slice(0, index + 1)
      .map((part) => part ?? '')
      .join('-')
    const physical = kinds[index] ?? (parts[5] === 'N' ? (['wa', 'Ward'] as const) : undefined)
    found.push({ system, value, name, physical, v2: `.${index + 1}` })
  })
  const described = found.length === 0 ? run.text(parts[8]) : undefined
  if (described !== undefined) {
    // A place that is told of in words alone is known by them.
    found.push({ system: `${system}:name`, value: described, name: described, physical: undefined, v2: '.9' })
  }
  return found
}

function location(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const chain = levels(parts, run)
  const mention = run.mention()
  let parent: string | undefined
  let last: Level | undefined
  chain.forEach((level, index) => {
    const finest = index === chain.length - 1
    const values = cells(level, parent, finest ? parts : undefined, run)
    parent = run.linked.meet('Location', [`${level.system}|${level.value}`], mention, values)
    last = level
  })
  if (parent === undefined || !last) return undefined
  run.mark(at.reference)
  run.mark(at.display)
  return { reference: `#${parent}`, display: last.value }
}

function cells(level: Level, parent: string | undefined, parts: readonly string[] | undefined, run: Run) {
  const from = (v2: string, ...paths: string[]) =>
    run.context.lineage ? paths.map((path) => [path, run.printed(v2)] as const) : []
  const found: LinkedValue[] = [
    {
      path: 'identifier',
      value: [{ system: level.system, value: level.value }],
      spans: from(level.v2, '[0].system', '[0].value'),
    },
    { path: 'name', value: level.name, spans: from(level.v2, '') },
    { path: 'mode', value: 'instance', spans: from(level.v2, '') },
  ]
  if (level.physical) {
    const [code, display] = level.physical
    const value = { coding: [{ system: physicalTypes, code, display }] }
    found.push({ path: 'physicalType', value, spans: from(level.v2, '') })
  }
  if (parent !== undefined) {
    found.push({ path: 'partOf', value: { reference: `#${parent}` }, spans: from(level.v2, '') })
  }
  const description = run.text(parts?.[8])
  if (description !== undefined) {
    found.push({ path: 'description', value: description, spans: from('.9', '') })
  }
  const kind = run.text(parts?.[5])
  if (kind !== undefined) {
    const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0305', code: kind }]
    found.push({ path: 'type', value: [{ coding }], spans: from('.6', '[0].coding[0].code') })
  }
  return found
}

/** A resource by the source's own code and text. */
function named(type: 'Location' | 'Device', raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const code = run.text(parts[0])
  const name = run.text(parts[1]) ?? code
  const value = code ?? name
  if (value === undefined || name === undefined) return undefined
  const system = run.localSystem()
  const nameAt = run.printed(run.text(parts[1]) === undefined ? '.1' : '.2')
  const called: LinkedValue =
    type === 'Location'
      ? { path: 'name', value: name, spans: [['', nameAt]] }
      : {
          path: 'deviceName',
          value: [{ name, type: 'user-friendly-name' }],
          spans: [['[0].name', nameAt]],
        }
  const values = [
    {
      path: 'identifier',
      value: [{ system, value }],
      spans: [['[0].value', code === undefined ? nameAt : run.printed('.1')]],
    },
    called,
  ]
  const handle = run.linked.meet(type, [`${system}|${value}`], run.mention(), values as LinkedValue[])
  run.mark(at.reference)
  run.mark(at.display)
  return { reference: `#${handle}`, display: name }
}

export const placeLeaves: Leaves = {
  /** Makes the chain bed < room < point of care < floor < building < facility and points to the finest. */
  'PL[Location]': { yields: 'Reference', links: 'Location', reads: [1, 2, 3, 4, 6, 7, 8, 9], read: location },
  /** AIG-3 that names a place: a location that only the source knows. */
  'CWE[Location]': {
    yields: 'Reference',
    links: 'Location',
    reads: [1, 2],
    read: (raw, run) => named('Location', raw, run),
  },
  /** AIG-3 that names a thing. */
  'CWE[Device]': {
    yields: 'Reference',
    links: 'Device',
    reads: [1, 2],
    read: (raw, run) => named('Device', raw, run),
  },
  /** DLD.1, a code of table 0113 with its name: a location that only the source knows. */
  'DLD[Location]': {
    yields: 'Reference',
    links: 'Location',
    reads: [1],
    read: (raw, run) => {
      const value = run.head(raw)
      if (value === undefined) return undefined
      const system = run.localSystem('0113')
      const name = run.text(run.subparts(run.parts(raw)[0] ?? '')[1]) ?? value
      const values: LinkedValue[] = [
        { path: 'identifier', value: [{ system, value }], spans: [['[0].value', run.printed('.1')]] },
        { path: 'name', value: name, spans: [['', run.printed('.1')]] },
      ]
      const handle = run.linked.meet('Location', [`${system}|${value}`], run.mention(), values)
      run.mark(at.reference)
      return { reference: `#${handle}`, display: name }
    },
  },
}
