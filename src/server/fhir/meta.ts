// $meta, $meta-add and $meta-delete of a resource (FHIR R4 resource-operation-meta.html, -meta-add.html, -meta-delete.html).

import type { FhirJson } from '../../canonical/fhir-json.ts'
import { joined, less, listOf, metaLists } from '../../canonical/truth/client-meta.ts'
import { blocks, type Issue } from '../../fhir/issue.ts'
import { readJson, writeJson } from '../../fhir/json.ts'
import { isObject } from '../../fhir/types.ts'
import { readResource } from '../../store/resources.ts'
import type { Ask, Handler } from './ask.ts'
import { isTooLarge } from './json-patch.ts'
import { inputsOf } from './parameters.ts'
import { issuesOf } from './profile-check.ts'
import { rawMessageOf, readRaw } from './raw-message.ts'
import { refuse, sendText } from './reply.ts'
import { withoutServerMeta } from './resource-body.ts'
import { resourceText } from './resource-text.ts'
import { commonOf } from './write.ts'
import { sendWritten } from './written.ts'

export async function meta(ask: Ask): Promise<Response> {
  const { c, deps, rtype, id } = ask
  const number = rawMessageOf({ rtype, id })
  if (number !== undefined) {
    const stored = await readRaw(ask, number)
    return stored instanceof Response ? stored : sendText(c, 200, metaText(resourceText(stored)))
  }
  const row = await readResource(deps.db.read, deps.tenant, rtype, id)
  if (!row) return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  if (row.deleted) return refuse(c, 'gone', `${rtype}/${id} is deleted - its versions are in _history`)
  return sendText(c, 200, metaText(resourceText(row)))
}

/** Parameters with the meta of a resource. */
function metaText(resource: string): string {
  const read = readJson(resource)
  const valueMeta = 'value' in read && isObject(read.value) ? read.value.meta : undefined
  return writeJson({ resourceType: 'Parameters', parameter: [{ name: 'return', valueMeta }] })
}

type Change = (list: ReturnType<typeof listOf>, given: ReturnType<typeof listOf>) => ReturnType<typeof listOf>

/** Adds to profiles, tags and labels, or takes from them; nothing else of the resource changes, and who else changed it is no matter. */
const changeMeta =
  (change: Change): Handler =>
  async (ask) => {
    const { c, deps, rtype, id } = ask
    const inputs = await inputsOf(ask)
    if (inputs instanceof Response) return inputs
    const given = inputs.get('meta')
    if (!isObject(given))
      return refuse(c, 'bad-request', 'meta is missing - send Parameters with a parameter meta (valueMeta)')
    const asked = { meta: given } as FhirJson
    const written = await deps.gateway.write({
      ...commonOf(ask),
      id,
      op: 'patch',
      unconditional: true,
      raw: Buffer.from(
        writeJson({ resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: given }] }),
      ),
      change: (current) => {
        if (!current) return fault(404, 'not-found', `${rtype}/${id} is not known here`)
        const body = current as FhirJson
        const next: FhirJson = { ...(body.meta as FhirJson) }
        for (const name of metaLists) {
          const list = change(listOf(body, name), listOf(asked, name))
          if (list.length > 0) next[name] = list
          else delete next[name]
        }
        const changed = withoutServerMeta({ ...current, meta: next })
        if (isTooLarge(changed)) return fault(422, 'too-costly', 'the resource becomes too large')
        const issues = issuesOf(deps, changed, rtype)
        if (issues.some(blocks)) return { status: 422, issues }
        return { next: changed.meta === undefined ? { ...changed, meta: {} } : changed }
      },
    })
    if (written.status >= 400 || written.body === undefined) return sendWritten(ask, written)
    return sendWritten(
      { ...ask, prefer: { ...ask.prefer, return: 'representation' } },
      { ...written, body: metaText(written.body) },
    )
  }

const fault = (status: number, code: Issue['code'], diagnostics: string) => ({
  status,
  issues: [{ severity: 'error', code, diagnostics } as const],
})

export const addMeta = changeMeta(joined)
export const deleteMeta = changeMeta(less)
