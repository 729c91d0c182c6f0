// ValueSet/$expand, ValueSet/$validate-code and CodeSystem/$lookup (FHIR R4 terminology-service.html), over the value sets
// and code systems that the gateway carries: those that elements of its types are bound to.
import { codesIn, lookupCode, systemName } from '../../fhir/terminology.ts'
import type { Ask } from './ask.ts'
import { codingOf, countOf, inputsOf, textOf } from './parameters.ts'
import { refuse, sendText } from './reply.ts'

const maxExpansion = 1_000

const unknownSet = 'this value set is not carried here - ask a terminology server'

export async function expand(ask: Ask): Promise<Response> {
  const { c, deps } = ask
  const inputs = await inputsOf(ask)
  if (inputs instanceof Response) return inputs
  const url = textOf(inputs, 'url')
  if (url === undefined) return refuse(c, 'bad-request', 'url is missing - name the value set')
  const codes = codesIn(url)
  if (!codes) return refuse(c, 'not-found', unknownSet)
  const words = (textOf(inputs, 'filter') ?? '').toLowerCase()
  const found = codes.filter(({ code, display }) => `${code} ${display}`.toLowerCase().includes(words))
  const offset = countOf(inputs, 'offset') ?? 0
  const count = Math.min(countOf(inputs, 'count') ?? maxExpansion, maxExpansion)
  const contains = found.slice(offset, offset + count)
  const expansion = {
    timestamp: deps.gateway.now().toISOString(),
    total: found.length,
    offset,
    ...(contains.length > 0 && { contains }),
  }
  return sendText(
    c,
    200,
    JSON.stringify({ resourceType: 'ValueSet', url: url.split('|')[0], status: 'active', expansion }),
  )
}

export async function validateCode(ask: Ask): Promise<Response> {
  const { c } = ask
  const inputs = await inputsOf(ask)
  if (inputs instanceof Response) return inputs
  const url = textOf(inputs, 'url')
  const { system, code } = codingOf(inputs)
  if (url === undefined || code === undefined) return refuse(c, 'bad-request', 'url or code is missing')
  const codes = codesIn(url)
  if (!codes) return refuse(c, 'not-found', unknownSet)
  const found = codes.find((each) => each.code === code && (system === undefined || each.system === system))
  const display = textOf(inputs, 'display')
  const differs = found !== undefined && display !== undefined && found.display !== display
  const message = !found
    ? 'the code is not in the value set'
    : differs
      ? 'the display is another one'
      : undefined
  const parameter = [
    { name: 'result', valueBoolean: found !== undefined && !differs },
    ...(message === undefined ? [] : [{ name: 'message', valueString: message }]),
    ...(found ? [{ name: 'display', valueString: found.display }] : []),
  ]
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter }))
}

export async function lookup(ask: Ask): Promise<Response> {
  const { c } = ask
  const inputs = await inputsOf(ask)
  if (inputs instanceof Response) return inputs
  const { system, code } = codingOf(inputs)
  if (system === undefined || code === undefined) return refuse(c, 'bad-request', 'system or code is missing')
  const found = lookupCode(system, code)
  if (!found) {
    const text = found === null ? 'this code system is not carried here' : 'the code system has no such code'
    return refuse(c, 'not-found', `${text} - ask a terminology server`)
  }
  const parameter = [
    { name: 'name', valueString: systemName(system) ?? system },
    { name: 'display', valueString: found.display },
  ]
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter }))
}
