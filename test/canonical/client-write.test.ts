// A client's write as assertions of its own: what differs, and nothing else. Semantics, sections 0, 5 and 6.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deleteByClient, holderOf, newResourceId, writeByClient } from '../../src/canonical/client-write.ts'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { Draft } from '../../src/canonical/truth/draft.ts'
import { World } from '../../src/canonical/truth/world.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'

const site = acceptanceSite()
const system = 'urn:oid:2.16.840.1.113883.19.5.1'
const mr = (value: string) => ({
  system,
  value,
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
})

function world(): World {
  const empty = new World()
  empty.collected = []
  return empty
}

let at = 1_000
let messages = 0
/** Applies one write of 'frontdesk' and takes it over. */
function write(on: World, rtype: string, next: FhirJson, current?: FhirJson): Draft {
  const draft = new Draft(on, String(++messages), site)
  writeByClient(draft, { rtype, id: 'x', client: 'frontdesk', at: ++at, current, next }, site)
  draft.fold()
  draft.commit()
  return draft
}
const cellsOf = (draft: Draft, rtype = 'Patient', key = ''): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(draft.contribution(rtype, 'x', 'frontdesk', key)?.cells ?? {}).map(([name, { v }]) => [
      name,
      v,
    ]),
  )

describe('what a client writes', () => {
  it('are the elements that differ; what it leaves out is deleted by it', () => {
    const current = {
      resourceType: 'Patient',
      gender: 'male',
      birthDate: '1980-01-01',
      maritalStatus: { text: 'M' },
    }
    const draft = write(
      world(),
      'Patient',
      { resourceType: 'Patient', gender: 'female', birthDate: '1980-01-01' },
      current,
    )
    assert.deepEqual(cellsOf(draft), { 'gender<FHIR': 'female', 'maritalStatus<FHIR': null })
  })

  it('is nothing when nothing differs: order of names, id, meta and narrative do not count', () => {
    const current = { resourceType: 'Patient', name: [{ family: 'A', use: 'official' }] }
    const next = {
      meta: { versionId: '1' },
      id: 'x',
      text: { status: 'generated' },
      name: [{ use: 'official', family: 'A' }],
    }
    const draft = write(world(), 'Patient', next, current)
    assert.deepEqual(draft.changes, [])
  })

  it('tells amounts apart by their digits', () => {
    const current = { priceOverride: { value: JSON.rawJSON('150.0') } }
    const draft = write(world(), 'ChargeItem', { priceOverride: { value: JSON.rawJSON('150.00') } }, current)
    assert.deepEqual(Object.keys(cellsOf(draft, 'ChargeItem')), ['priceOverride<FHIR'])
  })

  it('of identifiers only adds, each by itself', () => {
    const draft = write(world(), 'Patient', { identifier: [mr('2')] }, { identifier: [mr('1')] })
    assert.deepEqual(Object.keys(cellsOf(draft)), [`identifier<FHIR:${system}|2`])
    assert.deepEqual(draft.lookup('Patient', system, '2'), { id: 'x' })
  })

  it('of a visit is an event of its own', () => {
    const on = world()
    const draft = write(on, 'Encounter', { status: 'in-progress', class: { code: 'IMP' } })
    const own = draft.contribution('Encounter', 'x', 'frontdesk', draft.messageId)
    assert.equal(own?.event, 'FHIR')
    assert.equal(on.entity('Encounter', 'x').body?.status, 'in-progress')
  })
})

describe('deleting', () => {
  it('hides the thing until something is said later', () => {
    const on = world()
    write(on, 'Patient', { gender: 'male' })
    const draft = new Draft(on, String(++messages), site)
    deleteByClient(draft, 'Patient', 'x', 'frontdesk', { at: ++at })
    draft.fold()
    assert.deepEqual(
      draft.changes.map((each) => each.op),
      ['delete'],
    )
    draft.commit()
    assert.equal(on.entity('Patient', 'x').deleted, true)
    write(on, 'Patient', { gender: 'male' })
    assert.equal(on.entity('Patient', 'x').deleted, false)
    assert.equal(on.entity('Patient', 'x').version, 3)
  })

  it('ends a policy', () => {
    const on = world()
    write(on, 'Coverage', { status: 'active', beneficiary: { reference: 'Patient/p' } })
    const draft = new Draft(on, String(++messages), site)
    deleteByClient(draft, 'Coverage', 'x', 'frontdesk', { at: ++at })
    draft.fold()
    assert.equal(draft.entity('Coverage', 'x').body?.status, 'cancelled')
  })
})

describe('identifiers of a write', () => {
  const taken = (): Draft => {
    const draft = new Draft(world(), String(++messages), site)
    draft.register('Patient', system, '1', 'other')
    return draft
  }

  it('that somebody else has are named with their holder', () => {
    assert.deepEqual(holderOf(taken(), 'Patient', undefined, { identifier: [mr('1')] }, undefined, site), {
      id: 'other',
      value: '1',
    })
    assert.deepEqual(holderOf(taken(), 'Patient', 'x', { identifier: [mr('2'), mr('1')] }, {}, site), {
      id: 'other',
      value: '1',
    })
  })

  it('are free when they are one’s own, old, evidence, shown already, or of a type without a registry', () => {
    const free: [rtype: string, id: string | undefined, next: FhirJson, current: FhirJson | undefined][] = [
      ['Patient', 'other', { identifier: [mr('1')] }, undefined],
      ['Patient', 'x', { identifier: [{ ...mr('1'), use: 'old' }] }, undefined],
      ['Patient', 'x', { identifier: [{ ...mr('1'), type: { coding: [{ code: 'SS' }] } }] }, undefined],
      ['Patient', 'x', { identifier: [mr('1')] }, { identifier: [mr('1')] }],
      ['Coverage', 'x', { identifier: [mr('1')] }, undefined],
      ['Patient', 'x', {}, undefined],
    ]
    for (const [rtype, id, next, current] of free)
      assert.equal(holderOf(taken(), rtype, id, next, current, site), undefined)
  })

  it('give a new resource the id by which a message will find it; else it is random', () => {
    const body = { identifier: [mr('1')] }
    assert.equal(
      newResourceId('Patient', body, () => 'r'),
      newResourceId('Patient', body, () => 's'),
    )
    assert.equal(
      newResourceId('Patient', {}, () => 'r'),
      'r',
    )
    assert.equal(
      newResourceId('Coverage', body, () => 'r'),
      'r',
    )
  })
})
