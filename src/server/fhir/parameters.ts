// Input of an operation (FHIR R4 operations.html#request): the query of a GET, or Parameters in the body of a POST.
import { isObject, type JsonObject, primitiveText } from '../../fhir/types.ts'
import { type Ask, type Pairs, queryOf } from './ask.ts'
import { isFhirType } from './format.ts'
import { refuse } from './reply.ts'
import { readBodyValue } from './resource-body.ts'

/** Values by name: text of a query, the value[x] or the resource of a parameter. The last one of a name counts. */
export type Inputs = ReadonlyMap<string, unknown>

export async function inputsOf(ask: Ask): Promise<Inputs | Response> {
  const inputs = new Map<string, unknown>(queryOf(ask.c))
  const list = await parametersOf(ask)
  if (list instanceof Response) return list
  for (const each of list) inputs.set(primitiveText(each.name), valueIn(each))
  return inputs
}

/** Names with their texts, each as often as it is given; of a reference and a Coding their texts in a search. */
export async function pairsIn(ask: Ask): Promise<Pairs | Response> {
  const list = await parametersOf(ask)
  if (list instanceof Response) return list
  const given = list.map((each): [string, string] => {
    const value = valueIn(each)
    return [primitiveText(each.name), isObject(value) ? textOfObject(value) : primitiveText(value)]
  })
  return [...queryOf(ask.c), ...given]
}

const textOfObject = ({ reference, system, code }: JsonObject): string =>
  reference === undefined && code !== undefined
    ? `${system === undefined ? '' : `${primitiveText(system)}|`}${primitiveText(code)}`
    : primitiveText(reference)

/** Those of the body of a POST. */
async function parametersOf(ask: Ask): Promise<readonly JsonObject[] | Response> {
  if (ask.c.req.method !== 'POST') return []
  const body = await readBodyValue(ask, isFhirType, 'application/fhir+json or application/fhir+xml')
  if (body instanceof Response) return body
  const document = body.value
  if (!isObject(document) || document.resourceType !== 'Parameters')
    return refuse(ask.c, 'bad-request', 'the body must be a Parameters resource')
  const list: readonly unknown[] = Array.isArray(document.parameter) ? document.parameter : []
  return list.filter(isObject)
}

/** The same for parameters that are known; of others Prefer: handling=strict wants to hear. */
export async function inputsFor(ask: Ask, known: ReadonlySet<string>): Promise<Inputs | Response> {
  const inputs = await inputsOf(ask)
  if (inputs instanceof Response || ask.prefer.handling !== 'strict') return inputs
  const other = [...inputs.keys()].find((name) => !known.has(name) && !name.startsWith('_'))
  return other === undefined
    ? inputs
    : refuse(
        ask.c,
        'unknown-parameter',
        'a parameter is not one of this operation - see its OperationDefinition',
      )
}

/** A code as it was sent. */
export interface Coded {
  readonly system: string | undefined
  readonly code: string
  readonly display: string | undefined
}
/** Codings of one CodeableConcept that are looked at. */
const maxCodings = 20

/** code with system and display, a coding, or the codings of a codeableConcept. */
export function codedOf(inputs: Inputs): readonly Coded[] {
  const concept = inputs.get('codeableConcept')
  const list: readonly unknown[] = isObject(concept) && Array.isArray(concept.coding) ? concept.coding : []
  const plain = { system: inputs.get('system'), code: inputs.get('code'), display: inputs.get('display') }
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined
  return [plain, inputs.get('coding'), ...list.slice(0, maxCodings)].flatMap((each): readonly Coded[] => {
    const code = isObject(each) ? text(each.code) : undefined
    if (!isObject(each) || code === undefined) return []
    return [{ code, system: text(each.system), display: text(each.display) ?? text(inputs.get('display')) }]
  })
}

function valueIn(parameter: JsonObject): unknown {
  const name = Object.keys(parameter).find((key) => key.startsWith('value') || key === 'resource')
  return name === undefined ? undefined : parameter[name]
}

export const textOf = (inputs: Inputs, name: string): string | undefined => {
  const value = inputs.get(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** system and code, given by themselves or as a Coding. */
export function codingOf(inputs: Inputs): {
  readonly system: string | undefined
  readonly code: string | undefined
} {
  const coding = inputs.get('coding')
  const given = isObject(coding) ? coding : {}
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    system: textOf(inputs, 'system') ?? text(given.system),
    code: textOf(inputs, 'code') ?? text(given.code),
  }
}
