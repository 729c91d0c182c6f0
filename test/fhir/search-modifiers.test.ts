// Every parameter of every type with every modifier and prefix: taken where R4 has it, refused where it does not
// (http://hl7.org/fhir/R4/search.html#modifiers: a modifier that is not supported shall be rejected).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Issue } from '../../src/fhir/issue.ts'
import { type SearchParam, searchParamsOf } from '../../src/fhir/search-params.ts'
import { parseSearch, type SearchRead } from '../../src/fhir/search-query.ts'
import { SERVED_TYPES } from '../../src/fhir/types.ts'

const coded = ['code', 'Coding', 'CodeableConcept']
const worded = ['Coding', 'CodeableConcept', 'Identifier']

/** Modifiers as R4 has them, with the types of values that they are of use for and a value that fits. */
interface Rule {
  readonly on: readonly string[]
  readonly needs?: readonly string[]
  readonly value: string
}
const rules: Readonly<Record<string, Rule>> = {
  missing: {
    on: ['token', 'string', 'reference', 'date', 'number', 'quantity', 'uri', 'composite'],
    value: 'true',
  },
  exact: { on: ['string'], value: 'Text' },
  contains: { on: ['string'], value: 'text' },
  not: { on: ['token'], value: 'x' },
  text: { on: ['token'], needs: worded, value: 'text' },
  in: { on: ['token'], needs: coded, value: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
  'not-in': { on: ['token'], needs: coded, value: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
  above: { on: ['token', 'uri', 'reference'], needs: coded, value: 'http://x.example/a' },
  below: { on: ['token', 'uri', 'reference'], needs: coded, value: 'http://x.example/a' },
  identifier: { on: ['reference'], value: 'urn:x|1' },
  'of-type': { on: ['token'], needs: ['Identifier'], value: 'urn:x|MR|1' },
  Patient: { on: ['reference'], value: 'x' },
  Slot: { on: ['reference'], value: 'x' },
  near: { on: [], value: 'x' },
  nonsense: { on: [], value: 'x' },
  Nonsense: { on: [], value: 'x' },
}
const hierarchies = ['Location', 'Organization']

function allows({ code, type, types, targets }: SearchParam, modifier: string, { on, needs }: Rule): boolean {
  if (code === '_id') return modifier === 'missing' || modifier === 'not'
  if (code === 'phonetic') return modifier === 'missing'
  if (!on.includes(type)) return false
  if (type === 'reference' && needs) return targets.some((each) => hierarchies.includes(each))
  return type !== 'token' || !needs || needs.some((each) => types.has(each))
}

const issuesOf = (read: SearchRead): readonly Issue[] => ('issues' in read ? read.issues : read.unknown)

function everyParam(check: (type: string, param: SearchParam) => void): void {
  for (const type of SERVED_TYPES) for (const param of searchParamsOf(type).values()) check(type, param)
}

describe('every parameter', () => {
  for (const [modifier, rule] of Object.entries(rules)) {
    it(`:${modifier} is taken where R4 has it and refused elsewhere, never left out`, () => {
      everyParam((type, param) => {
        const read = parseSearch(type, [[`${param.code}:${modifier}`, rule.value]])
        const issues = issuesOf(read).map(({ severity, code }) => `${severity} ${code}`)
        const expected = allows(param, modifier, rule) ? [] : ['error not-supported']
        assert.deepEqual(issues, expected, `${type}?${param.code}:${modifier}`)
      })
    })
  }

  const prefixed = new Set(['date', 'number', 'quantity'])
  it('takes each prefix where values have an order, and as part of the text where they have none', () => {
    everyParam((type, { code, type: kind }) => {
      if (kind === 'composite' || kind === 'special') return
      for (const prefix of ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']) {
        const text = `${prefix}2026`
        const read = parseSearch(type, [[code, kind === 'reference' ? `Patient/${text}` : text]])
        assert.ok('query' in read, `${type}?${code}=${text}`)
        const written = JSON.stringify(read.query.filters).toLowerCase()
        const isRead = written.includes(`"prefix":"${prefix}"`)
        assert.equal(isRead, prefixed.has(kind), `${type}?${code}=${text}`)
        if (!isRead && code !== 'phonetic') assert.ok(written.includes(text), written)
      }
    })
  })

  it('refuses what is no value of its type', () => {
    const wrong: Readonly<Record<string, readonly string[]>> = {
      date: ['yesterday', '2026-13', '2026-02-30', 'xx2026', '2026-1-1', '1,5'],
      number: ['many', 'xx5', '5|a|b', '--1', '1e99999'],
      quantity: ['many', '5|mg', '5|a|b|c'],
      token: ['a|b|c', '|'],
      composite: ['a', 'a$b$c', '$'],
      special: ['here', '91|0', '0|181', '0|0|x'],
    }
    everyParam((type, { code, type: kind }) => {
      if (code === '_id') return
      for (const value of wrong[kind] ?? []) {
        const issues = issuesOf(parseSearch(type, [[code, value]]))
        assert.deepEqual(
          issues.map(({ severity, code: why }) => `${severity} ${why}`),
          ['error invalid'],
          `${type}?${code}=${value}`,
        )
      }
    })
  })
})
