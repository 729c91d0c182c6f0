// Input of an operation (FHIR R4 operations.html#request): the query of a GET, or Parameters in the body of a POST.
import { isObject, type JsonObject } from '../../fhir/types.ts'
import { type Ask, queryOf } from './ask.ts'
import { isFhirType } from './format.ts'
import { refuse } from './reply.ts'
import { readBodyValue } from './resource-body.ts'

/** Values by name: text of a query, the value[x] or the resource of a parameter. The last one of a name counts. */
export type Inputs = ReadonlyMap<string, unknown>

export async function inputsOf(ask: Ask): Promise<Inputs | Response> {
  const inputs = new Map<string, unknown>(queryOf(ask.c))
  if (ask.c.req.method !== 'POST') return inputs
  const body = await readBodyValue(ask, isFhirType, 'application/fhir+json or application/fhir+xml')
  if (body instanceof Response) return body
  const document = body.value
  if (!isObject(document) || document.resourceType !== 'Parameters')
    return refuse(ask.c, 'bad-request', 'the body must be a Parameters resource')
  const list: readonly unknown[] = Array.isArray(document.parameter) ? document.parameter : []
  for (const each of list.filter(isObject)) inputs.set(String(each.name), valueIn(each))
  return inputs
}

function valueIn(parameter: JsonObject): unknown {
  const name = Object.keys(parameter).find((key) => key.startsWith('value') || key === 'resource')
  return name === undefined ? undefined : parameter[name]
}

export const textOf = (inputs: Inputs, name: string): string | undefined => {
  const value = inputs.get(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A number of 0 or more; undefined when there is none, or it is no such number. */
export const countOf = (inputs: Inputs, name: string): number | undefined => {
  const value = Number(inputs.get(name) ?? Number.NaN)
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
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
