// Mapping whole messages: presence, lineage, residue, and what holds for any message (semantics, section 6).
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseMessage } from '../../src/hl7/message.ts'
import { readPath } from '../../src/hl7/path.ts'
import { mapMessage } from '../../src/mappings/engine/compile.ts'
import type { Json, Mapped } from '../../src/mappings/mapped.ts'
import { shared } from '../shared.ts'
import { cell, context, map, maps, patient, pid, segment, thing, value } from './fixture.ts'

function textsUnder(folder: string): { readonly name: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) => statSync(join(folder, file)).isFile() && !file.endsWith('.md') && !file.endsWith('.csv'),
    )
    .sort()
    .map((file) => ({ name: file, text: readFileSync(join(folder, file), 'utf8') }))
}

const samples = textsUnder(resolve(import.meta.dirname, '../../samples'))
const corpus = textsUnder(shared('corpus'))

function mapText(text: string, lineage = true): Mapped | undefined {
  const parsed = parseMessage(text)
  return 'message' in parsed ? mapMessage(parsed.message, maps, { ...context, lineage }) : undefined
}

describe('presence', () => {
  it('of a field that is absent or empty makes no cell', () => {
    const made = patient({ 13: '', 16: '' })
    assert.equal(cell(made, 'telecom'), undefined)
    assert.equal(cell(made, 'maritalStatus'), undefined)
  })
  it('of "" makes a cell that deletes', () => {
    const made = patient({ 13: '""', 16: '""', 11: '""^""' })
    assert.deepEqual(
      ['telecom', 'maritalStatus'].map((path) => [cell(made, path)?.value, cell(made, path)?.location]),
      [
        [null, 'PID^1^13'],
        [null, 'PID^1^16'],
      ],
    )
    assert.equal(cell(made, 'address'), undefined)
  })
  it('of "" in the first component and nothing else deletes as well', () => {
    assert.equal(cell(patient({ 11: '""^^^' }), 'address')?.value, null)
  })
  it('of "" among other repetitions is ignored with a warning', () => {
    const mapped = map('ADT^A31', [pid({ 13: '(217)555-0134~""' })])
    assert.equal((value(thing(mapped, 'patient'), 'telecom') as unknown[]).length, 1)
    assert.deepEqual(
      mapped.issues.map(({ kind, severity, location }) => [kind, severity, location]),
      [['repetition', 'W', 'PID^1^13^2']],
    )
  })
  it('of an empty field deletes when the source says so', () => {
    const over = { emptyMeansDelete: new Set(['PID-16']) }
    assert.equal(cell(patient({ 16: '', 17: 'CHR' }, over), 'maritalStatus')?.value, null)
    assert.equal(cell(patient({ 13: '', 17: 'CHR' }, over), 'telecom'), undefined)
  })
  it('of a condition that does not hold makes no cell, not even to delete', () => {
    assert.equal(cell(patient({ 29: '20260301', 30: '""' }), 'deceasedBoolean'), undefined)
  })
})

describe('locations', () => {
  it('name segment, occurrence and field, the repetition when it is not the first', () => {
    const mapped = map('ADT^A31', [pid({ 8: 'X', 5: 'A^B~C^D^^^^^QQ' })])
    assert.deepEqual(mapped.issues.map((issue) => issue.location).sort(), ['PID^1^5^2', 'PID^1^8'])
  })
})

