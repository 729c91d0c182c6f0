// A generated day: the same for the same seed, what it says is wrong is refused, and everything else is taken.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Cast, castOf } from '../../src/generate/cast.ts'
import { type DayOptions, day, type Sent } from '../../src/generate/day.ts'
import { refused, troubles } from '../../src/generate/trouble.ts'
import { portico } from '../cli/portico.ts'
import { acceptanceSite, testGateway } from '../pipeline/gateway.ts'

function cast(): Cast {
  const found = castOf(acceptanceSite())
  if ('missing' in found) throw new Error(found.missing)
  return found
}
const usual: DayOptions = { seed: 1, patients: 40, hours: 24, trouble: 0.25, date: '2026-03-02' }
const textsOf = (list: readonly Sent[]): string => list.map((each) => each.text).join('')

describe('a generated day', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.equal(textsOf(day(usual, cast())), textsOf(day(usual, cast())))
    assert.notEqual(textsOf(day(usual, cast())), textsOf(day({ ...usual, seed: 2 }, cast())))
  })

  it('has every kind of message and every kind of trouble, in the order of sending', () => {
    const sent = day({ ...usual, patients: 200 }, cast())
    const kinds = new Set(sent.map((each) => each.event))
    for (const event of ['ADT^A01', 'ADT^A03', 'ADT^A28', 'ADT^A40', 'SIU^S12', 'SIU^S13', 'DFT^P03'])
      assert.ok(kinds.has(event), event)
    assert.deepEqual([...new Set(sent.flatMap(({ trouble }) => trouble ?? []))].sort(), [...troubles].sort())
    assert.deepEqual(
      sent.map((each) => each.sentAt),
      sent.map((each) => each.sentAt).sort((a, b) => a - b),
    )
    assert.equal(new Set(sent.map(({ source }) => source)).size, 4)
    const end = Date.parse('2026-03-03T04:00:00Z')
    assert.ok(sent.every(({ at }) => at < end))
  })

  it('has no trouble when none is asked for', () => {
    assert.ok(day({ ...usual, trouble: 0 }, cast()).every(({ trouble }) => trouble === undefined))
  })

  it('is taken by the gateway but for what is wrong', async () => {
    const gateway = await testGateway()
    gateway.at('2026-03-03T12:00:00-06:00')
    try {
      const answers = await Promise.all(
        day({ ...usual, patients: 25 }, cast()).map(async ({ event, trouble, text: sent }) => {
          const { code, text } = await gateway.send(...sent.trimEnd().split('\r'))
          return { event, trouble, code, text }
        }),
      )
      const unexpected = answers.filter(
        ({ trouble, code }) => (code === 'AA') === (trouble !== undefined && refused.has(trouble)),
      )
      assert.deepEqual(unexpected, [])
      await gateway.idle()
      assert.deepEqual(gateway.faults, [])
      assert.ok((await gateway.all('Encounter')).length > 10)
    } finally {
      await gateway.close()
    }
  })

  it('needs a site that has all systems of a hospital, and says which is missing', () => {
    const site = acceptanceSite()
    const authorities = site.authorities.filter((each) => !each.types.includes('AN'))
    assert.deepEqual(castOf({ gateway: site.gateway, authorities }), {
      missing: 'authorities of types AN and VN that ADT1|GHH owns',
    })
  })
})

describe('portico generate', () => {
  it('writes one file for each message into an empty folder, and nothing into another', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-day-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const out = join(folder, 'day')
    const made = await portico(['generate', '--patients', '5', '--out', out])
    assert.equal(made.code, 0, made.stderr)
    const files = readdirSync(out)
    assert.match(made.stdout, new RegExp(`^${files.length} messages in `))
    assert.match(files[0] ?? '', /^\d+-a28\.hl7$/)
    const again = await portico(['generate', '--patients', '5', '--out', out])
    assert.equal(again.code, 2)
    assert.match(again.stderr, /is not empty/)
  })

  it('prints frames, a batch, or JSON, and refuses a share above 1', async () => {
    const [frames, batch, json, wrong] = await Promise.all([
      portico(['generate', '--patients', '2', '--format', 'mllp']),
      portico(['generate', '--patients', '2', '--format', 'batch']),
      portico(['generate', '--patients', '2', '--json']),
      portico(['generate', '--trouble', '1.5']),
    ])
    const lines = json.stdout.trimEnd().split('\n')
    assert.equal(frames.stdout.split('\x1c\r').length - 1, lines.length)
    assert.match(batch.stdout, new RegExp(`^BHS.*BTS\\|${lines.length}\\r`, 's'))
    assert.match(JSON.parse(lines[0] ?? '').text, /^MSH\|/)
    assert.equal(wrong.code, 2)
  })
})
