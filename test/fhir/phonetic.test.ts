// Names by sound and likeness: published examples of each measure.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areNicknames, fullNames } from '../../src/canonical/identity/nicknames.ts'
import { jaroWinkler, metaphone, plainName, soundex } from '../../src/fhir/phonetic.ts'

test('Soundex codes as the National Archives publish them', () => {
  const codes: Record<string, string> = {
    Robert: 'R163',
    Rupert: 'R163',
    Ashcraft: 'A261',
    Tymczak: 'T522',
    Pfister: 'P236',
    Honeyman: 'H555',
    Lee: 'L000',
    Jackson: 'J250',
    Washington: 'W252',
    Gutierrez: 'G362',
  }
  for (const [name, code] of Object.entries(codes)) assert.equal(soundex(name), code, name)
  assert.equal(soundex("O'Neil"), soundex('ONEILL'))
  assert.equal(soundex('123'), '')
})

test('Metaphone gives names that sound alike one code', () => {
  const alike = [
    ['Catherine', 'Katherine', 'Kathryn'],
    ['Philip', 'Filip'],
    ['Knight', 'Nite'],
    ['Stephen', 'Stefan'],
    ['Wright', 'Rite'],
  ]
  for (const names of alike) assert.equal(new Set(names.map(metaphone)).size, 1, names.join(' '))
  assert.notEqual(metaphone('Denise'), metaphone('Daniel'))
  assert.equal(metaphone(''), '')
})

test('Jaro-Winkler gives the published likenesses', () => {
  const pairs: [string, string, number][] = [
    ['MARTHA', 'MARHTA', 0.961],
    ['DIXON', 'DICKSONX', 0.813],
    ['DWAYNE', 'DUANE', 0.84],
    ['A', 'A', 1],
    ['', '', 0],
    ['ABC', 'XYZ', 0],
  ]
  for (const [a, b, like] of pairs) {
    assert.ok(Math.abs(jaroWinkler(a, b) - like) < 0.001, `${a} ${b}`)
    assert.equal(jaroWinkler(a, b), jaroWinkler(b, a))
  }
})

test('names are compared without accents, apostrophes, hyphens and blanks', () => {
  assert.equal(plainName("O'Neil"), 'ONEIL')
  assert.equal(plainName('Núñez-García'), 'NUNEZGARCIA')
  assert.equal(plainName('Strauß Øre'), 'STRAUSSORE')
})

test('nicknames are known in both directions, and unrelated names are none', () => {
  for (const [a, b] of [
    ['Bob', 'Robert'],
    ['PEGGY', 'Margaret'],
    ['Pepe', 'José'],
    ['Bill', 'Will'],
    ['Kate', 'Kathryn'],
  ] as const) {
    assert.ok(areNicknames(a, b) && areNicknames(b, a), `${a} ${b}`)
  }
  assert.ok(!areNicknames('Robert', 'Richard'))
  assert.ok(!areNicknames('constructor', 'toString'))
  assert.deepEqual(fullNames('Bob'), ['BOB', 'ROBERT'])
})
