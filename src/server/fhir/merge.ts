// Patient/$merge, Patient/{id}/$unmerge and Patient/{id}/$match-exclusions (acceptance contract, section 7).
import { isObject } from '../../fhir/types.ts'
import { permits } from '../auth.ts'
import { peerOf } from '../context.ts'
import type { Ask } from './ask.ts'
import { isFhirType } from './format.ts'
import { refuse, sendText } from './reply.ts'
import { readBodyValue } from './resource-body.ts'
import { sendWritten } from './written.ts'

const maxReasonCharacters = 2_000
const idForm = /^[A-Za-z0-9.-]{1,64}$/

type Values = ReadonlyMap<string, string>

/** Parameters by name: references as 'Type/id', texts and codes as they are. */
async function parametersOf(ask: Ask): Promise<{ raw: Uint8Array; values: Values } | Response> {
  const body = await readBodyValue(ask, isFhirType, 'application/fhir+json or application/fhir+xml')
  if (body instanceof Response) return body
  const { value } = body
  if (!isObject(value) || value.resourceType !== 'Parameters' || !Array.isArray(value.parameter))
    return refuse(ask.c, 'bad-request', 'the body is not Parameters - send a resource of that type')
  const values = new Map<string, string>()
  for (const each of value.parameter as readonly unknown[]) {
    if (!isObject(each) || typeof each.name !== 'string') continue
    const reference = isObject(each.valueReference) ? each.valueReference.reference : undefined
    const found = reference ?? each.valueString ?? each.valueCode ?? each.valueUri ?? each.valueId
    if (typeof found === 'string') values.set(each.name, found)
  }
  return { raw: body.raw, values }
}

/** Id out of 'Patient/x', 'Patient/x/_history/2' or 'x'. */
function idOf(text: string | undefined, rtype: string): string | undefined {
  const [first = '', second] = (text ?? '').split('/')
  const id = second === undefined ? first : first === rtype ? second : ''
  return idForm.test(id) ? id : undefined
}

export async function mergePatients(ask: Ask): Promise<Response> {
  const read = await parametersOf(ask)
  if (read instanceof Response) return read
  const [source, target] = ['source-patient', 'target-patient'].map((each) =>
    idOf(read.values.get(each), 'Patient'),
  )
  if (!source || !target)
    return refuse(
      ask.c,
      'bad-request',
      'source-patient and target-patient are references to patients - send both',
    )
  const { raw } = read
  const written = await ask.deps.gateway.decide({
    kind: 'merge',
    source,
    target,
    raw,
    client: ask.client,
    peer: peerOf(ask.c),
  })
  return sendWritten(ask, written)
}

export async function unmergePatient(ask: Ask): Promise<Response> {
  const read = await parametersOf(ask)
  if (read instanceof Response) return read
  const { raw, values } = read
  const merge = idOf(values.get('merge'), 'Provenance')
  const reason = values.get('reason')
  const onConflict = values.get('onConflict') ?? 'ask'
  if (!merge)
    return refuse(ask.c, 'bad-request', 'merge is a reference to the Provenance of the merge - send it')
  if (!reason || reason.length > maxReasonCharacters)
    return refuse(
      ask.c,
      'bad-request',
      `reason is a text of 1 to ${maxReasonCharacters} characters - say why they are two`,
    )
  if (onConflict !== 'ask' && onConflict !== 'stay' && onConflict !== 'move')
    return refuse(ask.c, 'bad-request', 'onConflict is ask, stay or move')
  const { client, id: target } = ask
  const common = { client, raw, peer: peerOf(ask.c) }
  return sendWritten(
    ask,
    await ask.deps.gateway.decide({ kind: 'unmerge', target, merge, reason, onConflict, ...common }),
  )
}

export async function matchExclusions(ask: Ask): Promise<Response> {
  if (!permits(ask.client, 'Patient', 'r'))
    return refuse(ask.c, 'forbidden', 'no scope of this client gives r on Patient')
  const found = await ask.deps.gateway.exclusions(ask.id)
  if (!found) return refuse(ask.c, 'not-found', `Patient/${ask.id} is not known here`)
  return sendText(ask.c, 200, JSON.stringify(found))
}
