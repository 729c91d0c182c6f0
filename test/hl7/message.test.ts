import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isNull, limits, parseMessage, presence, type Segment } from '../../src/hl7/message.ts'
import { faultOf, hostileMessage, hostileText, MSH, parsed, segment, text } from './messages.ts'

const names = (source: string) => parsed(source).segments.map(({ name }) => name)

test('S1 segments end with CR', () => {
  assert.deepEqual(names(text(MSH, 'EVN||2026', 'PID|1')), ['MSH', 'EVN', 'PID'])
})

test('S2 LF, CRLF and mixtures separate segments too, are noted, and stay in the text', () => {
  for (const end of ['\n', '\r\n', '\n\r']) {
    const source = `${MSH}${end}EVN||2026\rPID|1${end}`
    const message = parsed(source)
    assert.deepEqual(names(source), ['MSH', 'EVN', 'PID'])
    assert.equal(message.text, source)
    assert.deepEqual(message.oddities, ['line-feed'])
  }
  assert.deepEqual(parsed(text(MSH)).oddities, [])
})

test('S3 blank lines are no segments', () => {
  assert.deepEqual(names(`${MSH}\r\r\n  \r\t\rPID|1\r\r`), ['MSH', 'PID'])
})

test('S4 the final CR may be missing', () => {
  const message = parsed(`${MSH}\rPID|1||A`)
  assert.equal(message.get('PID-3'), 'A')
  assert.equal(message.text.at(-1), 'A')
})

test('S5 all delimiters are those of the sender', () => {
  const message = parsed('MSH#*$/!#APP#FAC#####ADT*A01#1#P#2.5.1\rPID#1##A*B*C*D!E$F*G#/S/x/F/\r')
  assert.equal(message.get('MSH-1'), '#')
  assert.equal(message.get('MSH-2'), '*$/!')
  assert.equal(message.get('MSH-9.2'), 'A01')
  assert.equal(message.get('PID-3[2].2'), 'G')
  assert.equal(message.get('PID-3.4.2'), 'E')
  assert.equal(message.get('PID-4'), '*x#')
})

test('S6 a fifth character of MSH-2 is the truncation character', () => {
  const message = parsed('MSH|^~\\&#|A\rOBX|1|ST|||cut\\P\\here#\r')
  assert.equal(message.delimiters.truncation, '#')
  assert.equal(message.get('MSH-2'), '^~\\&#')
  assert.equal(message.get('OBX-5'), 'cut#here#')
})

test('S7 characters missing in MSH-2 have their usual value, noted', () => {
  const message = parsed('MSH|^~|A|B\rPID|1||x^y&z~w\\T\\')
  assert.equal(message.get('PID-3.2.2'), 'z')
  assert.equal(message.get('PID-3[2]'), 'w&')
  assert.deepEqual(message.oddities, ['short-msh-2'])
})

test('S8 absent, empty and "" are three things', () => {
  const pid = segment(parsed(text(MSH, 'PID|1||""|x')), 'PID')
  assert.deepEqual(
    [2, 3, 4, 5].map((field) => presence(pid.raw(field))),
    ['empty', 'null', 'value', 'absent'],
  )
  assert.deepEqual([pid.raw(5), pid.raw(2), pid.raw(3)], [undefined, '', '""'])
  assert.equal(isNull(pid.raw(3)), true)
  assert.deepEqual([pid.repetitions(5), pid.repetitions(2), pid.repetitions(3)], [[], [], ['""']])
  const message = parsed(text(MSH, 'PID|1||""|x'))
  assert.deepEqual(
    ['PID-2', 'PID-3', 'PID-5', 'NK1-1', 'PID-4.2'].map((path) => message.get(path)),
    [undefined, '""', undefined, undefined, undefined],
  )
})

test('S11 raw separators in a text field: the field can be read whole', () => {
  const message = parsed(text(MSH, 'OBX|1|TX|||fish & chips ^ mushy peas'))
  assert.equal(message.get('OBX-5'), 'fish & chips ^ mushy peas')
})

test('S12 numbers and dates are text, whatever they look like', () => {
  const values = ['115.50', '007.50', '<5', '1972', '20260714093015.1234+0530', '20261399', '1e400', '-0']
  const message = parsed(text(MSH, `ZZZ|${values.join('|')}`))
  assert.deepEqual(
    values.map((_, at) => message.get(`ZZZ-${at + 1}`)),
    values,
  )
})

