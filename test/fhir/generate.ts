// Random FHIR elements from the definitions, seeded: each property may be there or not, values come from
// small pools.
import { ELEMENTS, VALUE_SETS } from '../../src/fhir/definitions.ts'
import { type Field, fieldsOf } from '../../src/fhir/elements.ts'
import type { JsonObject } from '../../src/fhir/types.ts'

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const POOLS: Readonly<Record<string, readonly unknown[]>> = {
  boolean: [true, false],
  integer: [-2, 0, 1, 7],
  positiveInt: [1, 2],
  unsignedInt: [0, 3],
  decimal: [-1, 0, 1.5, 2, 100],
  date: ['2019', '2020-02', '2020-02-29', '2021-03-01'],
  dateTime: ['2019', '2020-02-29', '2020-02-29T10:00:00Z', '2021-03-01T00:00:00-06:00'],
  instant: ['2020-02-29T10:00:00Z', '2021-03-01T00:00:00.123-06:00'],
  time: ['10:00:00', '23:59:59'],
  id: ['a', 'b-1'],
  code: ['home', 'booked', 'cancelled', 'day', '1', 'data-changed', 'periodic'],
  uri: ['http://unitsofmeasure.org', 'http://example.org/a', 'urn:oid:1.2.3'],
  url: ['http://example.org/b'],
  canonical: ['http://example.org/c|1'],
  oid: ['urn:oid:1.2.3'],
  uuid: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
  base64Binary: ['YQ=='],
  string: ['Eve', "O'Brien", 'home', 'phone'],
  markdown: ['*x*'],
  'System.String': ['e1'],
  xhtml: ['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'],
}

export class Generator {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = random(seed)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#next() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  chance(probability: number): boolean {
    return this.#next() < probability
  }

  /** An element of a type, with at least one property; nested `depth` levels at most. */
  element(type: string, depth: number): JsonObject {
    const result: JsonObject = ELEMENTS[type]?.kind === 'resource' ? { resourceType: type } : {}
    const rows = Object.entries(ELEMENTS[type]?.elements ?? {}).filter(([name]) => !SKIPPED.has(name))
    const required = rows.filter(([, row]) => row.min).map(([name]) => name)
    const names = rows.map(([name]) => name)
    const wanted = 1 + Math.floor(this.#next() * Math.min(names.length, 8))
    const picked = [...required, ...Array.from({ length: wanted }, () => this.pick(names))]
    for (const name of picked) {
      const fields = fieldsOf(type, name.replace('[x]', ''))
      if (fields.some((each) => result[each.json] !== undefined)) continue
      const field = this.pick(fields)
      const value = this.value(field, depth)
      if (value !== undefined) result[field.json] = field.repeats ? [value] : value
    }
    return Object.keys(result).length > 0 ? result : { id: 'e1' }
  }

  value(field: Field, depth: number): unknown {
    const [strength, url] = field.row.binding ?? []
    const codes =
      strength === 'required' && url ? VALUE_SETS[url]?.flatMap((group) => group.codes) : undefined
    if (codes && field.type === 'code' && this.chance(0.8)) return this.pick(codes)
    const pool = POOLS[field.type]
    if (pool) return this.pick(pool)
    if (field.type === 'Reference') return this.#reference(field)
    if (depth <= 0 || !ELEMENTS[field.type] || field.type === 'Extension') return undefined
    return this.element(field.type, depth - 1)
  }

  #reference(field: Field): JsonObject {
    const targets = field.row.targets ?? ['Patient', 'Appointment', 'Account']
    if (this.chance(0.1)) return { identifier: { system: 'http://example.org/a', value: '1' } }
    return { reference: `${this.pick(targets)}/${this.pick(['1', 'b-2'])}` }
  }
}

const SKIPPED = new Set([
  'id',
  'extension',
  'modifierExtension',
  'contained',
  'implicitRules',
  'text',
  'meta',
])
