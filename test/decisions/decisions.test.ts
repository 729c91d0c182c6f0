// Every row of mapping-decisions.csv: what a message says at that field, and the very values that FHIR has then.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { shared } from '../shared.ts'
import { booking } from './booking.ts'
import { clinical } from './clinical.ts'
import { coverage } from './coverage.ts'
import { header } from './header.ts'
import { type Decision, hear, valuesOf } from './heard.ts'
import { money } from './money.ts'
import { person } from './person.ts'
import { visit } from './visit.ts'

const root = join(import.meta.dirname, '../..')
const tables: Readonly<Record<string, readonly Decision[]>> = {
  header,
  person,
  visit,
  coverage,
  clinical,
  booking,
  money,
}
const all = Object.values(tables).flat()

/** Without what a value alone and a list of one differ in. */
const listed = (expected: unknown): unknown[] => (Array.isArray(expected) ? expected : [expected])

function check({ hears, gives = {}, says, residue, shown = [] }: Decision): void {
  for (const [file, name] of shown)
    assert.ok(readFileSync(join(root, file), 'utf8').includes(name), `${file} has '${name}'`)
  if (!hears) return
  const heard = hear(hears)
  const found = Object.fromEntries(Object.keys(gives).map((path) => [path, valuesOf(heard, path)]))
  const expected = Object.fromEntries(Object.entries(gives).map(([path, value]) => [path, listed(value)]))
  assert.deepEqual(found, expected)
  if (says) assert.deepEqual(heard.errors, says)
  if (residue) assert.deepEqual(heard.residue, residue)
}

for (const [name, decisions] of Object.entries(tables)) {
  describe(`decisions of ${name}`, () => {
    for (const decision of decisions)
      it(`${decision.n} ${decision.field}: ${decision.decided}`, () => check(decision))
  })
}

describe('the tables', () => {
  const [, ...rows] = readFileSync(shared('design/mapping-decisions.csv'), 'utf8').trim().split(/\r?\n/)
  const fields = rows.map((row) => /^(?:"([^"]*)"|([^,]*)),/.exec(row)?.slice(1).find(Boolean))
  it('have every decision by its number and its field', () => {
    assert.equal(fields.length, 259)
    for (const [i, field] of fields.entries())
      assert.ok(
        all.some((each) => each.n === i + 1 && each.field === field),
        `${i + 1} ${field} is among the decisions`,
      )
    for (const { n, field } of all) assert.equal(field, fields[n - 1], `${n} is the row of that field`)
  })
  it('show each by values, or by a test that does', () => {
    for (const { n, field, hears, gives, says, residue, shown } of all)
      assert.ok((hears && (gives ?? says ?? residue)) || shown?.length, `${n} ${field} is shown`)
  })
})
