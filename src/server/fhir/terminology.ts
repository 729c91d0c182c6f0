// ValueSet/$expand and $validate-code (FHIR R4 valueset-operations.html) over the value sets that the gateway carries, those
// that elements of its types are bound to, and those of the packages of the site.
import { ELEMENTS } from '../../fhir/definitions.ts'
import type { Issue } from '../../fhir/issue.ts'
import { knownDefinitions } from '../../fhir/known-definitions.ts'
import { isObject } from '../../fhir/types.ts'
import type { CodeGroup } from '../../fhir/value-sets.ts'
import type { Ask } from './ask.ts'
import { type Coded, codedOf, type Inputs, inputsFor, textOf } from './parameters.ts'
import { refuse, sendOutcome, sendText } from './reply.ts'

const maxExpansion = 1_000

/** 404 for what nobody here has heard of, 422 for what is too large, or of which a part is missing. */
export function refuseSet({ c }: Ask, url: string | undefined): Response {
  if (url !== undefined && !boundSets().has(url.split('|')[0] ?? ''))
    return refuse(c, 'not-found', 'this value set is not carried here - ask a terminology server')
  const issue: Issue = {
    severity: 'error',
    code: url === undefined ? 'not-supported' : 'too-costly',
    diagnostics:
      url === undefined
        ? 'the codes of this value set cannot all be told here: a part of it is in no package - ask a terminology server'
        : 'this value set is too large to be carried here, or cannot be listed - ask a terminology server',
  }
  return sendOutcome(c, 422, [issue])
}

let bound: ReadonlySet<string> | undefined

/** Value sets that elements are bound to: known, if not always carried. */
function boundSets(): ReadonlySet<string> {
  bound ??= new Set(
    Object.values(ELEMENTS).flatMap(({ elements }) =>
      Object.values(elements).flatMap(({ binding }) => binding?.[1] ?? []),
    ),
  )
  return bound
}

const expandKnown = new Set(
  (
    'url valueSet valueSetVersion context contextDirection filter date offset count includeDesignations designation ' +
    'includeDefinition activeOnly excludeNested excludeNotForUI excludePostCoordinated displayLanguage exclude-system ' +
    'system-version check-system-version force-system-version'
  ).split(' '),
)

/** The URL of the one that is named by its id in the path; undefined when none is. */
export function knownUrl(
  { c, deps, id }: Ask,
  type: 'ValueSet' | 'CodeSystem',
): string | undefined | Response {
  if (id === '') return undefined
  const found = knownDefinitions(deps.packages().profiles)[type].find((each) => each.id === id)
  return typeof found?.url === 'string'
    ? found.url
    : refuse(c, 'not-found', `${type} of that id is not known here`)
}

/** A value set by its id or its url, or as it is sent. */
function groupAsked(
  ask: Ask,
  inputs: Inputs,
): { readonly url: string | undefined; readonly group: CodeGroup } | Response {
  const { terminology } = ask.deps.packages().profiles
  const url = knownUrl(ask, 'ValueSet') ?? textOf(inputs, 'url')
  if (url instanceof Response) return url
  const sent = ask.id === '' ? inputs.get('valueSet') : undefined
  if (isObject(sent) && sent.resourceType === 'ValueSet')
    return { url: typeof sent.url === 'string' ? sent.url : undefined, group: terminology.compose(sent) }
  if (url === undefined) return refuse(ask.c, 'bad-request', 'url is missing - name the value set')
  const group = terminology.group(url)
  return group ? { url, group } : refuseSet(ask, url)
}

