// Messages gone wrong in every way that a few random changes make: refused or applied, never a failure of ours (H16).
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Chance, chanceOf } from '../../src/generate/chance.ts'
import { splitBatch } from '../../src/hl7/batch.ts'
import { shared } from '../shared.ts'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'

const seed = Number(process.env.PORTICO_SEED ?? 20261122)
const mutants = Number(process.env.PORTICO_MUTANTS ?? 1_000)
/** Sent at the same time, as many connections do. */
const atOnce = 50

type Segments = readonly string[][]

const originals: readonly Segments[] = [resolve(import.meta.dirname, '../../samples'), shared('corpus')]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.hl7'))
      .sort()
      .flatMap((name) => splitBatch(readFileSync(join(folder, name), 'utf8')).messages),
  )
  .filter((text) => text.startsWith('MSH|^~\\&|') && text.length < 20_000)
  .map((text) =>
    text
      .split(/[\r\n]+/)
      .filter((line) => line !== '' && !line.startsWith('MSA'))
      .map((line) => line.split('|')),
  )
const segments = originals.flatMap((message) => message.slice(1))
/** Values by the field that they were sent in, and all of them. */
const values = Object.groupBy(
  segments.flatMap(([name = '', ...fields]) =>
    fields.flatMap((value, i) => (value === '' ? [] : [{ field: `${name}-${i + 1}`, value }])),
  ),
  ({ field }) => field,
)
const allValues = Object.values(values).flatMap((list) => list ?? [])

const odd = [
  ...[
    '""',
    '""^""',
    '^""',
    '^^^',
    '&&',
    '~~',
    ' ',
    '^ ^ ',
    '\\T\\',
    '\\X0D\\',
    '\\X0B\\',
    '\\.br\\',
    '\\.sp9\\',
  ],
  ...[
    '0',
    '-1',
    '99999999999',
    '2026',
    '20261301',
    '19000101',
    '20260301093000.1234-0600',
    '1.10^USD',
    '1e400',
  ],
  ...['x'.repeat(300), 'é', 'A&B&C^D&E~F', '__proto__', 'constructor', "' OR 1=1--", '<b>x</b>', 'NaN'],
]
const events = [
  ...Array.from({ length: 62 }, (_, i) => `ADT^A${String(i + 1).padStart(2, '0')}`),
  ...Array.from({ length: 16 }, (_, i) => `SIU^S${i + 12}`),
  ...['DFT^P03', 'DFT^P11', 'BAR^P01', 'BAR^P05', 'BAR^P06', 'MFN^M02', 'MFN^M05', 'QRY^A19'],
]
const versions = ['2.1', '2.2', '2.3', '2.4', '2.5.1', '2.7', '2.8']

const changes: readonly ((message: string[][], at: number, pick: Chance) => void)[] = [
  (message, at) => message.splice(at, 1),
  (message, at) => message.splice(at, 0, [...(message[at] ?? ['ZZZ'])]),
  (message, at, pick) => message.splice(at, 0, [...pick.one(segments)]),
  (message, at, pick) => {
    const [segment] = message.splice(at, 1)
    if (segment) message.splice(1 + pick.below(message.length), 0, segment)
  },
  (message, at, pick) => put(message[at], pick, () => pick.one(odd)),
  (message, at, pick) => put(message[at], pick, (field) => pick.one(values[field] ?? allValues).value),
  (message, at, pick) =>
    put(
      message[at],
      pick,
      (_field, value) => value + pick.one(['~', '^', '&', '\\']) + pick.one(allValues).value,
    ),
  (message, at, pick) =>
    put(message[at], pick, (_field, value) => value.slice(0, pick.below(value.length + 1))),
]

function put(
  segment: string[] | undefined,
  pick: Chance,
  make: (field: string, value: string) => string,
): void {
  if (!segment) return
  const field = 1 + pick.below(segment.length + 2)
  while (segment.length <= field) segment.push('')
  segment[field] = make(`${segment[0]}-${field}`, segment[field] ?? '')
}

/** A message as text, sent by a source that may send; its control id is its number. */
function mutant(pick: Chance, number: number): string {
  const message = pick.one(originals).map((segment) => [...segment])
  for (let left = 1 + pick.below(6); left > 0; left--)
    pick.one(changes)(message, 1 + pick.below(Math.max(1, message.length - 1)), pick)
  const [msh = ['MSH', '^~\\&']] = message
  while (msh.length < 17) msh.push('')
  msh.splice(2, 2, 'ADT1', 'GHH')
  msh.splice(9, 2, `M${number}`, 'P')
  // Answered at once and whatever the outcome, as a test can tell.
  msh.splice(14, 2, '', '')
  if (pick.below(5) === 0) msh[8] = pick.one(events)
  if (pick.below(3) > 0) msh[11] = pick.one(versions)
  return message.map((segment) => segment.join('|')).join('\r')
}

describe('messages gone wrong', () => {
  let gateway: TestGateway
  before(async () => {
    gateway = await testGateway(
      acceptanceSite((site) => {
        const [first] = site.sources as Record<string, unknown>[]
        site.sources = [{ ...first, id: 'ADT1|GHH', defaultAuthority: { MR: 'GHH', '': 'GHH', XX: 'GHH' } }]
      }),
    )
  })
  after(() => gateway.close())

  it(`are refused or applied: ${mutants} of them, PORTICO_SEED=${seed}`, async () => {
    assert.ok(originals.length > 300, `${originals.length} messages to begin with`)
    const pick = chanceOf(seed)
    const failed: string[] = []
    const answers = new Map<string, number>()
    for (let sent = 0; sent < mutants; sent += atOnce) {
      const texts = Array.from({ length: Math.min(atOnce, mutants - sent) }, (_, i) => mutant(pick, sent + i))
      const replies = await Promise.all(texts.map((text) => gateway.send(text)))
      for (const [i, { code, text }] of replies.entries()) {
        answers.set(code, (answers.get(code) ?? 0) + 1)
        if (text.includes('could not process')) failed.push(texts[i] ?? '')
      }
    }
    await gateway.idle()
    assert.deepEqual({ failed, faults: gateway.faults }, { failed: [], faults: [] })
    // They reach the rules, or this shows nothing.
    assert.ok((answers.get('AA') ?? 0) > mutants / 5, JSON.stringify([...answers]))
    assert.ok((answers.get('AE') ?? 0) > mutants / 5, JSON.stringify([...answers]))
  })
})
