// The samples, sent in sorted order to an empty gateway with the demo site, are answered as their README says.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseSite } from '../../src/pipeline/site/site.ts'
import { readAnswers, type TestGateway, testGateway } from './gateway.ts'
import { guaranteed, lacking } from './guarantees.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'samples/README.md'), 'utf8')
const rows = [...readme.matchAll(/^\| \[(\S+?)\]\(\S+?\) \| .+ \| (.+?) \|$/gm)]

let gateway: TestGateway
before(async () => {
  const read = parseSite(readFileSync(join(root, 'profiles/sites/demo/site.json'), 'utf8'))
  assert.ok('site' in read)
  gateway = await testGateway(read.site)
  gateway.at('2026-12-01T12:00:00Z')
})
after(() => gateway.close())

describe('the samples as a story', () => {
  for (const [, file = '', ack = ''] of rows) {
    it(`${file}: ${ack}`, async () => {
      const raw = readFileSync(join(root, 'samples', file))
      const { bytes } = await gateway.engine.receive({ raw, channel: 'mllp', peer: 'test:1' })
      const answers = readAnswers(bytes)
      if (ack.startsWith('AA')) {
        const [first] = answers
        const expected = ack.includes(' W ') ? [ack.slice(ack.indexOf('W '))] : []
        assert.deepEqual(
          answers.map(({ code }) => code),
          ack.replace(/, W .*$/, '').split(', '),
          answers.flatMap(({ errors }) => errors).join('; '),
        )
        assert.deepEqual(first?.errors, expected)
        return
      }
      const [code = '', number = '', ...rest] = ack.split(' ')
      const [answer] = answers
      assert.equal(answer?.code, code)
      assert.deepEqual(answer.codes.slice(0, 1), [number])
      const said = answer.errors.flatMap((error) => error.split(' '))
      for (const part of rest)
        assert.ok(
          said.some((each) => each === part || each.startsWith(`${part}^`)),
          part,
        )
    })
  }
  it('leave nothing that failed', () => assert.deepEqual(gateway.faults, []))

  it('leave nothing that our profiles do not describe', async () => {
    for (const type of guaranteed)
      for (const resource of await gateway.all(type))
        assert.deepEqual(lacking(resource), [], `${type} ${resource.id}`)
  })
})
