// Invariants as functions against the same invariants as FHIRPath, evaluated by fhirpath.js, on generated
// elements.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ELEMENTS, INVARIANTS } from '../../src/fhir/definitions.ts'
import { INVARIANT_FUNCTIONS } from '../../src/fhir/invariants.ts'
import type { JsonObject } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { evaluate } from './fhirpath.ts'
import { Generator } from './generate.ts'

const ROUNDS = 150

/** Where each invariant applies: type or backbone path -> names. */
function places(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const add = (path: string, names: readonly string[] = []): void => {
    for (const name of names) found.set(path, (found.get(path) ?? new Set()).add(name))
  }
  for (const [path, { invariants, elements }] of Object.entries(ELEMENTS)) {
    add(path, invariants)
    for (const row of Object.values(elements)) {
      add(row.type?.includes('Quantity') ? 'Quantity' : (row.type?.[0] ?? ''), row.invariants)
    }
  }
  return found
}

test('every invariant of the definitions has a function, and every function an invariant', () => {
  assert.deepEqual(Object.keys(INVARIANT_FUNCTIONS).sort(), Object.keys(INVARIANTS).sort())
})

test('every invariant is used by an element', () => {
  const used = new Set([...places().values()].flatMap((names) => [...names]))
  assert.deepEqual([...used].sort(), Object.keys(INVARIANTS).sort())
})

/** What fhirpath.js says; undefined when it cannot tell (an empty result, or an error of its own). */
function oracle(path: string, element: JsonObject, expression: string): boolean | undefined {
  const context = { resource: element, rootResource: element, ucum: 'http://unitsofmeasure.org' }
  const result = evaluate(element, { base: path, expression }, context)
  return typeof result[0] === 'boolean' ? result[0] : undefined
}

/** Not for the oracle: it cannot resolve references, and takes `Boolean` of que-7 for the System type only. */
const UNDECIDED = new Set(['ref-1', 'ctm-1', 'que-7'])

for (const [path, names] of places()) {
  const own = [...names].filter((name) => !name.startsWith('dom-') && !UNDECIDED.has(name))
  if (own.length === 0) continue
  test(`${path}: ${own.join(', ')} agree with fhirpath`, () => {
    const generator = new Generator(path.length * 7919)
    let decided = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const element = generator.element(path, 2)
      for (const name of own) {
        const expected = oracle(path, element, INVARIANTS[name]?.expression ?? '')
        if (expected === undefined) continue
        decided += 1
        const actual = INVARIANT_FUNCTIONS[name]?.(element, element)
        assert.equal(actual, expected, `${name} of ${JSON.stringify(element)}`)
      }
    }
    assert.ok(decided >= ROUNDS / 2, `fhirpath could tell only ${decided} times`)
  })
}

test('que-7: the answer of a condition that asks for existence is a boolean', () => {
  const holds = INVARIANT_FUNCTIONS['que-7']
  assert.equal(holds?.({ operator: 'exists', answerBoolean: true }, {}), true)
  assert.equal(holds?.({ operator: 'exists', answerString: 'true' }, {}), false)
  assert.equal(holds?.({ operator: '=', answerString: 'x' }, {}), true)
})

test('ctm-1: only a practitioner takes part on behalf of somebody else', () => {
  const holds = INVARIANT_FUNCTIONS['ctm-1']
  const onBehalfOf = { reference: 'Organization/1' }
  assert.equal(holds?.({ onBehalfOf, member: { reference: 'Practitioner/1' } }, {}), true)
  assert.equal(holds?.({ onBehalfOf, member: { reference: 'RelatedPerson/1' } }, {}), false)
  assert.equal(holds?.({ onBehalfOf, member: { display: 'somebody' } }, {}), true)
  assert.equal(holds?.({ member: { reference: 'RelatedPerson/1' } }, {}), true)
})

function withContained(extra: JsonObject, reference = '#c'): JsonObject {
  return {
    resourceType: 'Account',
    status: 'active',
    owner: { reference },
    contained: [{ resourceType: 'Organization', id: 'c', name: 'x', ...extra }],
  }
}

const CONTAINED: readonly (readonly [name: string, resource: JsonObject, broken: string | undefined])[] = [
  ['a contained resource that is referred to is fine', withContained({}), undefined],
  ['a local reference needs its contained resource', withContained({}, '#d'), 'ref-1'],
  ['a contained resource needs a reference to it', withContained({}, 'Organization/1'), 'dom-3'],
  ['a contained resource has no version', withContained({ meta: { versionId: '1' } }), 'dom-4'],
  [
    'a contained resource has no security label',
    withContained({ meta: { security: [{ code: 'R' }] } }),
    'dom-5',
  ],
  [
    'a contained resource contains none',
    withContained({ contained: [{ resourceType: 'Location', id: 'l', name: 'x' }] }),
    'dom-2',
  ],
  [
    'a contained resource may refer to its container instead',
    {
      resourceType: 'Account',
      status: 'active',
      contained: [{ resourceType: 'Location', id: 'c', managingOrganization: { reference: '#' } }],
    },
    undefined,
  ],
]
for (const [name, resource, broken] of CONTAINED) {
  test(name, () => {
    const issues = validateResource(resource).map(
      ({ diagnostics }) => /breaks ([\w-]+)/.exec(diagnostics)?.[1],
    )
    if (broken === undefined) assert.deepEqual(issues, [])
    else assert.ok(issues.includes(broken), issues.join())
  })
}
