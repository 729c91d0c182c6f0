// The digest that the replay test compares: what it must see, and what it must not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from './replay.ts'

const patient = (id: string, family: string) => ({
  rtype: 'Patient',
  id,
  body: { resourceType: 'Patient', id, name: [{ family }] },
})
const visit = (id: string, of: string) => ({
  rtype: 'Encounter',
  id,
  body: { status: 'finished', subject: { reference: `Patient/${of}` }, id },
})

test('A digest does not depend on ids, nor on the order of resources or of keys', () => {
  const one = [patient('a', 'ROE'), patient('b', 'DOE'), visit('x', 'a'), visit('y', 'b')]
  const other = [
    visit('4', '2'),
    patient('1', 'DOE'),
    patient('2', 'ROE'),
    { rtype: 'Encounter', id: '3', body: { subject: { reference: 'Patient/1' }, status: 'finished' } },
  ]
  assert.deepEqual(new Map([...digest(one)].sort()), new Map([...digest(other)].sort()))
})

test('A digest sees a value, a number of equal things, and who a reference means', () => {
  const one = [patient('a', 'ROE'), patient('b', 'DOE'), visit('x', 'a'), visit('y', 'b')]
  const differs = (other: Parameters<typeof digest>[0]) =>
    assert.notDeepEqual(new Map([...digest(one)].sort()), new Map([...digest(other)].sort()))
  differs([patient('a', 'ROE'), patient('b', 'DO'), visit('x', 'a'), visit('y', 'b')])
  differs([...one, visit('z', 'b')])
  differs([patient('a', 'ROE'), patient('b', 'DOE'), visit('x', 'a'), visit('y', 'a')])
})
