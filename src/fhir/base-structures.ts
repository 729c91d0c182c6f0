// The StructureDefinitions of R4 for the types that are known here (http://hl7.org/fhir/R4/structuredefinition.html), made from the
// table by which resources are checked, so that they say what is held: elements, cardinalities, types, bindings, rules.
import { ELEMENTS, type ElementRow, INVARIANTS, type TypeRow } from './definitions.ts'
import type { JsonObject } from './types.ts'

const R4 = 'http://hl7.org/fhir/StructureDefinition/'
const SYSTEM = 'http://hl7.org/fhirpath/'

/** Canonical URL of R4's definition of a type. */
export const baseUrlOf = (type: string): string => `${R4}${type}`

/** Of resources that are no DomainResource. */
const plainResources: ReadonlySet<string> = new Set(['Binary', 'Bundle', 'Parameters'])

/** What other elements repeat stands where it is defined. */
const maxDepth = 8

const baseOf = (type: string, kind: string): string => {
  if (kind !== 'resource') return `${R4}Element`
  return `${R4}${plainResources.has(type) ? 'Resource' : 'DomainResource'}`
}

/** All resources and data types, in the order of the table. */
export const baseStructures = (): readonly JsonObject[] =>
  Object.entries(ELEMENTS)
    .filter(([, { kind }]) => kind !== 'backbone')
    .map(([type, row]) => structureOf(type, row))

function structureOf(type: string, row: TypeRow): JsonObject {
  const root: JsonObject = { ...place(type), min: 0, max: '*', ...rules(row.invariants) }
  const element = [root, ...elementsOf(type, type, 0)]
  return {
    id: type,
    url: baseUrlOf(type),
    version: '4.0.1',
    name: type,
    status: 'active',
    fhirVersion: '4.0.1',
    kind: row.kind,
    abstract: false,
    type,
    baseDefinition: baseOf(type, row.kind),
    derivation: 'specialization',
    snapshot: { element },
    differential: { element },
  }
}

/** `owner` is where the table has the elements, `path` where they stand. */
function elementsOf(owner: string, path: string, depth: number): readonly JsonObject[] {
  const elements = ELEMENTS[owner]?.elements ?? {}
  if (depth > maxDepth) return []
  return Object.entries(elements).flatMap(([name, row]) => {
    const own = `${path}.${name}`
    const inner = ELEMENTS[`${owner}.${name}`]
    return [elementOf(own, row, inner), ...(inner ? elementsOf(`${owner}.${name}`, own, depth + 1) : [])]
  })
}

/** sdf-3 wants a definition of each; ours is the name that it has in R4. */
const place = (path: string): JsonObject => ({ id: path, path, definition: path })

function elementOf(path: string, row: ElementRow, inner: TypeRow | undefined): JsonObject {
  const { min = 0, max = '1', content, binding, summary, modifier } = row
  const invariants = [...(row.invariants ?? []), ...(inner?.invariants ?? [])]
  return {
    ...place(path),
    min,
    max,
    base: { path, min, max },
    ...(content === undefined ? { type: typesOf(row) } : { contentReference: `#${content}` }),
    ...rules(invariants),
    ...(modifier && { isModifier: true, isModifierReason: 'it changes what the whole means' }),
    ...(summary && { isSummary: true }),
    ...(binding && { binding: { strength: binding[0], valueSet: binding[1] } }),
  }
}

const typesOf = ({ type = [], targets }: ElementRow): readonly JsonObject[] =>
  type.map((code) => ({
    code: code.startsWith('System.') ? `${SYSTEM}${code}` : code,
    ...(code === 'Reference' && targets && { targetProfile: targets.map((each) => `${R4}${each}`) }),
    ...(code === 'canonical' && targets && { targetProfile: targets.map((each) => `${R4}${each}`) }),
  }))

/** A key that has another meaning elsewhere stands in the table with its path. */
function rules(names: readonly string[] = []): JsonObject {
  const constraint = names.flatMap((name) => {
    const known = INVARIANTS[name]
    return known
      ? [
          {
            key: name.replace(/@.*$/, ''),
            severity: 'error',
            human: known.human,
            expression: known.expression,
          },
        ]
      : []
  })
  return constraint.length > 0 ? { constraint } : {}
}
