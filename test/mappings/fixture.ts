// What the mapping tests share: the maps of the program, a demo authority resolver, short ways to ask for cells.
import assert from 'node:assert/strict'
import { join, resolve } from 'node:path'
import { type Message, parseMessage } from '../../src/hl7/message.ts'
import { compileMaps, type MapSet, mapMessage } from '../../src/mappings/engine/compile.ts'
import type { Authority, Designator, MapContext } from '../../src/mappings/engine/context.ts'
import { loadMaps, loadTables } from '../../src/mappings/engine/load.ts'
import type { MapSource } from '../../src/mappings/engine/row.ts'
import type { Cell, Json, Mapped, Thing } from '../../src/mappings/mapped.ts'

export const base = resolve(import.meta.dirname, '../../src/mappings')
export const sources = loadMaps({ base })
export const tables = loadTables(join(base, 'tables'))
export const maps = compileMaps(sources, tables)

const known: Readonly<Record<string, string>> = {
  GHH: 'urn:oid:2.16.840.1.113883.19.5.1',
  NPI: 'http://hl7.org/fhir/sid/us-npi',
}

export function systems({ namespace, universalId, universalIdType }: Designator): Authority | undefined {
  if (universalId !== undefined && universalIdType === 'ISO') {
    const npi = universalId === '2.16.840.1.113883.4.6'
    return { system: npi ? (known.NPI ?? '') : `urn:oid:${universalId}`, registered: true }
  }
  if (namespace === undefined) return undefined
  const system = known[namespace]
  return system
    ? { system, registered: true }
    : { system: `urn:portico:aa:ADT1:${namespace}`, registered: false }
}

export const context: MapContext = {
  source: 'ADT1|GHH',
  zone: 'America/Chicago',
  currency: 'USD',
  systems,
  lineage: true,
}

export function parse(text: string): Message {
  const parsed = parseMessage(text)
  assert.ok('message' in parsed, 'the message of the test is one')
  return parsed.message
}

/** Maps the segments given, MSH of the event in front unless they begin with one. */
export function map(
  event: string,
  segments: readonly string[],
  over: Partial<MapContext> = {},
  set: MapSet = maps,
): Mapped {
  const msh = `MSH|^~\\&|ADT1|GHH|PORTICO|GHH|20260302090000||${event}|1|P|2.5.1`
  const text = [...(segments[0]?.startsWith('MSH') ? [] : [msh]), ...segments].join('\r')
  return mapMessage(parse(text), set, { ...context, ...over })
}

export function thing(mapped: Mapped, as: string): Thing {
  const found = mapped.things.find((one) => one.as === as)
  assert.ok(found, `${as} is among ${mapped.things.map((one) => one.as).join(', ')}`)
  return found
}

/** The cell of an element; of a field as well when several fields assert it. */
export function cell(from: Thing, path: string, field?: string): Cell | undefined {
  return from.cells.find((one) => one.path === path && (field === undefined || one.field === field))
}

/** JSON as it would be sent: decimals keep their digits. */
export function plain(value: Json | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}

export function value(from: Thing, path: string, field?: string): unknown {
  return plain(cell(from, path, field)?.value)
}

/** Segment with values at the field numbers given: segment('PV1', { 2: 'I' }) is PV1||I. */
export function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, i) => fields[i + 1] ?? '')].join('|')
}

export const pid = (fields: Readonly<Record<number, string>> = {}): string =>
  segment('PID', { 3: 'MRN1^^^GHH^MR', 5: 'DOE^JANE', ...fields })

/** The Patient of an A31 with these PID fields. */
export function patient(fields: Readonly<Record<number, string>>, over: Partial<MapContext> = {}): Thing {
  return thing(map('ADT^A31', [pid(fields)], over), 'patient')
}

/** A data type map or leaf by itself: what it makes of one repetition of a field that repeats (ZZT-1). */
export function typed(
  via: string,
  raw: string,
  { table, over, beside }: { table?: string; over?: Partial<MapContext>; beside?: string } = {},
): Mapped & { readonly value: unknown } {
  const own: MapSource[] = [
    {
      map: 'ZZT_Z01',
      events: ['ZZT^Z01'],
      rows: [{ v2: 'ZZT', fhir: 'Test', via: 'ZZT[Test]', as: 'test' }],
    },
    { map: 'ZZT[Test]', rows: [{ v2: 'ZZT-1', fhir: '$value', via, ...(table !== undefined && { table }) }] },
  ]
  const set = compileMaps([...sources, ...own], tables)
  const mapped = map('ZZT^Z01', [`ZZT|${raw}|${beside ?? ''}`], over, set)
  return { ...mapped, value: value(thing(mapped, 'test'), '$value') }
}