test('S13 Z segments, unknown segments and lines that are none are kept', () => {
  const message = parsed(text(MSH, 'ZPD|x', 'QQQ|y', 'PID|1', 'what is this', 'PIDX|1'))
  assert.deepEqual(
    message.segments.map(({ name }) => name),
    ['MSH', 'ZPD', 'QQQ', 'PID', '', ''],
  )
  assert.equal(message.get('ZPD-1'), 'x')
})

test('S14 H02 far too many fields, repetitions or segments are faults that say so', () => {
  assert.equal(faultOf(`${MSH}\rPID${'|'.repeat(200_000)}`).code, 'too-many-fields')
  assert.equal(faultOf(`${MSH}\rPID|1|${'~'.repeat(200_000)}`).code, 'too-many-repetitions')
  assert.equal(faultOf(`${MSH}\r${'Z\r'.repeat(200_000)}`).code, 'too-many-segments')
  assert.match(faultOf(`${MSH}\rPID${'|'.repeat(200_000)}`).text, /4000 fields \(PID at position 2\) - /)
  assert.equal(parsed(`${MSH}\r${'ZZZ|1\r'.repeat(20_000)}`).all('ZZZ').length, 20_000)
})

test('S14 a field at each limit is read', () => {
  const fields = parsed(`${MSH}\rZZZ${'|'.repeat(limits.maxFieldsPerSegment)}`)
  assert.equal(segment(fields, 'ZZZ').fieldCount, limits.maxFieldsPerSegment)
  const repetitions = parsed(`${MSH}\rZZZ|${'~'.repeat(limits.maxRepetitions - 1)}`)
  assert.equal(segment(repetitions, 'ZZZ').repetitions(1).length, limits.maxRepetitions)
})

test('S14 free text with any number of raw separators is no fault; the last part keeps the rest', () => {
  const html = 'a&nbsp;'.repeat(100_000)
  const message = parsed(text(MSH, `OBX|1|FT|||${html}`))
  assert.equal(message.get('OBX-5'), html)
  const parts = message.subcomponents(html)
  assert.equal(parts.length, limits.maxSubcomponents)
  assert.equal(parts.join('&'), html)
})

test('S15 control characters stay in the text; a decoded NUL is U+FFFD', () => {
  const source = text(MSH, 'PID|1||a\u0085b|c\0d')
  const message = parsed(source)
  assert.equal(message.text, source)
  assert.equal(message.get('PID-3'), 'a\u0085b')
  assert.equal(message.get('PID-4'), 'c\uFFFDd')
  assert.equal(segment(message, 'PID').raw(4), 'c\0d')
})

test('F21 X8 a byte order mark and white space before MSH are skipped, noted and kept in the text', () => {
  const source = `\uFEFF\r\n  ${text(MSH)}`
  const message = parsed(source)
  assert.equal(message.get('MSH-10'), 'ADT1-001')
  assert.equal(message.text, source)
  assert.deepEqual(message.oddities.slice(0, 2), ['byte-order-mark', 'leading-space'])
})

test('E1 F23 M08 what does not begin with MSH is no message', () => {
  for (const source of ['', 'MSH', 'hello', 'msh|^~\\&|', 'MSA|AA|1', '\r\r', 'FHS|^~\\&|', '\uFEFF']) {
    assert.equal(faultOf(source).code, 'no-msh', JSON.stringify(source))
  }
})

test('H01 delimiters are distinct printable ASCII, neither letter nor digit: all pairs of the first two', () => {
  const usable = (char: string) => /^[!-~]$/.test(char) && !/[A-Za-z0-9]/.test(char)
  for (let field = 0; field < 256; field++) {
    for (let component = 0; component < 256; component++) {
      const [f, c] = [String.fromCharCode(field), String.fromCharCode(component)]
      const result = parseMessage(`MSH${f}${c}~\\&${f}A${f}`)
      const fine = usable(f) && usable(c) && f !== c && !'~\\&'.includes(f) && !'~\\&'.includes(c)
      if ('message' in result !== fine) assert.fail(`field ${field}, component ${component}`)
    }
  }
})

test('H01 equal, missing, multi-byte or too many delimiters are a fault at MSH-2', () => {
  for (const start of [
    'MSH||',
    'MSH|\r',
    'MSH|^^\\&|',
    'MSH|^~\\é|',
    'MSH|^~\\&#!|',
    'MSH|^~\\&&|',
    'MSH~^|',
  ]) {
    const fault = faultOf(`${start}A|B`)
    assert.equal(fault.code, 'bad-delimiters', start)
    assert.equal(fault.location, 'MSH^1^2')
  }
})

test('faults never repeat what the sender wrote', () => {
  for (const source of ['SECRET', `${MSH}\rSECRET${'|'.repeat(5_000)}`, 'MSH|SECRET|', 'MSH|^~\\&SECRET|']) {
    assert.doesNotMatch(faultOf(source).text, /SECRET/)
  }
})

