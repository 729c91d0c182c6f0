// What a merge leaves in the records that are folded: links, gaps that are filled, references. Semantics, section 3.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import { type FoldContext, foldEntity } from '../../src/canonical/truth/fold.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { projection, say, shown } from './patient-statements.ts'

const survivors: Readonly<Record<string, string>> = {
  'Patient/old': 'Patient/new',
  'Patient/older': 'Patient/new',
}
const context: FoldContext = {
  trust: () => 50,
  source: () => undefined,
  zone: 'America/Chicago',
  survivor: (reference) => survivors[reference] ?? reference,
  exists: () => true,
}
const fold = (rtype: string, ...contributions: readonly Contribution[]): FhirJson =>
  foldEntity(rtype, 'x', contributions, context).body ?? {}

const filled = (fill: Readonly<Record<string, Json>>): Contribution =>
  projection('merge:old', { fill, reference: 'Patient/old', type: 'replaces' })

describe('gaps of the survivor', () => {
  it('are filled from the merged record; what it knows itself stays', () => {
    const body = shown(
      say('ADT', '08:00', { 'gender<PID-8': 'female' }),
      filled({ gender: 'male', maritalStatus: { text: 'M' } }),
    )
    assert.equal(body.gender, 'female')
    assert.deepEqual(body.maritalStatus, { text: 'M' })
  })

  it('are never half of something: one form of a choice, a value with its own extensions', () => {
    const body = shown(
      say('ADT', '08:00', {
        'deceasedBoolean<PID-30': true,
        'birthDate<PID-7': '1980-01-01',
        'multipleBirthBoolean<PID-24': false,
      }),
      filled({ deceasedDateTime: '2026-01-01', _birthDate: { extension: [] }, multipleBirthInteger: 2 }),
    )
    assert.deepEqual(Object.keys(body).sort(), [
      'active',
      'birthDate',
      'deceasedBoolean',
      'link',
      'multipleBirthBoolean',
      'resourceType',
    ])
  })

  it('among extensions are those with another url', () => {
    const religion = { url: 'religion', valueString: 'A' }
    const body = shown(
      say('ADT', '08:00', { "extension('religion')<PID-17": religion }),
      filled({
        extension: [
          { url: 'religion', valueString: 'B' },
          { url: 'race', valueString: 'C' },
        ],
      }),
    )
    assert.deepEqual(body.extension, [religion, { url: 'race', valueString: 'C' }])
  })
})

describe('links', () => {
  it('of the survivor name what it has replaced; all others lead to the survivor', () => {
    const body = fold(
      'Patient',
      say('ADT', '08:00', { 'gender<PID-8': 'female' }),
      projection('merge:old', { reference: 'Patient/old', type: 'replaces' }),
      projection('related:r', { reference: 'RelatedPerson/r', type: 'seealso' }),
      projection('twin', { reference: 'Patient/older', type: 'seealso' }),
    )
    assert.deepEqual(body.link, [
      { other: { reference: 'Patient/old' }, type: 'replaces' },
      { other: { reference: 'RelatedPerson/r' }, type: 'seealso' },
      { other: { reference: 'Patient/new' }, type: 'seealso' },
    ])
  })

  it('of a merged record lead to the last survivor, and it is inactive', () => {
    const body = fold(
      'Patient',
      say('ADT', '08:00', { 'gender<PID-8': 'female' }),
      projection('merged', { reference: 'Patient/old' }),
    )
    assert.equal(body.active, false)
    assert.deepEqual(body.link, [{ other: { reference: 'Patient/new' }, type: 'replaced-by' }])
  })
})

describe('references', () => {
  it('to a merged record lead to its survivor, however deep they are; values stay as they are', () => {
    const cell = (v: Json) => ({ v, t: 1, m: 1, i: '1' })
    const list = [{ party: { reference: 'Patient/older' } }, { party: { reference: 'Organization/o' } }]
    const said: Contribution = {
      source: 'ADT',
      key: '',
      i: '1',
      cells: { 'subject<PID-3': cell([{ reference: 'Patient/old' }]), 'guarantor<GT1': cell(list) },
    }
    const body = fold('Account', said)
    assert.deepEqual(body.subject, [{ reference: 'Patient/new' }])
    assert.deepEqual(body.guarantor, [
      { party: { reference: 'Patient/new' } },
      { party: { reference: 'Organization/o' } },
    ])
    assert.deepEqual(list[0], { party: { reference: 'Patient/older' } }, 'what was said is not changed')
  })
})
