// Properties of the mapper over made-up messages of every event (fast-check): nothing throws, nothing is lost, order within a
// group of independent segments says nothing.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalText } from '../../src/canonical/fhir-json.ts'
import { openSite } from '../../src/cli/reading.ts'
import { structureOf } from '../../src/hl7/structure.ts'
import { STRUCTURES } from '../../src/hl7/structures.generated.ts'
import { mapMessage } from '../../src/mappings/engine/compile.ts'
import { segments as fieldTypes } from '../../src/mappings/engine/v2.generated.ts'
import type { Json, Mapped } from '../../src/mappings/mapped.ts'
import { preview } from '../../src/pipeline/reading/preview.ts'
import { readPayload } from '../../src/pipeline/reading/receive.ts'
import { context, maps, parse, sources } from './fixture.ts'

const root = join(import.meta.dirname, '../..')

const atom = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('A', 'Y', 'N', '1', '20260302', '20260302091500', 'SEL', 'I', 'U', 'NM'),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ' ')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('""', '', 'GHH&2.16.840.1.113883.19.5.1&ISO', '__proto__', '\\T\\', '-0'),
  },
)
const repetition = fc.array(atom, { minLength: 1, maxLength: 9 }).map((parts) => parts.join('^'))
const field = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 5, arbitrary: repetition },
  { weight: 1, arbitrary: fc.array(repetition, { minLength: 2, maxLength: 3 }).map((all) => all.join('~')) },
)

const fieldsOf = (name: string): number => fieldTypes[name]?.split(' ').length ?? 5
const segmentOf = (name: string) =>
  fc.array(field, { maxLength: fieldsOf(name) }).map((fields) => [name, ...fields].join('|'))

const names = (event: string): string[] => {
  const [type = '', trigger = ''] = event.split('^')
  const structure = STRUCTURES[structureOf(type, trigger) ?? ''] ?? 'MSH PID'
  const found = [...structure.matchAll(/\b[A-Z][A-Z0-9]{2}\b(?!:)/g)].map(([name]) => name)
  return [...new Set(found)].filter((name) => name !== 'MSH')
}

/** Messages of any event, with segments of its structure in any order and some that are not in it. */
const message = fc
  .constantFrom(...maps.events)
  .chain((event) =>
    fc
      .array(
        fc
          .oneof(
            { weight: 9, arbitrary: fc.constantFrom(...names(event)) },
            { weight: 1, arbitrary: fc.constantFrom('ZPI', 'NTE', 'OBX', 'ROL', 'TXA') },
          )
          .chain(segmentOf),
        { maxLength: 12 },
      )
      .map((all) => [`MSH|^~\\&|ADT1|GHH|PORTICO|GHH|20260302090000||${event}|1|P|2.5.1`, ...all].join('\r')),
  )

const mapText = (text: string): Mapped => mapMessage(parse(text), maps, context)

const fieldAt = (position: string): string => position.replace(/^([A-Z0-9]{3}(?:\[\d+\])?-\d+).*$/s, '$1')

/** 'PV1-3' of every row that the maps of the program have, and what their conditions ask for. */
const named = new Set(
  sources.flatMap(({ rows }) =>
    rows.flatMap(({ v2, when = '' }) => [v2, ...(when.match(/[A-Z0-9]{3}-\d+/g) ?? [])].map(fieldAt)),
  ),
)

