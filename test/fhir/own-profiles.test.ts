// Our own profiles: what they say holds for everything that samples make, and their examples fit them.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { goldenNames, goldens } from '../mappings/golden.ts'
import { guaranteed, lacking, ownProfiles } from '../pipeline/guarantees.ts'

const folder = join(import.meta.dirname, '../../profiles/fhir')
const read = (path: string): JsonObject => JSON.parse(readFileSync(path, 'utf8')) as JsonObject

describe('our own profiles', () => {
  it('load without a problem and without a part that is not checked', () => {
    assert.deepEqual([ownProfiles.problems, ownProfiles.notes], [[], []])
    assert.deepEqual(guaranteed, ['Account', 'Appointment', 'ChargeItem', 'Coverage', 'Encounter', 'Patient'])
  })

  it('hold for what every sample makes of an empty store', () => {
    let seen = 0
    for (const name of goldenNames()) {
      const { resources } = read(join(goldens, `${name}.json`))
      for (const [key, body] of Object.entries(isObject(resources) ? resources : {})) {
        const resourceType = key.split('/')[0] ?? ''
        if (!guaranteed.includes(resourceType) || !isObject(body)) continue
        seen += 1
        assert.deepEqual(lacking({ resourceType, ...body }), [], `${name}: ${key}`)
      }
    }
    assert.ok(seen >= 300, `only ${seen} resources`)
  })

  it('have an example each, which is valid and claims its profile', () => {
    const examples = readdirSync(join(folder, 'examples')).map((name) => read(join(folder, 'examples', name)))
    assert.deepEqual(examples.map(({ resourceType }) => resourceType).sort(), guaranteed)
    for (const example of examples) {
      assert.deepEqual(validateResource(example), [], String(example.id))
      assert.deepEqual(lacking(example), [], String(example.id))
      const [own] = ownProfiles.ofType(String(example.resourceType))
      assert.deepEqual(isObject(example.meta) ? example.meta.profile : [], [own?.url])
    }
  })

  const broken: readonly (readonly [example: string, change: JsonObject, what: RegExp])[] = [
    ['patient', { identifier: undefined }, /^Patient\.identifier: is required/],
    ['patient', { active: undefined }, /^Patient\.active: is required/],
    [
      'patient',
      { active: true, link: [{ other: { reference: 'Patient/2' }, type: 'replaced-by' }] },
      /breaks fop-1/,
    ],
    ['encounter', { subject: undefined }, /^Encounter\.subject: is required/],
    [
      'charge-item',
      { account: [{ reference: 'Account/1' }, { reference: 'Account/2' }] },
      /^ChargeItem\.account: is allowed 1/,
    ],
    [
      'account',
      { extension: [{ url: 'http://portico.example.org/StructureDefinition/self-pay', valueString: 'x' }] },
      /must be of type boolean/,
    ],
  ]
  for (const [example, change, what] of broken)
    it(`refuse an example that is broken: ${what.source}`, () => {
      const resource = { ...read(join(folder, 'examples', `${example}.json`)), ...change }
      assert.match(lacking(resource).join('\n'), what)
    })
})
