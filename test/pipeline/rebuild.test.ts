// The truth made anew: out of the message log (I3), and out of what is stored when the policy of the site has changed.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Site } from '../../src/canonical/site.ts'
import { differencesOf } from '../../src/fhir/difference.ts'
import { digestOf } from '../../src/fhir/digest.ts'
import { replayLog } from '../../src/pipeline/later/rebuild.ts'
import { readState } from '../../src/store/journal.ts'
import type { TestDatabase } from '../database.ts'
import { frontdesk as client } from './frontdesk.ts'
import { baseMaps } from './gateway.ts'
import { history, type Listener, listener, storyDatabase, storySite, textOf } from './histories.ts'
import { mrn, msh, pid, register, segment, visit } from './messages.ts'

let store: TestDatabase
let scratch: TestDatabase
let site: Site
let gateway: Listener
before(async () => {
  store = await storyDatabase()
  scratch = await storyDatabase()
  site = storySite()
  gateway = listener(store, site)
})
after(async () => {
  await gateway.engine.close()
  await store.drop()
  await scratch.drop()
})

const stateOf = (of: TestDatabase) => readState(of.db.read, 1)

/** Replays the log of the store into the empty one; what differs, for a person to read. */
async function verify(under: Site = site): Promise<string[]> {
  const emptied = listener(scratch, under)
  await emptied.reset()
  await emptied.engine.close()
  const { failed } = await replayLog({
    from: store.db,
    into: scratch.db,
    tenant: 1,
    site: under,
    maps: baseMaps(),
  })
  assert.deepEqual(failed, [])
  const out: string[] = []
  for await (const { key, where, elements } of differencesOf(stateOf(store), stateOf(scratch)))
    out.push(`${key} ${where} ${elements.join()}`)
  const [a, b] = [await digestOf(() => stateOf(store)), await digestOf(() => stateOf(scratch))]
  assert.equal(a.digest === b.digest, out.length === 0)
  return out
}

async function send(...texts: readonly string[]): Promise<void> {
  await Promise.all(texts.map((each) => gateway.send(each)))
  await gateway.idle()
}
const text = (segments: readonly string[]): string => `${segments.join('\r')}\r`

const common = { client, peer: 'test', strict: false, raw: Buffer.from('{}') }

