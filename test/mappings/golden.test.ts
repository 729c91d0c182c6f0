// Every sample makes what was reviewed. `npm run golden:write` writes test/golden anew, all of it or what GOLDEN names; whoever
// does so says in the commit what changed, and why it is right.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { differences, type Golden, goldenFile, goldenNames, goldenOf, sampleNames } from './golden.ts'

const wanted = process.env.GOLDEN
const isWanted = (name: string) => wanted !== undefined && (wanted === 'all' || name.includes(wanted))
const maxShown = 20

describe('what the samples make', () => {
  if (wanted === 'all') for (const name of goldenNames()) rmSync(goldenFile(name))
  for (const name of sampleNames()) {
    it(`of ${name} is as it was reviewed`, () => {
      const made = goldenOf(name)
      if (isWanted(name)) {
        mkdirSync(dirname(goldenFile(name)), { recursive: true })
        writeFileSync(goldenFile(name), `${JSON.stringify(made, null, 1)}\n`)
      }
      const known = JSON.parse(readFileSync(goldenFile(name), 'utf8')) as Golden
      const changed = differences(known, made)
      assert.ok(
        changed.length === 0,
        `${changed.length} differences\n${changed.slice(0, maxShown).join('\n')}`,
      )
    })
  }
  it('is reviewed for these samples and no others', () => {
    assert.deepEqual(goldenNames(), sampleNames())
  })
  it('is valid FHIR R4', () => {
    for (const name of sampleNames()) {
      for (const [reference, body] of Object.entries(goldenOf(name).resources)) {
        const [resourceType = '', id = ''] = reference.split('/')
        const issues = validateResource({ resourceType, id, ...(body as object) })
        assert.deepEqual(
          issues.filter(({ severity }) => severity === 'error'),
          [],
          `${name} ${reference}`,
        )
      }
    }
  })
})
