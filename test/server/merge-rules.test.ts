// What a merge means to whoever reads: sentences of semantics, section 3, that no order of arrival has a part in.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { acceptanceSite } from '../pipeline/gateway.ts'
import type { Resource } from '../pipeline/merging.ts'
import { account, segment, visit } from '../pipeline/messages.ts'
import { desk } from './merge-desk.ts'
import { type TestApp, testApp } from './setup.ts'

let app: TestApp
before(async () => {
  app = await testApp()
})
after(() => app.close())
beforeEach(async () => {
  await app.engine.reset()
  app.at('2026-03-02T20:00:00-06:00')
})
const { tell, who, person, admit, merge, one, recordOf, tasks, ids } = desk(() => app)

describe('after a merge', () => {
  test('the record that was merged is read: inactive, with a link; searches by any number find the survivor alone', async () => {
    await person('S1')
    await person('T1')
    const source = await recordOf('S1')
    assert.equal((await merge('S1', 'T1')).code, 'AA')
    await merge('NEVER', 'T1')
    const target = await recordOf('T1')
    const read = await app.ask(`/fhir/Patient/${source.id}`)
    assert.equal(read.status, 200)
    assert.equal(read.body.active, false)
    assert.deepEqual(read.body.link, [{ type: 'replaced-by', other: { reference: `Patient/${target.id}` } }])
    for (const each of ['S1', 'T1', 'NEVER'])
      assert.deepEqual(await ids(`Patient?identifier=${each}`), [target.id], each)
    assert.deepEqual(await ids('Patient?active=false'), [source.id])
  })

  test('$everything of either record is that of the survivor', async () => {
    await admit('S1')
    await person('T1')
    const source = await recordOf('S1')
    await merge('S1', 'T1')
    const target = await recordOf('T1')
    const stay = await one('Encounter', 'V-S1')
    for (const each of [source, target]) {
      const found = await ids(`Patient/${each.id}/$everything`)
      assert.ok(found.includes(target.id) && found.includes(stay.id), `${each.id}: ${found.join()}`)
    }
  })

  test('what clients have written of the source is about the survivor, and so is work for people', async () => {
    await person('S1', { 11: '1 OAK ST^^SPRINGFIELD^IL^62701^USA^H' })
    await person('T1')
    const source = await recordOf('S1')
    const reference = { reference: `Patient/${source.id}` }
    const bodies = [
      { resourceType: 'Communication', status: 'completed', subject: reference },
      {
        resourceType: 'DocumentReference',
        status: 'current',
        subject: reference,
        content: [{ attachment: { contentType: 'text/plain' } }],
      },
      {
        resourceType: 'Consent',
        status: 'active',
        scope: { text: 'privacy' },
        category: [{ text: 'privacy' }],
        patient: reference,
        policyRule: { text: 'opt-in' },
      },
      { resourceType: 'Task', status: 'requested', intent: 'order', for: reference },
    ]
    const made: { rtype: string; id: string }[] = []
    for (const body of bodies) {
      const answer = await app.ask(`/fhir/${body.resourceType}`, { method: 'POST', body })
      assert.equal(answer.status, 201, answer.text)
      made.push({ rtype: body.resourceType, id: String(answer.body.id) })
    }
    await merge('S1', 'T1')
    const target = await recordOf('T1')
    for (const { rtype, id } of made) {
      const { text } = await app.ask(`/fhir/${rtype}/${id}`)
      assert.match(text, new RegExp(`"Patient/${target.id}"`), rtype)
      assert.doesNotMatch(text, new RegExp(`"Patient/${source.id}"`), rtype)
    }
  })

  test('one Provenance says so: a merge, of both records', async () => {
    await person('S1')
    await person('T1')
    const [source, target] = [await recordOf('S1'), await recordOf('T1')]
    await merge('S1', 'T1')
    const merges = ((await app.all('Provenance')) as Resource[]).filter((each) =>
      JSON.stringify(each.activity).includes('"merge"'),
    )
    assert.equal(merges.length, 1)
    for (const each of [source, target])
      assert.match(JSON.stringify(merges[0]?.target), new RegExp(`"Patient/${each.id}"`))
  })

  test('undoing it asks about what was touched since: 409, one issue for each', async () => {
    await admit('S1')
    await admit('T1')
    await merge('S1', 'T1')
    const target = await recordOf('T1')
    await tell(
      'ADT^A08^ADT_A01',
      who('T1', { 18: account('A-S1') }),
      segment('PV1', { 1: '1', 2: 'I', 10: 'MED', 19: visit('V-S1') }),
    )
    const merged = ((await app.all('Provenance')) as Resource[]).find((each) =>
      JSON.stringify(each.activity).includes('"merge"'),
    )
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'merge', valueReference: { reference: `Provenance/${merged?.id}` } },
        { name: 'reason', valueString: 'two women' },
      ],
    }
    const answer = await app.ask(`/fhir/Patient/${target.id}/$unmerge`, { method: 'POST', body })
    assert.equal(answer.status, 409)
    const stay = await one('Encounter', 'V-S1')
    assert.match(answer.text, new RegExp(`Encounter/${stay.id}`))
    assert.ok(((answer.body.issue ?? []) as unknown[]).length >= 1)
  })
})

describe('demographics beside a merge (A40)', () => {
  const married = { 16: 'M' }
  test('are ignored', async () => {
    await person('S1')
    await person('T1')
    await merge('S1', 'T1', married)
    assert.equal((await recordOf('T1')).maritalStatus, undefined)
  })

  test('count where the site says so of the source (a40UpdatesDemographics), and gaps stay where it wants that (mergeFill)', async () => {
    const other = await testApp({
      site: acceptanceSite((site) => {
        site.sources = (site.sources as { id: string }[]).map((each) =>
          each.id === 'ADT1|GHH' ? { ...each, a40UpdatesDemographics: true } : each,
        )
        site.policy = { autoLink: 'off', mergeFill: false }
      }),
    })
    const outer = app
    app = other
    try {
      await person('S1', { 15: 'es^Spanish^HL70296' })
      await person('T1')
      await merge('S1', 'T1', { ...married, 5: 'DOE^T1^^^^^L' })
      const { maritalStatus, communication } = await recordOf('T1')
      assert.ok(maritalStatus)
      assert.equal(communication, undefined)
    } finally {
      app = outer
      await other.close()
    }
  })
})

test('a merge against an earlier one is work for a person (merge-cycle), once', async () => {
  await person('S1')
  await person('T1')
  await merge('S1', 'T1')
  for (const _ of [1, 2]) {
    const { errors, codes } = await merge('T1', 'S1')
    assert.deepEqual([errors, codes], [['E MERGE-CYCLE MRG^1^1^1'], ['205']])
  }
  assert.equal((await tasks('merge-cycle')).length, 1)
})
