// $meta of a resource (FHIR R4 resource-operation-meta.html).
import { readJson, writeJson } from '../../fhir/json.ts'
import { isObject } from '../../fhir/types.ts'
import { readResource } from '../../store/resources.ts'
import type { Ask } from './ask.ts'
import { refuse, sendText } from './reply.ts'
import { resourceText } from './resource-text.ts'

export async function meta({ c, deps, rtype, id }: Ask): Promise<Response> {
  const row = await readResource(deps.db.read, deps.tenant, rtype, id)
  if (!row) return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  if (row.deleted) return refuse(c, 'gone', `${rtype}/${id} is deleted - its versions are in _history`)
  const read = readJson(resourceText(row))
  const valueMeta = 'value' in read && isObject(read.value) ? read.value.meta : undefined
  return sendText(
    c,
    200,
    writeJson({ resourceType: 'Parameters', parameter: [{ name: 'return', valueMeta }] }),
  )
}
