// Our FHIRPath against fhirpath.js: all invariants of R4 on generated elements, those of US Core on its examples; and the
// validator, whose invariants are functions, on whole generated resources.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { untar } from '../../scripts/read-definitions.ts'
import { ELEMENTS, INVARIANTS } from '../../src/fhir/definitions.ts'
import { fieldOf } from '../../src/fhir/elements.ts'
import { evaluate, holds, maxSteps } from '../../src/fhir/fhirpath/evaluate.ts'
import { unknownFunctions } from '../../src/fhir/fhirpath/functions.ts'
import { type Node, resourceNode } from '../../src/fhir/fhirpath/node.ts'
import { parseFhirPath } from '../../src/fhir/fhirpath/syntax.ts'
import { itemsOf } from '../../src/fhir/profile/compile.ts'
import { readStructure } from '../../src/fhir/profile/structure.ts'
import { isKnownType, isObject, type JsonObject, SERVED_TYPES } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { readPackage } from '../../src/pipeline/site/packages.ts'
import { shared } from '../shared.ts'
import { evaluate as oracleOf } from './fhirpath.ts'
import { Generator } from './generate.ts'

const scopeOf = (root: JsonObject) => ({
  resource: root,
  root,
  memberOf: () => undefined,
  clock: undefined,
  budget: { steps: maxSteps },
})
const ours = (expression: string, node: Node, root: JsonObject): boolean | undefined =>
  holds(parseFhirPath(expression), node, scopeOf(root))

/** What fhirpath.js says; undefined when it cannot tell. */
function theirs(expression: string, node: Node, root: JsonObject): boolean | undefined {
  if (!isObject(node.value)) return undefined
  const context = { resource: root, rootResource: root, ucum: 'http://unitsofmeasure.org' }
  const quiet = expression.replaceAll(/\.trace\('\w+'(?:, id)?\)/g, '')
  const [value] = oracleOf(node.value, { base: node.type, expression: quiet }, context)
  return typeof value === 'boolean' ? value : undefined
}
/** fhirpath.js cannot resolve references, and takes `Boolean` for the System type only. */
const undecided = new Set(['ref-1', 'ctm-1', 'que-7', 'dom-3'])
/** It compares quantities without a value, which the specification does not, and none with a comparator. */
const isHollow = ({ low, high }: JsonObject): boolean =>
  [low, high].some((each) => isObject(each) && (each.value === undefined || each.comparator !== undefined))

/** Names of the invariants of each type, backbone element, and element of that type. */
function placesOf(): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  const add = (path: string, names: readonly string[] = []) => {
    for (const name of names) found.set(path, (found.get(path) ?? new Set()).add(name))
  }
  for (const [path, { invariants, elements }] of Object.entries(ELEMENTS)) {
    add(path, invariants)
    for (const row of Object.values(elements))
      add(row.type?.includes('Quantity') ? 'Quantity' : (row.type?.[0] ?? ''), row.invariants)
  }
  return found
}

