// How strings and telecom values are compared in searches.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contactForms, normaliseText } from '../../src/fhir/search-text.ts'

const TEXTS: readonly (readonly [string, string])[] = [
  ['Smith', 'smith'],
  ['DE LA  CRUZ', 'de la cruz'],
  ["O'Brien", 'obrien'],
  ['O’Brien', 'obrien'],
  ['Smith-Jones', 'smith jones'],
  ['St. Mary', 'st mary'],
  ['Bénédicte', 'benedicte'],
  ['Be\u0301ne\u0301dicte', 'benedicte'],
  ['Müller', 'muller'],
  ['Straße', 'strasse'],
  ['Łódź', 'lodz'],
  ['Ægir Øst', 'aegir ost'],
  ['İstanbul', 'istanbul'],
  ['Ｆｕｌｌ　ｗｉｄｔｈ', 'full width'],
  ['山田', '山田'],
  ['22 Home St., #4B', '22 home st 4b'],
  [' \t', ''],
  ['---', '---'],
]
for (const [text, expected] of TEXTS) {
  test(`"${text}" is compared as "${expected}"`, () => {
    assert.equal(normaliseText(text), expected)
  })
}

test('normalising twice changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) =>
      assert.equal(normaliseText(normaliseText(text)), normaliseText(text)),
    ),
  )
  fc.assert(
    fc.property(fc.string(), (text) => assert.equal(normaliseText(normaliseText(text)), normaliseText(text))),
  )
})

const MEET: readonly (readonly [stored: string, asked: string])[] = [
  ['+1 217 5550301', '2175550301'],
  ['+1 217 5550301', '+1 217 5550301'],
  ['+1 217 5550301', ' 1 217 5550301'],
  ['+1 217 5550301', '(217) 555-0301'],
  ['+1 217 5550301', '1-217-555-0301'],
  ['(217) 555-0301', '+12175550301'],
  ['+1 217 5550301 x12', '217.555.0301'],
  ['tel:+1-217-555-0301;ext=4', '2175550301'],
  ['+49 (0)30 1234567', '030 1234567'],
  ['0049 30 1234567', '+49 30 1234567'],
  ['Eve@Example.org', 'eve@example.ORG'],
  ['mailto:eve@example.org', 'eve@example.org'],
  ['1-800-FLOWERS', '1-800-flowers'],
]
for (const [stored, asked] of MEET) {
  test(`"${asked}" finds "${stored}"`, () => {
    const forms = contactForms(stored)
    assert.ok(
      contactForms(asked).some((form) => forms.includes(form)),
      `${forms} ${contactForms(asked)}`,
    )
  })
}

test('other numbers do not meet', () => {
  const forms = contactForms('+1 217 5550301')
  for (const asked of ['2175550302', '5550301', '+49 217 5550301 9', 'eve@example.org']) {
    assert.ok(!contactForms(asked).some((form) => forms.includes(form)), asked)
  }
})

test('forms do not repeat, and no value is without one', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: fc.constantFrom(...'+0123456789 ()-x.@aE'.split('')) }),
      (value) => {
        const forms = contactForms(value)
        assert.ok(forms.length > 0)
        assert.equal(new Set(forms).size, forms.length)
      },
    ),
  )
})
