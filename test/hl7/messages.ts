// What the tests of this layer share: messages to read, the corpus, text that looks like HL7.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import fc from 'fast-check'
import { type Message, type ParseFault, parseMessage, type Segment } from '../../src/hl7/message.ts'
import { shared } from '../shared.ts'

/** Segments as a message text, each ended by CR. */
export function text(...segments: readonly string[]): string {
  return segments.map((segment) => `${segment}\r`).join('')
}

export const MSH = 'MSH|^~\\&|ADT1|GHH|PORTICO|GHH|20260302091231||ADT^A01^ADT_A01|ADT1-001|P|2.5.1'

/** The message of a text that is one. */
export function parsed(source: string): Message {
  const result = parseMessage(source)
  assert.ok('message' in result, 'fault' in result ? result.fault.text : '')
  return result.message
}

/** The fault of a text that is no message. */
export function faultOf(source: string): ParseFault {
  const result = parseMessage(source)
  assert.ok('fault' in result, 'a fault was expected')
  return result.fault
}

/** The first segment with a name, which must be there. */
export function segment(message: Message, name: string): Segment {
  const found = message.first(name)
  assert.ok(found, `no ${name}`)
  return found
}

export interface CorpusFile {
  readonly name: string
  readonly bytes: Buffer
}

/** Every message of the shared corpus. */
export function corpus(): readonly CorpusFile[] {
  const root = shared('corpus')
  const files = globSync(`${root}/**/*.hl7`).sort()
  assert.ok(files.length > 250, `only ${files.length} files in the corpus`)
  return files.map((file) => ({ name: relative(root, file), bytes: readFileSync(file) }))
}

/** Text dense with what matters to a parser, behind an MSH that can be read. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'|^~\\&#\r\n\0\u000b\u001c "'),
      fc.constantFrom(
        '\r',
        'PID|',
        'MSH|^~\\&|',
        'BHS|^~\\&|',
        'BTS|1',
        'FTS|',
        'Z',
        '""',
        '\\X0D\\',
        '\\.sp9\\',
      ),
      fc.string({ maxLength: 6, unit: 'binary' }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))

export const hostileMessage: fc.Arbitrary<string> = hostileText.map((tail) => `${MSH}\rPID|1|${tail}`)
