// SearchParameters and OperationDefinitions (http://hl7.org/fhir/R4/searchparameter.html, operationdefinition.html) as
// resources, made from the tables that the server works by.
import type { SearchParamRow } from './definitions.ts'
import { modifiersOf } from './filter-read.ts'
import { searchParam, searchParamRows } from './search-params.ts'
import { isServedType, type JsonObject, type Resource, SERVED_TYPES } from './types.ts'

/** One operation, as the server's table has it. */
export interface OperationRow {
  readonly name: string
  /** Canonical URL of its definition; one of HL7 is not repeated here. */
  readonly definition: string
  readonly description: string
  /** Where it can be called: on the whole server, on types, on one resource of them, or on both of these. */
  readonly level: 'system' | 'type' | 'instance' | 'both'
  /** Empty = every type that is served. */
  readonly types: readonly string[]
  /** Input parameters with their types; `*` after the name: more than once. */
  readonly parameters: Readonly<Record<string, string>>
  readonly affectsState: boolean
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
/** A name that programs can use: letters and digits only. */
const nameOf = (text: string): string =>
  capital(text.replace(/[^A-Za-z0-9]+(.)?/g, (_, next = '') => next.toUpperCase()))

/** Id of the resource for a parameter of a type. */
export const searchParameterId = ({ base, code }: SearchParamRow): string =>
  `${base}-${code.replace(/^_/, '')}`

const comparators = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']
const ordered: ReadonlySet<string> = new Set(['date', 'number', 'quantity'])

function searchParameter(row: SearchParamRow): Resource {
  const { base, code, type, expression, targets, url, components } = row
  const known = searchParam(base === 'Resource' ? (SERVED_TYPES[0] ?? '') : base, code)
  const modifiers = known ? modifiersOf(known) : []
  const codes = modifiers.map((each) => (each === 'of-type' ? 'ofType' : each))
  if (type === 'reference') codes.push('type')
  return {
    resourceType: 'SearchParameter',
    id: searchParameterId(row),
    url,
    name: nameOf(`${base} ${code}`),
    status: 'active',
    description: `Finds ${base === 'Resource' ? 'resources' : base} by ${code}`,
    code,
    base: [base],
    type,
    expression,
    ...(targets && { target: [...targets] }),
    multipleOr: true,
    multipleAnd: true,
    ...(ordered.has(type) && { comparator: comparators }),
    ...(codes.length > 0 && { modifier: codes }),
    ...(components && {
      component: components.map((each) => ({
        definition: `${url}-${each.type}`,
        expression: each.expression,
      })),
    }),
  }
}

let made: { readonly of: readonly SearchParamRow[]; readonly parameters: readonly Resource[] } | undefined

/** All parameters of all types that are served. */
export function searchParameters(): readonly Resource[] {
  const of = searchParamRows()
  if (made?.of !== of) {
    const rows = of.filter(({ base }) => base === 'Resource' || isServedType(base))
    made = { of, parameters: rows.map(searchParameter) }
  }
  return made.parameters
}

function operationDefinition(row: OperationRow): Resource {
  const { name, definition, description, level, types, affectsState } = row
  const parameter = Object.entries(row.parameters).map(([key, type]): JsonObject => {
    const many = key.endsWith('*')
    return { name: many ? key.slice(0, -1) : key, use: 'in', min: 0, max: many ? '*' : '1', type }
  })
  return {
    resourceType: 'OperationDefinition',
    id: operationId(row),
    url: definition,
    name: nameOf(`${types.length === 1 ? types[0] : ''} ${name}`),
    title: `$${name}`,
    status: 'active',
    kind: 'operation',
    description,
    affectsState,
    code: name,
    ...(level !== 'system' && { resource: types.length > 0 ? [...types] : ['Resource'] }),
    system: level === 'system',
    type: level === 'type' || level === 'both',
    instance: level === 'instance' || level === 'both',
    parameter: [...parameter, { name: 'return', use: 'out', min: 1, max: '1', type: 'Resource' }],
  }
}

export const operationId = ({ name, types, level }: OperationRow): string =>
  level === 'system' ? name : `${types.length === 1 ? types[0] : 'Resource'}-${name}`

export const operationDefinitions = (rows: readonly OperationRow[]): readonly Resource[] =>
  rows.map(operationDefinition)
