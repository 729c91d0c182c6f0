// What a client writes may name patients and practitioners by number alone (FHIR R4 references.html#logical): whom the number
// means is booked, found and merged as if it had been named by id.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { maxLogicalReferences } from '../../src/pipeline/client/logical-reference.ts'
import { merging } from '../pipeline/merging.ts'
import { register } from '../pipeline/messages.ts'
import { entriesOf, type TestApp, testApp } from './setup.ts'

const mrnSystem = 'urn:oid:2.16.840.1.113883.19.5.1'
const npi = 'http://hl7.org/fhir/sid/us-npi'
/** Calendars of the acceptance site: the gateway's own, and one of another system. */
const [patel, chen] = ['1245319599', '1234567893']

describe('a booking by number', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    app.at('2026-03-02T09:00:00-06:00')
    await app.send(...register('N1'))
    await app.send(...register('N2', { 5: 'ROE^ANN^^^^^L' }))
  })
  after(() => app.close())

  const named = (system: string, value: string) => ({
    actor: { identifier: { system, value } },
    status: 'accepted',
  })
  const book = (who: string, doctor: string, start: string, end: string) =>
    app.ask('/fhir/Appointment', {
      method: 'POST',
      as: 'frontdesk',
      body: {
        resourceType: 'Appointment',
        status: 'booked',
        start: `2026-03-05T${start}:00-06:00`,
        end: `2026-03-05T${end}:00-06:00`,
        participant: [named(npi, doctor), named(mrnSystem, who)],
      },
    })
  const count = async (query: string): Promise<number> => entriesOf(await app.ask(`/fhir/${query}`)).length

  it('takes the time of whom it books, though nobody has told of the practitioner but the site', async () => {
    assert.equal((await book('N1', patel, '09:00', '09:30')).status, 201)
    assert.equal(await count(`Appointment?patient.identifier=${mrnSystem}|N1`), 1)
    assert.equal(await count(`Appointment?practitioner.identifier=${npi}|${patel}`), 1)
    assert.equal(await count(`Practitioner?identifier=${npi}|${patel}`), 1)
    assert.equal(await count(`Slot?schedule.actor:Practitioner.identifier=${npi}|${patel}&status=busy`), 1)
    const again = await book('N2', patel, '09:15', '09:45')
    assert.equal(again.status, 409, again.text)
  })

  it('asks the owner of a calendar that is not ours', async () => {
    const answer = await book('N1', chen, '09:00', '09:30')
    assert.equal(answer.status, 202, answer.text)
    assert.equal(answer.body.resourceType, 'Task')
  })

  it('stays with the number through a merge', async () => {
    assert.equal((await book('N2', patel, '10:00', '10:30')).status, 201)
    await app.send(...merging('20260302100000', ['N2', 'N1']))
    assert.equal(await count(`Appointment?patient.identifier=${mrnSystem}|N1`), 2)
  })

  it('looks up so many references of one resource, and leaves the others as they are', async () => {
    const entry = { item: { identifier: { system: mrnSystem, value: 'N1' } } }
    const answer = await app.ask('/fhir/List', {
      method: 'POST',
      as: 'frontdesk',
      body: {
        resourceType: 'List',
        status: 'current',
        mode: 'working',
        entry: Array.from({ length: maxLogicalReferences + 1 }, () => entry),
      },
    })
    assert.equal(answer.status, 201, answer.text.slice(0, 300))
    assert.equal(answer.text.match(/"reference":/g)?.length, maxLogicalReferences)
  })

  it('leaves a number that nobody has as it is', async () => {
    const answer = await book('N9', patel, '11:00', '11:30')
    assert.equal(answer.status, 201)
    assert.doesNotMatch(answer.text, /"reference":\s*"Patient/)
    assert.match(answer.text, /"N9"/)
  })
})