/** Value at a span's path inside its thing; undefined when the path leads nowhere. */
function reach(path: string, cellPath: string, from: Json): unknown {
  if (!path.startsWith(cellPath)) return undefined
  const steps = path.slice(cellPath.length).match(/\[\d+\]|extension\('[^']*'\)|[\w]+/g) ?? []
  let at: unknown = from
  for (const step of steps) {
    if (at === null || typeof at !== 'object') return undefined
    const list = Array.isArray(at) ? at : undefined
    const inner = /^extension\('(.*)'\)$/.exec(step)?.[1]
    if (inner !== undefined) {
      at = (at as { extension?: { url: string }[] }).extension?.find((one) => one.url === inner)
    } else if (step.startsWith('[')) at = list?.[Number(step.slice(1, -1))]
    else at = (at as Record<string, unknown>)[step]
  }
  return at
}

describe('lineage', () => {
  it('leads from each value to where it was read and by which row', () => {
    const mapped = map('ADT^A31', [
      pid({ 5: 'DOE^JANE^ANN~ROE^JANE', 11: '1 X^^Y', 12: 'SANGAMON' }),
      'NK1|1|A^B',
      'NK1|2|C^D',
    ])
    const spans = mapped.things.flatMap((one) =>
      one.cells.flatMap((each) =>
        each.spans.map(({ fhir, v2, row }) => `${one.as} ${fhir} < ${v2} < ${row}`),
      ),
    )
    for (const expected of [
      'patient name[0].given[1] < PID-5[1].3 < XPN[HumanName]#9',
      'patient name[1].family < PID-5[2].1.1 < XPN[HumanName]#3',
      'patient identifier[0].system < PID-3[1].4 < PID[Patient]#2',
      'patient address[0].district < PID-12[1] < PID[Patient]#14',
      'contact:2 name.family < NK1[2]-2[1].1.1 < XPN[HumanName]#3',
      'message $messageTime < MSH-7[1] < MSH[Message]#1',
    ]) {
      assert.ok(spans.includes(expected), `${expected} in\n${spans.join('\n')}`)
    }
  })
  it('of every sample and every message of the corpus leads to a value that is there on both sides', () => {
    let count = 0
    for (const { name, text } of [...samples, ...corpus]) {
      const parsed = parseMessage(text)
      if (!('message' in parsed)) continue
      for (const one of mapMessage(parsed.message, maps, context).things) {
        for (const each of one.cells) {
          for (const span of each.spans) {
            count++
            assert.notEqual(readPath(parsed.message, span.v2), undefined, `${name} ${one.as} ${span.v2}`)
            if (each.value !== null) {
              assert.notEqual(
                reach(span.fhir, each.path, each.value),
                undefined,
                `${name} ${one.as} ${span.fhir} ${span.v2}`,
              )
            }
          }
        }
      }
    }
    assert.ok(count > 10_000, `${count} spans`)
  })
  it('that is not wanted is not made, and changes nothing else', () => {
    for (const { text } of samples) {
      const without = mapText(text, false)
      const bare = mapText(text)?.things.map((one) => ({
        ...one,
        cells: one.cells.map((each) => ({ ...each, spans: [] })),
      }))
      assert.equal(JSON.stringify(without?.things), JSON.stringify(bare))
    }
  })
  it('of cells of one shape is one list', () => {
    const [a, b] = [patient({ 5: 'DOE^JANE' }), patient({ 5: 'ROE^RICHARD' })]
    assert.equal(cell(a, 'name')?.spans, cell(b, 'name')?.spans)
  })
})

describe('residue', () => {
  it('names segments, fields, repetitions and components that nothing read', () => {
    const mapped = map('ADT^A01', [
      pid({ 5: 'DOE^JANE^^^^^L^^^^^^^^^x', 7: '20000101~20000102' }),
      segment('PV1', { 2: 'I', 21: 'x' }),
      'ZPI|1|~b',
      'ZPI|2',
    ])
    assert.deepEqual(mapped.residue, ['PID-5[1].16', 'PID-7[2]', 'PV1-21', 'ZPI-1', 'ZPI-2', 'ZPI[2]-1'])
  })
  it('of an event without map is everything', () => {
    const mapped = map('ADT^A99', [pid()])
    assert.deepEqual(mapped.things, [])
    assert.ok(mapped.residue.includes('PID-3'))
  })
  it('holds what the rows of another condition would have read', () => {
    const mapped = map('ADT^A31', [
      pid({ 18: 'A1' }),
      segment('IN1', { 1: '1', 3: 'P', 16: 'DOE^JANE', 17: 'SEL', 19: '1 X^^Y' }),
    ])
    assert.deepEqual(mapped.residue, ['IN1-19'])
  })
})

/** Positions whose change may leave the result as it is: read on purpose without a destination, or only to decide. */
const withoutEffect = [
  /^(PID|PV1|NK1|IN1|TQ1|NTE)-1\.1$/, // set ids
  /^(EVN-1\.1|IN1-2\.3|GT1-11\.1|PID-24\.1|PV2-38\.[23]|PV1-2\.[23])$/,
  /^(SCH-25|AIS-10|AIG-14|AIL-12|AIP-12)\.3$/, // the table's name
  /^(PV1-(7|8|9|17)|AIP-3|FT1-20|PD1-4)\.9$|^SCH-2\.2$/, // a namespace beside its OID
  /^TQ1-6\.2$/, // the text of a unit
]

/** A message with one component changed, for each component that is valued. */
function* changes(text: string): Generator<{ at: string; component: string; changed: string }> {
  const lines = text.split(/[\r\n]+/).filter((line) => line !== '')
  for (const [index, line] of lines.entries()) {
    const fields = line.split('|')
    const [name = ''] = fields
    if (name === 'MSH') continue
    const occurrence = lines.slice(0, index + 1).filter((one) => one.startsWith(`${name}|`)).length
    for (const [field, raw] of fields.entries()) {
      if (field === 0) continue
      for (const [repetition, part] of raw.split('~').entries()) {
        for (const [component, old] of part.split('^').entries()) {
          if (old === '' || old === '""') continue
          const last = old.at(-1)
          const fresh = /^\d+$/.test(old) ? old.slice(0, -1) + (last === '1' ? '2' : '1') : `${old}Q`
          const put = (list: string[], at: number, value: string) => list.with(at, value)
          const changed = put(
            raw.split('~'),
            repetition,
            put(part.split('^'), component, fresh).join('^'),
          ).join('~')
          const segmentAt = `${name}${occurrence > 1 ? `[${occurrence}]` : ''}-${field}`
          yield {
            at: `${segmentAt}[${repetition + 1}].${component + 1}`,
            component: `${name}-${field}.${component + 1}`,
            changed: lines.with(index, fields.with(field, changed).join('|')).join('\r'),
          }
        }
      }
    }
  }
}

describe('every valued position', () => {
  it('of the samples either has an effect or is in the residue, never both, never neither', () => {
    let count = 0
    for (const { name, text } of samples) {
      if (!/^0[123]-/.test(name)) continue
      const mapped = mapText(text, false)
      const before = JSON.stringify([mapped?.things, mapped?.issues])
      for (const { at, component, changed } of changes(text)) {
        const after = mapText(changed, false)
        const effect = JSON.stringify([after?.things, after?.issues]) !== before
        const field = at.replace(/\[\d+\]\.\d+$/, '')
        const left =
          mapped?.residue.some(
            (one) => one === field || at === one || at.startsWith(`${one}.`) || one.startsWith(`${at}.`),
          ) ?? false
        count++
        if (effect === left && !withoutEffect.some((known) => known.test(component))) {
          assert.fail(
            `${name} ${at}: ${effect ? 'has an effect and is in the residue' : 'has no effect and is not in the residue'}`,
          )
        }
      }
    }
    assert.ok(count > 2_000, `${count} positions`)
  })
})

describe('any message', () => {
  it('of the corpus maps without throwing, and twice to the same', () => {
    assert.ok(corpus.length >= 200, `${corpus.length} files`)
    let served = 0
    for (const { name, text } of corpus) {
      const first = mapText(text)
      assert.equal(JSON.stringify(first), JSON.stringify(mapText(text)), name)
      if (first && first.things.length > 0) served++
    }
    assert.ok(served >= 150, `${served} served`)
  })

  const valid = samples.map(({ text }) => text).filter((text) => text.startsWith('MSH'))
  const damage = fc.record({
    text: fc.constantFrom(...valid),
    cuts: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.nat(30),
        insert: fc.string({ maxLength: 8 }),
      }),
      { maxLength: 6 },
    ),
    noise: fc.constantFrom(
      '',
      '|',
      '^',
      '&',
      '~',
      '\\',
      '""',
      '\r',
      '\\X',
      '__proto__',
      '\0',
      '9'.repeat(400),
    ),
  })
  const damaged = damage.map(({ text, cuts, noise }) => {
    let made = text
    for (const { at, remove, insert } of cuts) {
      const index = Math.floor(at * made.length)
      made = made.slice(0, index) + insert + noise + made.slice(index + remove)
    }
    return made
  })

  it('however damaged maps without throwing, with handles that exist and paths that stay inside', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        const mapped = mapText(text)
        if (!mapped) return
        const handles = new Set(mapped.things.map((one) => one.as))
        assert.equal(handles.size, mapped.things.length)
        const printed = JSON.stringify(mapped)
        for (const [, handle = ''] of printed.matchAll(/"reference":"#([^"]+)"/g))
          assert.ok(handles.has(handle), handle)
        for (const one of mapped.things) {
          for (const handle of Object.values(one.refs)) assert.ok(handles.has(handle), handle)
          const keys = one.cells.map((each) => `${each.path}|${each.field}`)
          assert.equal(new Set(keys).size, keys.length, 'a cell per element and field')
        }
      }),
      { numRuns: 400 },
    )
  })

  it('gives the same result for the same bytes, with lineage or without', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        assert.equal(JSON.stringify(mapText(text)), JSON.stringify(mapText(text)))
        assert.equal(JSON.stringify(mapText(text, false)?.residue), JSON.stringify(mapText(text)?.residue))
      }),
      { numRuns: 100 },
    )
  })

  it('with other delimiters means the same', () => {
    const swap = (text: string) =>
      text.replace(
        /[|^~\\&]/g,
        (sign) => ({ '|': '!', '^': '@', '~': '*', '\\': '%', '&': '$' })[sign] ?? sign,
      )
    for (const { name, text } of samples) {
      if (!/^0[123]-/.test(name) || /[!@*%$]/.test(text)) continue
      assert.equal(JSON.stringify(mapText(swap(text))?.things), JSON.stringify(mapText(text)?.things), name)
    }
  })

  // Each of these took minutes while something in the engine was quadratic.
  const many = 10_000
  const floods: [string, string, readonly string[], number][] = [
    [
      'charges',
      'DFT^P03',
      Array.from({ length: many }, (_, i) => `FT1|1|T${i}||20260101||CG|99213`),
      many + 1,
    ],
    ['comments', 'SIU^S12', ['SCH||F1', ...Array.from({ length: many }, () => 'NTE|1||x')], 2],
    [
      'visits without a patient',
      'ADT^A01',
      Array.from({ length: many }, () => 'PV1|1|I|||||||||||||||||||C'),
      many + 1,
    ],
    [
      'policies',
      'ADT^A01',
      ['PID|||1', ...Array.from({ length: many }, () => 'IN1|1|A|B'), 'IN2|1|2'],
      2 * many + 2,
    ],
    [
      'repetitions',
      'ADT^A01',
      [`PV1|1|I|||||${Array.from({ length: 9_999 }, (_, i) => `${i}^A^B^^^^^^X${i}`).join('~')}`],
      0,
    ],
  ]
  for (const [what, event, segments, things] of floods) {
    it(`with very many ${what} maps in time that grows with them`, () => {
      const mapped = map(event, segments)
      assert.ok(mapped.things.length >= things, `${mapped.things.length} things`)
    })
  }

  it('joins the comments of all its NTE segments', () => {
    const mapped = map('SIU^S12', ['SCH||F1', ...Array.from({ length: 500 }, (_, i) => `NTE|${i}||${i}`)])
    assert.equal((value(thing(mapped, 'appointment'), 'comment') as string).split('\n').length, 500)
  })
})

describe('the acceptance scenarios', () => {
  const folder = shared('acceptance', 'scenarios')
  for (const file of readdirSync(folder)) {
    const { steps } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      steps: { id: string; message?: unknown; ack?: { code: string } }[]
    }
    for (const { id, message, ack } of steps) {
      if (!Array.isArray(message) || !message.every((line) => typeof line === 'string')) continue
      const mapped = mapText(message.join('\r'))
      if (!mapped || !maps.events.has(mapped.event)) continue
      it(`${id} (${mapped.event}) maps without an error and leaves nothing that matters`, () => {
        assert.deepEqual(
          mapped.issues.filter((issue) => issue.app !== 'UNMAPPED-CODE'),
          [],
          ack?.code ?? '',
        )
        const decoration = /^(RGS-3|AIG-3)\[1\]\.[23]$/
        assert.deepEqual(
          mapped.residue.filter((position) => !decoration.test(position)),
          [],
        )
      })
    }
  }
})
