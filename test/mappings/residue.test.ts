// What nobody can make anything of is residue, like what nobody reads (mapping.md, section 1, rule 9).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { map, patient, pid, segment, thing, value } from './fixture.ts'

const visit = (fields: Readonly<Record<number, string>>) =>
  map('ADT^A01^ADT_A01', [
    pid({ 3: '1^^^GHH^MR', 5: 'DOE^JANE', 18: 'A1' }),
    segment('PV1', { 2: 'I', ...fields }),
  ])

describe('residue has', () => {
  it('a value that is not of its type, where the message is taken all the same', () => {
    assert.deepEqual(visit({ 25: 'soon' }).residue, ['PV1-25'])
    const { residue } = map('ADT^A28^ADT_A05', [pid({ 3: '1^^^GHH^MR', 5: 'DOE^JANE', 7: '00000000' })])
    assert.deepEqual(residue, ['PID-7'])
  })

  it('a code that no table has, where nothing keeps it', () => {
    assert.deepEqual(visit({ 41: 'ADM IN' }).residue, ['PV1-41'])
    assert.deepEqual(visit({ 41: 'closed' }).residue, [])
  })

  it('the component that it is, with its repetition', () => {
    const { residue } = map('ADT^A28^ADT_A05', [pid({ 3: '1^^^GHH^MR', 5: 'DOE^JANE~ROE^JANE^^^^^^X' })])
    assert.deepEqual(residue, ['PID-5[2].8'])
  })

  it('no value that another row of the same map keeps', () => {
    const name = value(patient({ 5: 'DOE^JANE^^^^^Current' }), 'name') as readonly Record<string, unknown>[]
    const url = 'http://portico.example.org/StructureDefinition/name-type'
    assert.deepEqual(name[0]?.extension, [{ url, valueCode: 'Current' }])
    assert.equal(name[0]?.use, undefined)
  })

  it('what is told beside a name or an address that is not there: neither takes the place of a known one', () => {
    const fields = { 3: '1^^^GHH^MR', 5: '^^^^^^L^A', 11: '^^^^^^H~1 MAIN ST^^SPRINGFIELD^IL^^^H' }
    const mapped = map('ADT^A28^ADT_A05', [pid(fields)])
    const person = thing(mapped, 'patient')
    assert.equal(value(person, 'name'), undefined)
    assert.deepEqual(value(person, 'address'), [
      { use: 'home', line: ['1 MAIN ST'], city: 'SPRINGFIELD', state: 'IL' },
    ])
    assert.deepEqual(mapped.residue, ['PID-5[1].7', 'PID-5[1].8', 'PID-11[1].7'])
    const again = map('ADT^A28^ADT_A05', [pid(fields)])
    assert.deepEqual(again.residue, mapped.residue)
  })

  it('no flag of a bad address, which says something by itself', () => {
    const person = patient({ 11: '^^^^^^BA' })
    assert.equal((value(person, 'address') as readonly object[]).length, 1)
  })

  it('what a further segment says otherwise, where there is room for one value', () => {
    const times = (i: number) => segment('TQ1', { 1: String(i), 7: `2026011${i}0800`, 9: 'R' })
    const { residue } = map('SIU^S12^SIU_S12', [
      segment('SCH', { 1: 'P1', 2: 'F1', 25: 'Booked' }),
      times(1),
      times(2),
      pid({ 3: '1^^^GHH^MR', 5: 'DOE^JANE' }),
    ])
    assert.deepEqual(residue, ['TQ1[2]-7'])
  })
})

describe('a place that is told of in words alone', () => {
  it('is known by them', () => {
    const mapped = visit({ 3: '^^^^^^^^Ward Seven West' })
    assert.equal(value(thing(mapped, 'location:1'), 'name'), 'Ward Seven West')
    assert.deepEqual(mapped.residue, [])
  })
})
