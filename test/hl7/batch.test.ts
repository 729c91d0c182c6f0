import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { joinBatch, splitBatch } from '../../src/hl7/batch.ts'
import { parseMessage } from '../../src/hl7/message.ts'
import { hostileText, MSH, text } from './messages.ts'

const ONE = text(MSH, 'PID|1')
const TWO = text(MSH.replace('001', '002'), 'PID|2')
const FHS = 'FHS|^~\\&|ADT1|GHH|PORTICO|GHH2|20260303180000||name||FILE-1\r'
const BHS = 'BHS|^~\\&|ADT1|GHH|PORTICO|GHH2|20260303180000||||BATCH-1\r'

const problems = (source: string) =>
  splitBatch(source).issues.map(({ severity, locations }) => `${severity} ${locations.join()}`)

test('a single message is itself, untouched, without an envelope', () => {
  for (const source of [ONE, `\uFEFF\r ${ONE}`, 'hello', '', `hello\r${ONE}${TWO}`, 'PID|MSH|MSH']) {
    assert.deepEqual(splitBatch(source).messages, [source])
    assert.equal(splitBatch(source).enveloped, false)
    assert.deepEqual(splitBatch(source).issues, [])
  }
})

test('G2 FHS BHS .. BTS FTS: each message is a slice of the text, its batch is known', () => {
  const batch = splitBatch(`${FHS}${BHS}${ONE}${TWO}BTS|2\rFTS|1\r`)
  assert.deepEqual(batch.messages, [ONE, TWO])
  assert.equal(batch.enveloped, true)
  assert.deepEqual(batch.issues, [])
  assert.equal(batch.file?.fields[11], 'FILE-1')
  assert.deepEqual(
    batch.parts.map(({ first, count, header }) => [first, count, header?.fields[11]]),
    [[0, 2, 'BATCH-1']],
  )
})

test('G2 several batches in a file, an empty one among them', () => {
  const source = `${FHS}${BHS}${ONE}BTS|1\r${BHS}BTS|0\r${BHS}${TWO}${ONE}BTS|2\rFTS|3\r`
  const batch = splitBatch(source)
  assert.deepEqual(batch.issues, [])
  assert.deepEqual(
    batch.parts.map(({ first, count }) => [first, count]),
    [
      [0, 1],
      [1, 0],
      [1, 2],
    ],
  )
})

test('G2 H12 a count in BTS-1 or FTS-1 that is not the count is an error; none is none', () => {
  assert.deepEqual(problems(`${BHS}${ONE}BTS|2\r`), ['E BTS^1^1'])
  assert.deepEqual(problems(`${FHS}${BHS}${ONE}BTS|1\rFTS|2\r`), ['E FTS^1^1'])
  assert.deepEqual(problems(`${BHS}${ONE}BTS\r`), [])
  assert.deepEqual(problems(`${BHS}${ONE}BTS||comment\r`), [])
  assert.deepEqual(problems(`${BHS}${ONE}BTS|one\r`), [])
})

test('H12 a missing batch trailer is an error, for the rest may be missing; other lapses are warnings', () => {
  assert.deepEqual(problems(`${BHS}${ONE}${TWO}`), ['E BTS^1'])
  assert.deepEqual(problems(`${BHS}${ONE}${BHS}${TWO}BTS|1\r`), ['E BTS^1'])
  assert.deepEqual(problems(`${FHS}${BHS}${ONE}BTS|1\r`), ['W FTS^1'])
  assert.deepEqual(problems(`${ONE}${TWO}BTS|2\r`), ['W BHS^1'])
  assert.deepEqual(problems(`${BHS}${ONE}BTS|1\rFTS|1\r`), ['W FHS^1'])
  assert.deepEqual(problems(`${FHS}${ONE}${TWO}FTS\r`), [])
})

test('H12 a file header inside a file is an error', () => {
  assert.ok(problems(`${FHS}${BHS}${ONE}BTS|1\r${FHS}FTS|1\r`).includes('E FHS^1'))
})

test('F22 several messages without an envelope are an error, and are told apart all the same', () => {
  const batch = splitBatch(`${ONE}${TWO}`)
  assert.deepEqual(batch.messages, [ONE, TWO])
  assert.equal(batch.enveloped, false)
  assert.deepEqual(
    batch.issues.map(({ code, severity }) => [code, severity]),
    [['100', 'E']],
  )
})

test('G3 each header rules its own part', () => {
  const odd = 'MSH#*$/!#A#B#C#D#2026##ADT*A01#1#P#2.5\rPID#1\r'
  const source = `FHS!^~\\&!A!B!C!D!2026!!!!F\rBHS@^~\\&@A@B@C@D@2026@@@@B\r${ONE}${odd}BTS@2\rFTS!1\r`
  const batch = splitBatch(source)
  assert.deepEqual(batch.issues, [])
  assert.deepEqual(batch.messages, [ONE, odd])
  assert.deepEqual([batch.file?.fields[11], batch.parts[0]?.header?.fields[11]], ['F', 'B'])
})

test('line ends and blank lines do not matter, and stay in the slices', () => {
  const windows = (source: string) => source.replaceAll('\r', '\r\n')
  const batch = splitBatch(`\r\n${windows(`${FHS}${BHS}${ONE}`)}\r\n${windows(`${TWO}BTS|2\rFTS|1\r`)}`)
  assert.deepEqual(batch.issues, [])
  assert.deepEqual(
    batch.messages.map((message) => message.replace(/\s+$/, '')),
    [ONE, TWO].map((each) => windows(each).trimEnd()),
  )
})

test('the words MSH and BTS inside a message are text', () => {
  const note = text(MSH, 'NTE|1||MSH|BTS|FTS', 'BTSX|1', 'MSHA')
  assert.deepEqual(splitBatch(`${BHS}${note}BTS|1\r`).messages, [note])
})

test('the reply has the envelope of what it answers, with references and its own counts', () => {
  const inbound = splitBatch(`${FHS}${BHS}${ONE}BTS|1\r${BHS}${TWO}${ONE}BTS|2\rFTS|2\r`)
  const reply = joinBatch(['A\r', 'B\r', 'C\r'], inbound, { now: '20260303180001-0600', controlId: 'R1' })
  assert.deepEqual(reply.split('\r'), [
    'FHS|^~\\&|PORTICO|GHH2|ADT1|GHH|20260303180001-0600||||R1|FILE-1',
    'BHS|^~\\&|PORTICO|GHH2|ADT1|GHH|20260303180001-0600||||R1.1|BATCH-1',
    'A',
    'BTS|1',
    'BHS|^~\\&|PORTICO|GHH2|ADT1|GHH|20260303180001-0600||||R1.2|BATCH-1',
    'B',
    'C',
    'BTS|2',
    'FTS|2',
    '',
  ])
})

test('the reply to a batch can be split again, and a batch without BHS gets one', () => {
  const inbound = splitBatch(`${FHS}${ONE}${TWO}FTS\r`)
  const reply = splitBatch(joinBatch([ONE, TWO], inbound, { now: '2026', controlId: 'R' }))
  assert.deepEqual(reply.issues, [])
  assert.deepEqual(reply.messages, [ONE, TWO])
})

test('any text is split without loss: the messages are slices, in order', () => {
  fc.assert(
    fc.property(hostileText, (source) => {
      let from = 0
      for (const message of splitBatch(source).messages) {
        const at = source.indexOf(message, from)
        assert.ok(at >= from)
        from = at + message.length
        parseMessage(message)
      }
    }),
    { numRuns: 500 },
  )
})
