// `_include` and `_revinclude` as they are asked for (http://hl7.org/fhir/R4/search.html#include): which references to
// follow. A `*` stands for every parameter, and is spelled out here.
import { searchParam, searchParamsOf } from './search-params.ts'
import { isServedType, SERVED_TYPES } from './types.ts'

/** `_include`: what `source` resources point to by `param`; `_revinclude`: what points to the results. */
export interface Include {
  readonly source: string
  readonly param: string
  /** Only targets of this type; undefined = of any. */
  readonly target: string | undefined
  /** Also for what was included. */
  readonly iterate: boolean
}

/** The inclusions that a value asks for; none when it cannot lead anywhere. */
export function includesOf(type: string, value: string, reverse: boolean, iterate: boolean): Include[] {
  const [source = '', code = '', target, ...more] = value.split(':')
  const wanted = target || undefined
  if (more.length > 0 || (wanted !== undefined && !isServedType(wanted))) return []
  if (source === '*') {
    if (code !== '') return []
    return reverse ? SERVED_TYPES.flatMap((each) => reverseOf(each, type, iterate)) : forwardOf(type, iterate)
  }
  if (code === '*' && wanted === undefined) {
    if (reverse) return reverseOf(source, type, iterate)
    return source === type || iterate ? forwardOf(source, iterate) : []
  }
  const param = searchParam(source, code)
  if (param?.type !== 'reference') return []
  const allows = (each: string): boolean => param.targets.length === 0 || param.targets.includes(each)
  const fits =
    (wanted === undefined || allows(wanted)) && (iterate || (reverse ? allows(type) : source === type))
  return fits ? [{ source, param: code, target: wanted, iterate }] : []
}

function referencesOf(type: string) {
  return [...searchParamsOf(type).values()].filter((param) => param.type === 'reference')
}

function forwardOf(source: string, iterate: boolean): Include[] {
  return referencesOf(source).map(({ code }) => ({ source, param: code, target: undefined, iterate }))
}

function reverseOf(source: string, type: string, iterate: boolean): Include[] {
  return referencesOf(source)
    .filter(({ targets }) => targets.length === 0 || targets.includes(type))
    .map(({ code }) => ({ source, param: code, target: undefined, iterate }))
}