test('MSH, FHS and BHS count their field separator as field 1', () => {
  const msh = segment(parsed(text(MSH)), 'MSH')
  assert.deepEqual([msh.raw(1), msh.raw(2), msh.raw(3), msh.raw(12)], ['|', '^~\\&', 'ADT1', '2.5.1'])
  assert.equal(msh.fieldCount, 12)
  assert.deepEqual(msh.repetitions(2), ['^~\\&'])
  assert.equal(segment(parsed(text(MSH, 'BHS|^~\\&|X')), 'BHS').raw(3), 'X')
  const bare = segment(parsed(text(MSH, 'FHS')), 'FHS')
  assert.deepEqual([bare.fieldCount, bare.raw(1), bare.span(1)], [0, undefined, [bare.end, bare.end]])
})

test('segments know their place, and their place among their name', () => {
  const message = parsed(text(MSH, 'NK1|1|A', 'PID|1', 'NK1|2|B'))
  const [first, second] = message.all('NK1')
  assert.deepEqual([first?.index, first?.occurrence, second?.index, second?.occurrence], [1, 1, 3, 2])
  assert.equal(message.get('NK1[2]-2'), 'B')
  assert.equal(second && message.text.slice(second.start, second.end), 'NK1|2|B')
  assert.equal(message.all('XXX').length, 0)
})

test('locations are ERL: segment, occurrence, field, repetition, component, subcomponent', () => {
  const [, second] = parsed(text(MSH, 'NK1|1', 'NK1|2')).all('NK1')
  assert.equal(second?.location(), 'NK1^2')
  assert.equal(second?.location(3), 'NK1^2^3')
  assert.equal(second?.location(3, 2), 'NK1^2^3^2')
  assert.equal(second?.location(3, 1, 4, 2), 'NK1^2^3^1^4^2')
  assert.equal(second?.location(3, undefined, 4), 'NK1^2^3^1^4')
})

test('spans are where the raw text stands', () => {
  const message = parsed(text(MSH, 'PID|1||A^B~C^D&E|"" '))
  const pid = segment(message, 'PID')
  const at = (...place: Parameters<typeof pid.span>) => message.text.slice(...pid.span(...place))
  assert.equal(at(3), 'A^B~C^D&E')
  assert.equal(at(3, 2), 'C^D&E')
  assert.equal(at(3, 1, 2), 'B')
  assert.equal(at(3, 2, 2, 2), 'E')
  assert.equal(at(9), '')
  assert.equal(at(3, 3), '')
  assert.equal(message.text.slice(...segment(message, 'MSH').span(1)), '|')
  assert.equal(message.text.slice(...segment(message, 'MSH').span(2)), '^~\\&')
})

/** The fields of a segment, put together again, are the segment. */
function check(source: string, each: Segment): void {
  const { field, repetition } = each.message.delimiters
  const fields = Array.from({ length: each.fieldCount }, (_, at) => each.raw(at + 1) ?? '')
  const isHeader = ['MSH', 'FHS', 'BHS'].includes(each.name) && each.fieldCount > 0
  const line = isHeader ? each.name + field + fields.slice(1).join(field) : undefined
  if (line !== undefined) assert.equal(line, source.slice(each.start, each.end))
  fields.forEach((raw, at) => {
    assert.equal(source.slice(...each.span(at + 1)), raw)
    if (!isHeader) assert.equal(each.repetitions(at + 1).join(repetition), raw)
  })
}

test('any text is kept exactly and never makes the parser throw', () => {
  const whole = (source: string) => {
    const result = parseMessage(source)
    if ('fault' in result) return
    assert.equal(result.message.text, source)
    for (const each of result.message.segments) check(source, each)
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), whole))
  fc.assert(fc.property(hostileText, whole))
  fc.assert(fc.property(hostileMessage, whole), { numRuns: 500 })
})

test('reading by path and reading raw parts agree', () => {
  fc.assert(
    fc.property(hostileMessage, fc.nat(4), fc.nat(3), fc.nat(3), (source, field, component, sub) => {
      const message = parsed(source)
      const pid = segment(message, 'PID')
      const raw = pid.repetitions(field + 1)[0]
      const part = raw === undefined ? undefined : message.components(raw)[component]
      const inner = part === undefined ? undefined : message.subcomponents(part)[sub]
      const expected = inner === undefined || inner === '' ? undefined : message.decode(inner)
      assert.equal(message.get(`PID-${field + 1}.${component + 1}.${sub + 1}`), expected)
    }),
  )
})