describe('a message of any event', () => {
  it('maps without throwing, twice to the same', () => {
    fc.assert(
      fc.property(message, (text) =>
        assert.equal(JSON.stringify(mapText(text)), JSON.stringify(mapText(text))),
      ),
      { numRuns: 500 },
    )
  })

  it('loses nothing: a valued field is read by some row or it is residue, and never both', () => {
    fc.assert(
      fc.property(message, (text) => {
        const { things, residue } = mapText(text)
        const left = new Set(residue)
        const read = new Set(
          things.flatMap(({ cells }) => cells.flatMap(({ spans }) => spans.map(({ v2 }) => fieldAt(v2)))),
        )
        for (const segment of parse(text).segments) {
          const name = segment.occurrence === 1 ? segment.name : `${segment.name}[${segment.occurrence}]`
          for (let number = 1; number <= segment.fieldCount; number++) {
            const raw = segment.raw(number) ?? ''
            const at = `${name}-${number}`
            if (raw === '' || raw === '""') assert.ok(!left.has(at), `${at} holds nothing`)
            else if (left.has(at)) assert.ok(!read.has(at), `${at} is read and left over`)
            else
              assert.ok(named.has(`${segment.name}-${number}`) || beside.has(segment.name), `${at} is lost`)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** Fields that a leaf reads beside its own (units), and the header, are accounted for by the leaf. */
const beside = new Set(['AIS', 'AIG', 'AIL', 'AIP', 'SCH', 'OBX', 'IN1'])

describe('the order of independent segments', () => {
  const { site, maps: siteMaps } = openSite(join(root, 'profiles/sites/demo/site.json'), {})
  const fixed = [
    'MSH|^~\\&|ADT1|RGH|PORTICO|RGH|20260303091000||ADT^A01^ADT_A01|P1|P|2.5.1',
    'EVN||20260303091000|||REG07^DIAZ^ANA|20260303090500',
    'PID|1||100002^^^RGH&2.16.840.1.113883.19.100.1&ISO^MR||BRANDT^THOMAS||19511123|M||||||||||A1^^^RGHACCT&2.16.840.1.113883.19.100.2&ISO^AN',
  ]
  const free = [
    'PD1||||1999999984^OKONKWO^GRACE^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
    'NK1|1|BRANDT^LISA|CHD^Child^HL70063',
    'PV1|1|I|3N^301^A^RGH|R^Routine^HL70007|||1234567893^LINDQVIST^ERIK^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI||||||||||||V1^^^RGHVN&2.16.840.1.113883.19.100.3&ISO^VN',
    'PV2|||HIP^Hip replacement^L',
    'AL1|1|DA^Drug^HL70127|PEN^Penicillin^L|SV^Severe^HL70128',
    'AL1|2|FA^Food^HL70127|NUT^Nuts^L',
    'DG1|1||M16.11^Osteoarthritis of hip^I10C|||A^Admitting^HL70052',
    'GT1|1||BRANDT^THOMAS||||||||SEL^Self^HL70063',
    'OBX|1|NM|8302-2^Body height^LN||181|cm|||||F',
  ]
  const made = (segments: readonly string[]): string => {
    const raw = Buffer.from([...fixed, ...segments].join('\r'))
    const receive = {
      site: () => site,
      maps: () => siteMaps,
      now: () => new Date('2026-03-03T09:10:00-06:00'),
      newControlId: () => 'X',
      lineage: true,
    }
    const read = readPayload({ raw, channel: 'file', peer: '' }, receive)
    assert.ok('items' in read)
    const { resources, results } = preview(read.items, site)
    assert.deepEqual(
      results.map(({ code }) => code),
      ['AA'],
    )
    return resources
      .map((each) => canonicalText(each as Json))
      .sort()
      .join('\n')
  }
  it('changes nothing of what a message makes, as long as lists keep theirs', () => {
    const expected = made(free)
    assert.ok(
      ['Condition', 'AllergyIntolerance', 'Observation', 'Encounter'].every((type) =>
        expected.includes(`"resourceType":"${type}"`),
      ),
    )
    fc.assert(
      fc.property(fc.shuffledSubarray(free, { minLength: free.length }), (shuffled) => {
        // A list is one statement: its entries keep their order among themselves.
        const lists = free.filter((each) => each.startsWith('AL1'))
        const ordered = shuffled.map((each) => (each.startsWith('AL1') ? (lists.shift() ?? each) : each))
        assert.ok(made(ordered) === expected, ordered.join(' '))
      }),
      { numRuns: 60 },
    )
  })
})
