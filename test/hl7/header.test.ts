import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Accepted,
  checkHeader,
  compareVersions,
  isAcknowledgement,
  KNOWN_VERSIONS,
  readHeader,
} from '../../src/hl7/header.ts'
import { MSH, parsed, text } from './messages.ts'

const accepted: Accepted = {
  events: new Set(['ADT^A01', 'ADT^A04', 'ADT^A08', 'SIU^S12', 'ADT^A49']),
  processingIds: new Set(['P']),
  versions: KNOWN_VERSIONS,
}

const header = (msh: string, ...others: string[]) => readHeader(parsed(text(msh, ...others)))

/** Severity, code and location of each problem of an MSH. */
const problems = (msh: string, more: Partial<Accepted> = {}) =>
  checkHeader(header(msh), { ...accepted, ...more }).map(
    ({ severity, code, locations }) => `${severity} ${code} ${locations.join()}`,
  )

const msh = (fields: Readonly<Record<number, string>>) => {
  const list = MSH.split('|')
  for (const [field, value] of Object.entries(fields)) list[Number(field) - 1] = value
  return list.map((value) => value ?? '').join('|')
}

test('a header says who, what, when and in which version', () => {
  const read = header(
    'MSH|^~\\&|EPIC^1.2.3^ISO|GHH\\T\\CO|P|F|20260302091231-0600||ADT^A04^ADT_A01|A\\T\\1|T^A|2.5.1^USA|7||AL|NE|USA|UNICODE UTF-8~ASCII',
  )
  assert.equal(read.source, 'EPIC|GHH&CO')
  assert.deepEqual(read.sendingApplication, {
    raw: 'EPIC^1.2.3^ISO',
    namespace: 'EPIC',
    universalId: '1.2.3',
    universalIdType: 'ISO',
  })
  assert.deepEqual([read.type, read.event, read.structure], ['ADT', 'A04', 'ADT_A01'])
  assert.equal(read.controlId, 'A\\T\\1', 'MSH-10 is kept as sent: MSA-2 repeats it')
  assert.deepEqual([read.processingId, read.version, read.sequence], ['T', '2.5.1', '7'])
  assert.deepEqual([read.acceptAck, read.applicationAck, read.country], ['AL', 'NE', 'USA'])
  assert.deepEqual(read.charsets, ['UNICODE UTF-8', 'ASCII'])
  assert.equal(read.messageTime, '20260302091231-0600')
})

test('the source is made of the first parts, or of universal ids where those are empty', () => {
  assert.equal(header('MSH|^~\\&|^1.2.3^ISO||X').source, '1.2.3|')
  assert.equal(header('MSH|^~\\&').source, '|')
  assert.equal(header('MSH|^~\\&|""|A').source, '|A')
})

test('in 2.1 and 2.2 the event is in EVN-1', () => {
  const read = header('MSH|^~\\&|A|B|C|D|1990||ADT|1|P|2.2', 'EVN|A04|1990')
  assert.deepEqual([read.type, read.event], ['ADT', 'A04'])
})

test('a good header has no problems', () => {
  assert.deepEqual(problems(MSH), [])
})

test('E2 an MSH that ends before MSH-9 lacks its message type', () => {
  assert.ok(problems('MSH|^~\\&|A|B').includes('E 101 MSH^1^9'))
})

test('E3 an empty MSH-10 is an error', () => {
  assert.deepEqual(problems(msh({ 10: '' })), ['E 101 MSH^1^10'])
  assert.deepEqual(problems(msh({ 10: '""' })), ['E 101 MSH^1^10'])
})

test('E4 an empty MSH-12 is a warning, strictly an error', () => {
  assert.deepEqual(problems(msh({ 12: '' })), ['W 101 MSH^1^12'])
  assert.deepEqual(problems(msh({ 12: '' }), { strict: true }), ['E 101 MSH^1^12'])
})

test('E5 versions from 2.1 to 2.9.1 are taken, with a country too; others are refused', () => {
  for (const version of [...KNOWN_VERSIONS, '2.5.1^USA'])
    assert.deepEqual(problems(msh({ 12: version })), [], version)
  for (const version of ['2.99', '9.9', '3.0', 'x', '2']) {
    assert.deepEqual(problems(msh({ 12: version })), ['E 203 MSH^1^12'], version)
  }
})

test('E6 E7 a type or an event that is not taken is told apart', () => {
  assert.deepEqual(problems(msh({ 9: 'ORU^R01' })), ['E 200 MSH^1^9^1^1'])
  assert.deepEqual(problems(msh({ 9: 'ADT^A99' })), ['E 201 MSH^1^9^1^2'])
  assert.deepEqual(problems(msh({ 9: 'ADT' })), ['E 201 MSH^1^9^1^2'])
})

test('E8 a structure that does not belong to the event is a warning; none, or that of another version, is fine', () => {
  assert.deepEqual(problems(msh({ 9: 'ADT^A04^ADT_A04' })), ['W 200 MSH^1^9^1^3'])
  assert.deepEqual(problems(msh({ 9: 'ADT^A04' })), [])
  assert.deepEqual(problems(msh({ 9: 'ADT^A49^ADT_A43' })), [])
  assert.deepEqual(problems(msh({ 9: 'ADT^A49^ADT_A30' })), [])
})

test('E9 a processing id that is not taken is refused; none is a warning', () => {
  assert.deepEqual(problems(msh({ 11: 'T' })), ['E 202 MSH^1^11'])
  assert.deepEqual(problems(msh({ 11: 'P^T' })), [])
  assert.deepEqual(problems(msh({ 11: '' })), ['W 202 MSH^1^11'])
  assert.deepEqual(problems(msh({ 11: 'T' }), { processingIds: new Set(['P', 'T']) }), [])
})

test('G1 a part of a message that continues elsewhere is refused, never taken for the whole', () => {
  assert.deepEqual(problems(`${MSH}||x1`), ['E 207 MSH^1^14'])
})

test('E23 M09 an acknowledgement or a response is recognised, so that it is never acknowledged', () => {
  assert.equal(isAcknowledgement(parsed(text(msh({ 9: 'ACK^A01' })))), true)
  assert.equal(isAcknowledgement(parsed(text(msh({ 9: 'RSP^K22' }), 'MSA|AA|1'))), true)
  assert.equal(isAcknowledgement(parsed(text(MSH))), false)
})

test('versions are ordered by their numbers', () => {
  const sorted = ['2.10', '2.9.1', '2.1', '2.3.1', '2.3'].sort(compareVersions)
  assert.deepEqual(sorted, ['2.1', '2.3', '2.3.1', '2.9.1', '2.10'])
  assert.equal(compareVersions('2.5', '2.5.0'), 0)
})

test('no problem repeats a value of the message', () => {
  const errors = checkHeader(
    header(msh({ 9: 'SECRET^SECRET', 10: '', 11: 'SECRET', 12: 'SECRET' })),
    accepted,
  )
  assert.equal(errors.length, 4)
  for (const { text: said } of errors) assert.doesNotMatch(said, /SECRET/)
})