describe('the log replayed in an empty store', () => {
  it('gives the same truth for any history (I3)', async (t) => {
    const seed = Number(process.env.PORTICO_PROPERTY_SEED ?? 20260302)
    t.diagnostic(`seed ${seed}`)
    await fc.assert(
      fc.asyncProperty(history({ min: 10, max: 20 }), async (told) => {
        await gateway.reset()
        await send(...told.map((each, i) => textOf(each, `R${i}`)))
        assert.deepEqual(await verify(), [])
      }),
      { seed, numRuns: Math.ceil(Number(process.env.PORTICO_PROPERTY_RUNS ?? 60) / 15) },
    )
  })

  it('has merges where they were, and messages that were parked', async () => {
    await gateway.reset()
    const merge = [
      msh({ event: 'ADT^A40^ADT_A39' }),
      'EVN||20260302090000',
      segment('PID', { 1: '1', 3: mrn('M1'), 5: 'DOE^JANE' }),
      segment('MRG', { 1: mrn('M2') }),
    ]
    const late = [msh({ event: 'DFT^P03' }), 'EVN||20260302100000', pid({ 3: mrn('M9') }), 'PV1|1|O']
    await send(text(late))
    await send(text(register('M1')))
    await send(text(register('M2', { 7: '19790101', 11: '1 OAK ST^^SPRINGFIELD^IL^62701^USA^H' })))
    // One visit under two numbers: the second waits for the merge.
    for (const [who, event] of [
      ['M1', 'A01'],
      ['M2', 'A08'],
    ] as const)
      await send(
        text([
          msh({ event: `ADT^${event}^ADT_A01` }),
          'EVN||20260302083000',
          pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L' }),
          segment('PV1', { 1: '1', 2: 'I', 10: event === 'A08' ? 'MED' : '', 19: visit('V1') }),
        ]),
      )
    await send(text(merge))
    await send(text(register('M2', { 8: 'M' }, { time: '20260302110000' })))
    await send(text(register('M9')))
    const shown: string[] = []
    for await (const { rtype, body } of stateOf(store)) if (rtype === 'Encounter') shown.push(body)
    assert.ok(shown.some((each) => each.includes('MED')))
    assert.deepEqual(await verify(), [])
  })

  it('has what clients wrote, with the ids that they were told', async () => {
    await gateway.reset()
    await send(text(register('M1')))
    const created = await gateway.engine.write({
      ...common,
      op: 'create',
      rtype: 'Patient',
      change: () => ({ next: { resourceType: 'Patient', name: [{ family: 'ROE' }] } }),
    })
    assert.equal(created.status, 201)
    const [known] = [...(await gateway.state()).keys()].filter(
      (key) => key.startsWith('Patient/') && key !== `Patient/${created.id}`,
    )
    const patched = await gateway.engine.write({
      ...common,
      op: 'patch',
      rtype: 'Patient',
      id: known?.slice('Patient/'.length) ?? '',
      ifMatch: 1,
      // Said to have happened before the message that comes next: what that says stays.
      eventTime: new Date('2026-03-02T08:30:00-06:00'),
      change: (current) => ({
        next: {
          ...current,
          resourceType: 'Patient',
          gender: 'other',
          maritalStatus: { text: 'x' },
          meta: { tag: [{ system: 'urn:t', code: 'a' }], security: [{ system: 'urn:s', code: 'PSY' }] },
        },
      }),
    })
    assert.equal(patched.status, 200)
    await send(text(register('M1', { 16: 'M' }, { time: '20260302090000' })))
    assert.doesNotMatch([...(await gateway.state()).values()].join(), /"text":"x"/)
    const charge = await gateway.engine.write({
      ...common,
      op: 'create',
      rtype: 'Invoice',
      change: () => ({
        next: {
          resourceType: 'Invoice',
          status: 'issued',
          subject: { reference: `Patient/${created.id}` },
          totalNet: { value: JSON.rawJSON('20.50'), currency: 'USD' },
        },
      }),
    })
    assert.equal(charge.status, 201)
    // By number, with an actor whom only the site has told of.
    const named = (system: string, value: string) => ({
      actor: { identifier: { system, value } },
      status: 'accepted',
    })
    const booked = await gateway.engine.write({
      ...common,
      op: 'create',
      rtype: 'Appointment',
      change: () => ({
        next: {
          resourceType: 'Appointment',
          status: 'booked',
          start: '2026-03-05T09:00:00-06:00',
          end: '2026-03-05T09:30:00-06:00',
          participant: [
            named('urn:oid:2.16.840.1.113883.19.5.1', 'M1'),
            named('http://hl7.org/fhir/sid/us-npi', '1245319599'),
          ],
        },
      }),
    })
    assert.equal(booked.status, 201)
    const deleted = await gateway.engine.write({
      ...common,
      op: 'delete',
      rtype: 'Patient',
      id: created.id ?? '',
    })
    assert.equal(deleted.status, 204)
    assert.ok([...(await gateway.state()).values()].some((each) => each.includes('20.50')))
    assert.deepEqual(await verify(), [])
  })

  it('says what would be another truth under another site', async () => {
    await gateway.reset()
    await send(text(register('M1', { 8: 'F' })), text(register('M1', { 8: 'M' }, { source: 'WREG|WCL' })))
    const found = await verify(trusting('WREG|WCL'))
    assert.equal(found.length, 1)
    assert.match(found[0] ?? '', /^Patient\/.* both gender$/)
  })

  it('lets nobody in who was not let in', async () => {
    await gateway.reset()
    const raw = Buffer.from(text(register('M1')))
    await gateway.engine.receive({ raw, channel: 'http', peer: 'test', allowed: ['WREG|WCL'] })
    assert.deepEqual(await verify(), [])
  })
})

/** The same site where one source is believed above all. */
const trusting = (id: string): Site => ({
  ...site,
  sources: new Map([...site.sources].map(([key, each]) => [key, { ...each, trust: key === id ? 100 : 10 }])),
})

describe('a policy that changes', () => {
  it('gives the new truth without new messages, and one version more of what is another now', async () => {
    await gateway.reset()
    await send(text(register('M1', { 8: 'F' })), text(register('M1', { 8: 'M' }, { source: 'WREG|WCL' })))
    await send(text(register('M2', { 8: 'F' })))
    const genders = async (of: Listener) =>
      [...(await of.state()).values()]
        .map((each) => JSON.parse(each) as { resourceType: string; gender?: string })
        .flatMap((each) => (each.resourceType === 'Patient' ? [each.gender] : []))
        .sort()
    assert.deepEqual(await genders(gateway), ['female', 'female'])
    const other = listener(store, trusting('WREG|WCL'))
    try {
      const done = await other.engine.recompute()
      assert.equal(done?.changed, 1)
      assert.deepEqual(await genders(other), ['female', 'male'])
      assert.equal(await other.engine.recompute(), undefined, 'nothing has changed since')
      assert.deepEqual(await verify(trusting('WREG|WCL')), [])
    } finally {
      await other.engine.close()
    }
  })

  it('goes on where an interrupted run has ended', async () => {
    await gateway.reset()
    const people = Array.from({ length: 120 }, (_, i) => `P${i}`)
    await send(
      ...people.flatMap((each) => [
        text(register(each, { 8: 'F' })),
        text(register(each, { 8: 'M' }, { source: 'WREG|WCL' })),
      ]),
    )
    const first = listener(store, trusting('WREG|WCL'))
    let pages = 0
    const begun = first.engine.recompute(false, () => {
      if (++pages === 2) void first.engine.close()
    })
    const before = await begun
    const second = listener(store, trusting('WREG|WCL'))
    try {
      const after = await second.engine.recompute()
      assert.ok((before?.changed ?? 0) > 0)
      assert.ok((after?.changed ?? 0) > 0)
      assert.equal((before?.changed ?? 0) + (after?.changed ?? 0), people.length)
    } finally {
      await second.engine.close()
    }
  })
})
