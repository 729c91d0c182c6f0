// CodeSystem/$lookup, $validate-code and $subsumes (FHIR R4 codesystem-operations.html) over the code systems that the gateway
// carries and those of the packages of the site.
import { type CodeSystemContent, type Concept, isBelow } from '../../fhir/code-system.ts'
import type { Issue } from '../../fhir/issue.ts'
import { isObject } from '../../fhir/types.ts'
import type { Ask } from './ask.ts'
import { codedOf, codingOf, type Inputs, inputsFor, textOf } from './parameters.ts'
import { refuse, sendOutcome, sendText } from './reply.ts'
import { knownUrl, sendValidity } from './terminology.ts'

const unknownSystem = 'this code system is not carried here - ask a terminology server'
const unknownCode = 'the code system has no such code - ask a terminology server'

const lookupKnown = new Set('code system version coding date displayLanguage property'.split(' '))

export async function lookup(ask: Ask): Promise<Response> {
  const { c, deps } = ask
  const inputs = await inputsFor(ask, lookupKnown)
  if (inputs instanceof Response) return inputs
  const { system: given, code } = codingOf(inputs)
  const system = knownUrl(ask, 'CodeSystem') ?? given
  if (system instanceof Response) return system
  if (system === undefined || code === undefined)
    return refuse(c, 'bad-request', 'system or code is missing - send both, or a coding')
  const content = deps.packages().profiles.terminology.system(system)
  if (!content) return refuse(c, 'not-found', unknownSystem)
  const found = content.concepts.get(code)
  if (!found) return refuse(c, 'not-found', unknownCode)
  const properties = textOf(inputs, 'property')
  const parameter = [
    { name: 'name', valueString: content.name },
    ...(content.version === '' ? [] : [{ name: 'version', valueString: content.version }]),
    { name: 'display', valueString: found.display },
    ...(found.definition === undefined ? [] : [property('definition', 'valueString', found.definition)]),
    ...hierarchy(content, found).filter(
      ({ part }) => properties === undefined || part[0]?.valueCode === properties,
    ),
  ]
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter }))
}

const property = (code: string, name: 'valueCode' | 'valueString', value: string) => ({
  name: 'property',
  part: [
    { name: 'code', valueCode: code } as const,
    { name: 'value', [name]: value } as { valueCode?: string },
  ],
})

/** Children of one code that are told. */
const maxChildren = 1_000

function hierarchy({ concepts }: CodeSystemContent, { code, parents }: Concept) {
  const children = [...concepts.values()].filter((each) => each.parents.includes(code)).slice(0, maxChildren)
  return [
    ...parents.map((each) => property('parent', 'valueCode', each)),
    ...children.map((each) => property('child', 'valueCode', each.code)),
  ]
}

const validateKnown = new Set(
  'url codeSystem code version display coding codeableConcept date abstract displayLanguage'.split(' '),
)

export async function validateSystemCode(ask: Ask): Promise<Response> {
  const { c, deps } = ask
  const inputs = await inputsFor(ask, validateKnown)
  if (inputs instanceof Response) return inputs
  const codes = codedOf(inputs)
  const url = knownUrl(ask, 'CodeSystem') ?? textOf(inputs, 'url') ?? codes[0]?.system
  if (url instanceof Response) return url
  if (url === undefined || codes.length === 0)
    return refuse(c, 'bad-request', 'url or code is missing - name the code system and the code')
  const content = deps.packages().profiles.terminology.system(url)
  if (!content) return refuse(c, 'not-found', unknownSystem)
  const found = codes.find(
    ({ system, code }) => (system === undefined || system === content.url) && content.concepts.has(code),
  )
  const display = found && content.concepts.get(found.code)?.display
  return sendValidity(ask, found, display, 'the code is not in the code system', content.url)
}

const subsumesKnown = new Set('codeA codeB codingA codingB system version'.split(' '))

export async function subsumes(ask: Ask): Promise<Response> {
  const { c, deps } = ask
  const inputs = await inputsFor(ask, subsumesKnown)
  if (inputs instanceof Response) return inputs
  const [a, b] = [side(inputs, 'A'), side(inputs, 'B')]
  const system = a.system ?? b.system
  if (a.code === undefined || b.code === undefined || system === undefined)
    return refuse(
      c,
      'bad-request',
      'codeA, codeB or system is missing - send all three, or codingA and codingB',
    )
  if (a.system !== undefined && b.system !== undefined && a.system !== b.system)
    return refuse(c, 'bad-request', 'the codes are of two systems - compare codes of one')
  const content = deps.packages().profiles.terminology.system(system)
  if (!content) return refuse(c, 'not-found', unknownSystem)
  const missing = [a.code, b.code].filter((code) => !content.concepts.has(code))
  if (missing.length > 0) {
    const issue: Issue = { severity: 'error', code: 'code-invalid', diagnostics: unknownCode }
    return sendOutcome(c, 422, [issue])
  }
  const outcome = outcomeOf(content, a.code, b.code)
  const parameter = [{ name: 'outcome', valueCode: outcome }]
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter }))
}

function side(inputs: Inputs, name: 'A' | 'B') {
  const coding = inputs.get(`coding${name}`)
  const given = isObject(coding) ? coding : {}
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    code: textOf(inputs, `code${name}`) ?? text(given.code),
    system: text(given.system) ?? textOf(inputs, 'system'),
  }
}

function outcomeOf(content: CodeSystemContent, a: string, b: string): string {
  if (a === b) return 'equivalent'
  if (isBelow(content, b, a)) return 'subsumes'
  return isBelow(content, a, b) ? 'subsumed-by' : 'not-subsumed'
}