export async function expand(ask: Ask): Promise<Response> {
  const { c, deps } = ask
  const inputs = await inputsFor(ask, expandKnown)
  if (inputs instanceof Response) return inputs
  const asked = groupAsked(ask, inputs)
  if (asked instanceof Response) return asked
  const [offset, count] = [wholeNumber(inputs, 'offset'), wholeNumber(inputs, 'count')]
  if (offset === 'wrong' || count === 'wrong')
    return refuse(c, 'bad-request', 'offset and count are numbers of 0 or more - correct them')
  const codes = asked.group.list()
  if (!codes) return refuseSet(ask, undefined)
  const filter = textOf(inputs, 'filter')
  const words = (filter ?? '').toLowerCase().split(/\s+/)
  const found = codes.filter(({ code, display }) => {
    const text = `${code} ${display}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const from = offset ?? 0
  const contains = found.slice(from, from + Math.min(count ?? maxExpansion, maxExpansion))
  const parameter = [
    ...(filter === undefined ? [] : [{ name: 'filter', valueString: filter }]),
    ...(offset === undefined ? [] : [{ name: 'offset', valueInteger: offset }]),
    ...(count === undefined ? [] : [{ name: 'count', valueInteger: count }]),
  ]
  const expansion = {
    timestamp: deps.gateway.now().toISOString(),
    total: found.length,
    offset: from,
    ...(parameter.length > 0 && { parameter }),
    ...(contains.length > 0 && { contains }),
  }
  const [url, version] = asked.url?.split('|') ?? []
  return sendText(
    c,
    200,
    JSON.stringify({
      resourceType: 'ValueSet',
      ...(url !== undefined && { url }),
      ...(version !== undefined && { version }),
      status: 'active',
      expansion,
    }),
  )
}

/** Undefined when it was not given. */
function wholeNumber(inputs: Inputs, name: string): number | undefined | 'wrong' {
  const given = inputs.get(name)
  if (given === undefined) return undefined
  const value =
    typeof given === 'number' ? given : /^\d{1,9}$/.test(String(given)) ? Number(given) : Number.NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : 'wrong'
}

const validateKnown = new Set(
  (
    'url valueSet valueSetVersion context code system systemVersion display coding codeableConcept date abstract ' +
    'displayLanguage inferSystem'
  ).split(' '),
)

export async function validateCode(ask: Ask): Promise<Response> {
  const { c } = ask
  const inputs = await inputsFor(ask, validateKnown)
  if (inputs instanceof Response) return inputs
  const codes = codedOf(inputs)
  if (codes.length === 0) return refuse(c, 'bad-request', 'url or code is missing')
  const asked = groupAsked(ask, inputs)
  if (asked instanceof Response) return asked
  const { group } = asked
  const answers = codes.map((each) => ({
    each,
    is: each.system === undefined ? group.hasCode(each.code) : group.has(each.system, each.code),
  }))
  const found = answers.find(({ is }) => is === true)?.each
  if (!found && answers.some(({ is }) => is === undefined)) return refuseSet(ask, undefined)
  const code = group.list()?.find((each) => isCode(each, found))
  return sendValidity(ask, found, code?.display, 'the code is not in the value set', code?.system)
}

const isCode = (
  each: { readonly system: string; readonly code: string },
  found: Coded | undefined,
): boolean => each.code === found?.code && (found.system === undefined || found.system === each.system)

/** `found`: the code as it was sent, when it is valid; `display`: the one that it has. */
export function sendValidity(
  { c }: Ask,
  found: Coded | undefined,
  display: string | undefined,
  missing: string,
  system = found?.system,
): Response {
  const differs =
    found?.display !== undefined &&
    display !== undefined &&
    found.display.toLowerCase() !== display.toLowerCase()
  const message = !found ? missing : differs ? 'the display is another one' : undefined
  const parameter = [
    { name: 'result', valueBoolean: found !== undefined && !differs },
    ...(message === undefined ? [] : [{ name: 'message', valueString: message }]),
    ...(display === undefined ? [] : [{ name: 'display', valueString: display }]),
    ...(found ? [{ name: 'code', valueCode: found.code }] : []),
    ...(found && system !== undefined ? [{ name: 'system', valueUri: system }] : []),
  ]
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter }))
}
