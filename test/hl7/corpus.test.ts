// All messages of the shared corpus: kept byte for byte, read as another reader reads them, never a crash.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HL7Message } from 'hl7v2'
import { buildAck, salvageHeader } from '../../src/hl7/ack.ts'
import { joinBatch, splitBatch } from '../../src/hl7/batch.ts'
import { decodeBytes, encodeText } from '../../src/hl7/charset.ts'
import { checkHeader, KNOWN_VERSIONS, readHeader } from '../../src/hl7/header.ts'
import { type Message, parseMessage, type Segment } from '../../src/hl7/message.ts'
import { arrange } from '../../src/hl7/structure.ts'
import { type CorpusFile, corpus, parsed } from './messages.ts'

const files = corpus()

function textOf({ name, bytes }: CorpusFile): { text: string; charset: string } {
  const decoded = decodeBytes(bytes)
  assert.ok('text' in decoded, name)
  return decoded
}

// Their MSH-2 has a doubled escape character, as after a copy out of source code.
const REFUSED = ['hl7v2-fhir-converter/sample_unix.hl7', 'hl7v2-fhir-converter/sample_win.hl7']

test('every file is kept byte for byte', () => {
  for (const file of files) {
    const { text, charset } = textOf(file)
    const batch = splitBatch(text)
    if (!batch.enveloped) assert.equal(batch.messages.join(''), text, file.name)
    for (const source of batch.messages) {
      const result = parseMessage(source)
      if ('message' in result) assert.equal(result.message.text, source)
    }
    assert.deepEqual(Buffer.from(encodeText(text, charset)), file.bytes, file.name)
  }
})

test('every file but those with broken delimiters is a message', () => {
  const refused = files.filter((file) => 'fault' in parseMessage(textOf(file).text)).map(({ name }) => name)
  assert.deepEqual(refused.sort(), REFUSED)
})

const accepted = { events: new Set(['ADT^A01']), processingIds: new Set(['P']), versions: KNOWN_VERSIONS }

/** Everything this layer does with a text, as a receiver would. */
function receive(text: string): void {
  const batch = splitBatch(text)
  const acks = batch.messages.map((source) => {
    const result = parseMessage(source)
    const message = 'message' in result ? result.message : salvageHeader(source)
    if ('message' in result) readAll(result.message)
    const errors = message ? checkHeader(readHeader(message), accepted) : []
    const ack = buildAck({ message, code: 'AE', errors, now: '20260302', controlId: '1' })
    assert.deepEqual(
      parsed(ack)
        .segments.slice(0, 2)
        .map(({ name }) => name),
      ['MSH', 'MSA'],
    )
    return ack
  })
  if (batch.enveloped) joinBatch(acks, batch, { now: '20260302', controlId: '1' })
}

function readAll(message: Message): void {
  const arrangement = arrange(message)
  for (const segment of message.segments) {
    assert.ok(arrangement.groupOf(segment).segments.includes(segment))
    for (let field = 1; field <= segment.fieldCount; field++) {
      segment.repetitions(field).forEach((repetition, at) => {
        message.components(repetition).forEach((component, part) => {
          for (const sub of message.subcomponents(component)) message.decode(sub)
          segment.value(field, at + 1, part + 1)
        })
      })
    }
  }
}

test('every file is read whole, arranged and answered', () => {
  for (const file of files) receive(textOf(file).text)
})

test('I3 damaged files are read or refused, never a crash', () => {
  const damage = fc.record({ at: fc.nat(), length: fc.nat(8), bytes: fc.uint8Array({ maxLength: 8 }) })
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(damage, { minLength: 1, maxLength: 6 }), (file, list) => {
      let bytes = file.bytes
      for (const { at, length, bytes: inserted } of list) {
        const from = at % (bytes.length + 1)
        bytes = Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(from + length)])
      }
      const decoded = decodeBytes(bytes)
      if ('text' in decoded) receive(decoded.text)
    }),
    { numRuns: 1_000 },
  )
})

/** Every text that npm hl7v2 has at a position, with its path. */
function* readings(other: HL7Message): Generator<readonly [segment: number, place: number[], value: string]> {
  for (const [index, segment] of other.segments.entries()) {
    for (const [field, { repetitions = [] } = {}] of Object.entries(segment.fields)) {
      for (const [repetition, { components = [] } = {}] of Object.entries(repetitions)) {
        for (const [component, each] of Object.entries(components ?? [])) {
          const subs = each?.subComponents ?? []
          for (const [sub, { value } = {}] of Object.entries(subs)) {
            if (typeof value !== 'string') continue
            // It counts from 0 where paths count from 1.
            const place = [field, repetition, component, sub].map((at) => Number(at) + 1)
            yield [index, place, value]
          }
        }
      }
    }
  }
}

// It rewrites times (drops zero seconds) and takes bytes in hex for UTF-8.
const isAltered = (raw: string, value: string) =>
  raw.includes('\\X') || (/^\d{8}/.test(raw) && /^\d{8}/.test(value))

test('npm hl7v2 reads the same texts at the same places, where it keeps them', () => {
  let compared = 0
  for (const file of files) {
    const text = textOf(file).text.replace(/[\r\n]+/g, '\r')
    const result = parseMessage(text)
    if ('fault' in result) continue
    for (const [index, [field = 0, repetition, component, sub], value] of readings(HL7Message.parse(text))) {
      const segment: Segment | undefined = result.message.segments[index]
      if (isAltered(segment?.part(field, repetition, component, sub) ?? '', value)) continue
      const place: string = `${file.name}: segment ${index}, ${segment?.location(field, repetition, component, sub)}`
      assert.equal(segment?.value(field, repetition, component, sub), value, place)
      compared++
    }
  }
  assert.ok(compared > 6_500, `only ${compared} texts compared`)
})