describe('FHIRPath', () => {
  it('has every function that an invariant of R4 has', () => {
    for (const { expression } of Object.values(INVARIANTS))
      assert.deepEqual(unknownFunctions(parseFhirPath(expression)), [], expression)
  })

  const rounds = 60
  it('says of every invariant of R4 what fhirpath.js says, on generated elements', () => {
    let decided = 0
    for (const [path, names] of placesOf()) {
      const generator = new Generator(path.length * 104_729)
      for (let round = 0; round < rounds; round += 1) {
        const element = generator.element(path, 2)
        const node = { value: element, type: path }
        for (const name of names) {
          const expression = INVARIANTS[name]?.expression ?? ''
          const isSkipped = undecided.has(name) || (name === 'rng-2' && isHollow(element))
          const expected = isSkipped ? undefined : theirs(expression, node, element)
          if (expected === undefined) continue
          decided += 1
          assert.equal(ours(expression, node, element), expected, `${name} of ${JSON.stringify(element)}`)
        }
      }
    }
    assert.ok(decided > 5_000, `only ${decided} could be told`)
  })

  const cases: readonly (readonly [expression: string, expected: unknown[]])[] = [
    ['name.given', ['Eve', 'Ann', 'E']],
    ["name.where(use = 'official').given.first()", ['Eve']],
    ['Patient.name.count() + 1', [3]],
    ['name[1].given', ['E']],
    ['birthDate < @2000', [true]],
    ['birthDate = @1980', []],
    ["birthDate.toString().length() >= 10 and 'a' in ('a' | 'b')", [true]],
    ['deceased is boolean', [true]],
    ['deceased.ofType(dateTime).empty()', [true]],
    ["extension('http://a').value.code", ['x']],
    ["birthDate.extension('http://b').exists()", [true]],
    ["name.given.select($this & '!').last()", ['E!']],
    ["name.given.all($this.matches('^[A-Z]'))", [true]],
    ["iif(gender = 'female', 'f', 'm')", ['f']],
    ['{}.exists() or {}.empty()', [true]],
    ['{} and true', []],
    ['false implies {}', [true]],
    ['managingOrganization.resolve().name', ['x']],
    ['generalPractitioner.resolve() is Practitioner', [true]],
    ['name.given.distinct().count() = name.given.count() // all differ', [true]],
    ['(1 | 2 | 2).count() * 3 div 2 mod 2', [1]],
    ["'abc'.substring(1, 1) + 'x'", ['bx']],
    ['name.given.aggregate($total & $this, {})', ['EveAnnE']],
    ['`name`.family.exists().not()', [true]],
    ['contained.descendants().count()', [2]],
    ['%resource.id = %context.id', [true]],
  ]
  const patient = {
    resourceType: 'Patient',
    id: 'p',
    contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }],
    extension: [{ url: 'http://a', valueCoding: { code: 'x' } }],
    name: [{ use: 'official', given: ['Eve', 'Ann'] }, { given: ['E'] }],
    gender: 'female',
    birthDate: '1980-02-29',
    _birthDate: { extension: [{ url: 'http://b', valueBoolean: true }] },
    deceasedBoolean: false,
    managingOrganization: { reference: '#o' },
    generalPractitioner: [{ reference: 'Practitioner/1' }],
  }
  for (const [expression, expected] of cases)
    it(expression, () => {
      const node = resourceNode(patient)
      const scope = { ...scopeOf(patient), context: node, self: [node], index: 0, total: [] }
      const found = evaluate(parseFhirPath(expression), [node], scope)
      assert.deepEqual(
        found.map(({ value }) => value),
        expected,
      )
    })

  for (const wrong of [
    '',
    'name.',
    'name where',
    "name = 'x",
    '(name',
    'name]',
    'a ==  b',
    '$this.$this',
    '@',
    '((('.repeat(200),
  ])
    it(`cannot be read: ${wrong.slice(0, 20)}`, () => {
      assert.throws(() => parseFhirPath(wrong), /^Error: (it|')/)
    })

  it('ends when an expression does not', () => {
    const many = {
      resourceType: 'Patient',
      name: Array.from({ length: 2_000 }, (_, at) => ({ family: `${at}` })),
    }
    assert.throws(
      () => ours('name.all(%resource.name.all(family.exists()))', resourceNode(many), many),
      /too many steps/,
    )
  })

  it('says of the invariants of US Core what fhirpath.js says, on its examples', () => {
    const file = shared('us-core', 'hl7.fhir.us.core-6.1.0.tgz')
    const structures = readPackage(readFileSync(file), 'us-core.tgz')
      .resources.filter(({ resource }) => resource.resourceType === 'StructureDefinition')
      .map(({ resource }) => readStructure(resource))
    const examples = untar(file, /package\/example\/.*\.json$/).map((text): JsonObject => JSON.parse(text))
    let decided = 0
    for (const { type, elements } of structures) {
      const rules = elements.flatMap(({ id, rules: { constraints = [] } }) =>
        id === type ? constraints.filter(({ key }) => key.startsWith('us-core-')) : [],
      )
      for (const example of examples.filter(({ resourceType }) => resourceType === type)) {
        if (!isKnownType(type)) continue
        for (const { expression } of rules) {
          const expected = theirs(expression, resourceNode(example), example)
          if (expected === undefined) continue
          decided += 1
          assert.equal(
            ours(expression, resourceNode(example), example),
            expected,
            `${expression} of ${example.id}`,
          )
        }
      }
    }
    assert.ok(decided > 100, `only ${decided} could be told`)
  })
})

/** Every value of a resource with its place, and the invariants that hold there. */
function* elementsOf(
  node: Node,
  path: string,
  names: readonly string[],
): globalThis.Generator<[Node, string, readonly string[]]> {
  yield [node, path, names]
  const own = ELEMENTS[node.type]
  if (!own || !isObject(node.value)) return
  for (const name of Object.keys(node.value)) {
    const field = fieldOf(node.type, name)
    if (!field || name === 'resourceType') continue
    for (const item of itemsOf(node, [field])) {
      const rules = [...(ELEMENTS[item.type]?.invariants ?? []), ...(field.row.invariants ?? [])]
      const applied =
        item.type === 'Quantity' || !field.row.invariants?.includes('sqty-1')
          ? rules
          : rules.filter((key) => key !== 'sqty-1')
      yield* elementsOf(item, `${path}.${item.step}`, applied)
    }
  }
}

describe('the validator', () => {
  const rounds = 25
  for (const type of SERVED_TYPES)
    it(`finds in a generated ${type} the broken invariants that fhirpath.js finds`, () => {
      const generator = new Generator(type.length * 15_485_863 + type.charCodeAt(0))
      for (let round = 0; round < rounds; round += 1) {
        const resource = generator.element(type, 3)
        const issues = validateResource(resource, { maxIssues: 1_000 })
          .filter(({ code }) => code === 'invariant')
          .map(
            ({ diagnostics, expression }) => `${expression?.[0]} ${/breaks ([\w-]+)/.exec(diagnostics)?.[1]}`,
          )
        const expected: string[] = []
        const told = new Set<string>()
        for (const [node, path, names] of elementsOf(
          resourceNode(resource),
          type,
          ELEMENTS[type]?.invariants ?? [],
        )) {
          for (const name of new Set(names)) {
            const holds = undecided.has(name)
              ? undefined
              : theirs(INVARIANTS[name]?.expression ?? '', node, resource)
            const line = `${path} ${name.replace(/@.*/, '')}`
            if (holds === undefined) continue
            told.add(line)
            if (!holds) expected.push(line)
          }
        }
        const found = new Set(issues.filter((each) => told.has(each)))
        assert.deepEqual([...found].sort(), [...new Set(expected)].sort(), JSON.stringify(resource))
      }
    })
})
