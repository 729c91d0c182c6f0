// When something happened, as messages say it: to the second, to the day, or in the future. Semantics, sections 8.3 and 13.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment, visit } from './messages.ts'

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-03-20T08:00:00-05:00')
})
after(() => gateway.close())

interface Said {
  readonly message?: string
  readonly recorded: string
  readonly occurred?: string
}

function admit(
  number: string,
  { message = '20260319080000', recorded, occurred = '' }: Said,
): Promise<Answer> {
  return gateway.send(
    msh({ event: 'ADT^A01^ADT_A01', time: message }),
    `EVN||${recorded}||||${occurred}`,
    pid({ 3: mrn(`T${number}`), 5: 'DOE^JANE^^^^^L' }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit(number) }),
  )
}

async function startOf(number: string): Promise<unknown> {
  const found = (await gateway.all('Encounter')).find((each) => JSON.stringify(each).includes(`"${number}"`))
  return (found?.period as { readonly start?: string } | undefined)?.start
}

describe('the time of an event', () => {
  it('that is told to the day or the month begins where the source is, not in UTC', async () => {
    const told = [
      ['V1', { recorded: '20260310' }, '2026-03-10T00:00:00-05:00'],
      ['V2', { recorded: '202603' }, '2026-03-01T00:00:00-06:00'],
      ['V3', { recorded: '20260311093000', occurred: '20260310' }, '2026-03-10T00:00:00-05:00'],
      ['V4', { message: '20260312', recorded: '' }, '2026-03-12T00:00:00-05:00'],
      ['V5', { message: '20260319080000-0700', recorded: '20260310' }, '2026-03-10T02:00:00-05:00'],
    ] as const
    for (const [number, said, start] of told) {
      const { code, errors } = await admit(number, said)
      assert.deepEqual([code, errors], ['AA', []], number)
      assert.equal(await startOf(number), start, number)
    }
  })

  it('that lies in the future is now, and the warning says where it was told', async () => {
    const told = [
      ['V11', { recorded: '20270310100000' }, 'EVN^1^2'],
      ['V12', { recorded: '20260310100000', occurred: '20270310100000' }, 'EVN^1^6'],
      ['V13', { message: '20270310100000', recorded: '' }, 'MSH^1^7'],
    ] as const
    for (const [number, said, where] of told) {
      assert.deepEqual((await admit(number, said)).errors, [`W FUTURE-EVENT ${where}`])
      assert.equal(await startOf(number), '2026-03-20T08:00:00-05:00')
    }
    // Within a day of now: clocks differ.
    assert.deepEqual((await admit('V14', { recorded: '20260321070000' })).errors, [])
  })

  it('that did not exist, or occurred twice, is warned of where it was told', async () => {
    const gap = await admit('V21', { recorded: '20260308023000' })
    assert.deepEqual(gap.errors, ['W DST-GAP EVN^1^2'])
    assert.equal(await startOf('V21'), '2026-03-08T03:30:00-05:00')
    const twice = await admit('V22', { recorded: '20251102013000' })
    assert.deepEqual(twice.errors, ['W DST-AMBIGUOUS EVN^1^2'])
    assert.equal(await startOf('V22'), '2025-11-02T01:30:00-05:00')
    // An offset leaves no doubt.
    assert.deepEqual((await admit('V23', { recorded: '20251102013000-0600' })).errors, [])
    assert.equal(await startOf('V23'), '2025-11-02T01:30:00-06:00')
  })
})
