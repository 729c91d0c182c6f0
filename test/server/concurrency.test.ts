// Sixteen connections to two gateway processes on one PostgreSQL, the same patients on all of them, and one of the two is
// killed on the way. Semantics, section 20: I1, I4, I16, I17, I19.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { digestOf } from '../../src/fhir/digest.ts'
import { castOf } from '../../src/generate/cast.ts'
import { chanceOf } from '../../src/generate/chance.ts'
import { day, type Sent } from '../../src/generate/day.ts'
import { refused } from '../../src/generate/trouble.ts'
import { readState } from '../../src/store/journal.ts'
import { start } from '../cli/portico.ts'
import { Wire } from '../fault/wire.ts'
import { readAnswers } from '../pipeline/gateway.ts'
import { listener, stateOf, storyDatabase, storySite } from '../pipeline/histories.ts'
import { checkShown } from '../pipeline/invariants.ts'
import { shared } from '../shared.ts'

const connections = 16
const seed = Number(process.env.PORTICO_PROPERTY_SEED ?? 20260302)

/** A day without the patients of whom two records are merged: where a merge stands among the others counts. */
function messages(): Sent[] {
  const cast = castOf(storySite())
  if ('missing' in cast) throw new Error(cast.missing)
  const all = day({ seed, patients: 24, hours: 24, trouble: 0.3, date: '2026-03-02' }, cast)
  const numberOf = ({ text }: Sent) => /\rPID\|1\|\|(?:W\d+[^~|]*~)?(\d{6})/.exec(text)?.[1]
  const merged = new Set(all.flatMap((each) => (each.event === 'ADT^A40' ? [numberOf(each)] : [])))
  return all.filter((each) => !merged.has(numberOf(each)))
}

/** Its MLLP port. */
async function portOf(server: ChildProcess): Promise<number> {
  if (!server.stdout) throw new Error('no output')
  for await (const line of createInterface({ input: server.stdout })) {
    const { mllp } = JSON.parse(line) as { mllp?: unknown }
    if (typeof mllp === 'string') return Number(/:(\d+)$/.exec(mllp)?.[1])
  }
  throw new Error('the gateway ended')
}

describe('two gateways on one PostgreSQL', () => {
  it('tell one truth, the one of a single connection, also when one of them is killed', async (t) => {
    const store = await storyDatabase()
    const serial = await storyDatabase()
    t.diagnostic(`seed ${seed}`)
    const env = {
      DATABASE_URL: store.url,
      DATABASE_SCHEMA: store.schema,
      SITE: shared('acceptance/site.json'),
      HTTP_PORT: '0',
      MLLP_PORT: '0',
    }
    const servers = [start(['serve'], { env }), start(['serve'], { env })]
    t.after(async () => {
      for (const each of servers) each.kill('SIGKILL')
      await store.drop()
      await serial.drop()
    })
    const [one = 0, two = 0] = await Promise.all(servers.map(portOf))

    const all = messages()
    const chance = chanceOf(seed)
    const queue = all
      .map((each) => ({ each, key: chance.below(1_000_000) }))
      .sort((a, b) => a.key - b.key)
      .map(({ each }) => each)
    const half = queue.length / 2
    const answers: { sent: Sent; code: string; errors: readonly string[]; codes: readonly string[] }[] = []
    const talk = async (connection: number): Promise<void> => {
      let wire = await Wire.open(connection % 2 === 0 ? one : two)
      for (let sent = queue.pop(); sent; sent = queue.pop()) {
        for (;;) {
          const reply = await wire?.send(Buffer.from(sent.text))
          const [answer] = readAnswers(reply)
          if (answer) {
            answers.push({ sent, code: answer.code, errors: answer.errors, codes: answer.codes })
            break
          }
          // Killed before it has answered: the other one is asked, as a sender would.
          wire = await Wire.open(one)
          assert.ok(wire, 'the gateway that was left alone takes no connections')
        }
        if (answers.length >= half) servers[1]?.kill('SIGKILL')
      }
      await wire?.end()
    }
    await Promise.all(Array.from({ length: connections }, (_, connection) => talk(connection)))
    assert.equal(answers.length, all.length)

    const wrong = answers.filter(
      ({ sent, code }) => (code === 'AA') === (sent.trouble !== undefined && refused.has(sent.trouble)),
    )
    assert.deepEqual(wrong, [], 'a conflict of the two has reached a sender')
    const refusals = answers.filter(({ code }) => code !== 'AA')
    assert.ok(refusals.length > 0)
    for (const { errors } of refusals)
      assert.match(errors[0] ?? '', /^E \S+ [A-Z0-9]{3}\^\d/, 'I19: a refusal without a place')

    const rows = await store.db.read.query<{ id: string }>(
      'test_kept',
      'select distinct control_id as id from message',
    )
    const kept = new Set(rows.map(({ id }) => id))
    const lost = answers.filter(({ sent }) => !kept.has(sent.controlId))
    assert.deepEqual(lost, [], 'I16: acknowledged, and lost')

    const alone = listener(serial, storySite(), { lanes: 1, maxBatchMessages: 1 })
    for (const { text } of all) await alone.send(text)
    await alone.idle()
    await alone.engine.close()
    checkShown(await stateOf(store))
    // Ids follow from the number that was heard of first; what is said with them does not.
    const digests = [store, serial].map((each) => digestOf(() => readState(each.db.read, 1)))
    const [shown, expected] = await Promise.all(digests)
    assert.deepEqual(shown, expected)
  })
})
