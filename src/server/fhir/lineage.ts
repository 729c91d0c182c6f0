// $lineage on a resource: where each value came from, and what lost against it (acceptance contract, section 7).
import type { LineageEntry } from '../../pipeline/gateway.ts'
import type { Ask } from './ask.ts'
import { refuse, sendText } from './reply.ts'

const maxPathCharacters = 200

export async function lineage({ c, deps, rtype, id }: Ask): Promise<Response> {
  const path = c.req.query('path') || undefined
  if (path !== undefined && (path.length > maxPathCharacters || !/^[A-Za-z_][\w.[\]():/'-]*$/.test(path))) {
    return refuse(c, 'bad-request', 'path is an element such as address or name[0].family')
  }
  const entries = await deps.gateway.lineage(rtype, id, path)
  if (!entries) return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter: entries.map(parameterOf) }))
}

function parameterOf({ wins, source, path, at, messageId, v2, row, why }: LineageEntry): object {
  const parts: [name: string, value: string | undefined][] = [
    ['source', source],
    ['path', path],
    ['message', messageId],
    ['v2', v2],
    ['row', row],
    ['why', why],
  ]
  const part: object[] = parts.flatMap(([name, valueString]) =>
    valueString === undefined || valueString === '' ? [] : [{ name, valueString }],
  )
  return { name: wins ? 'value' : 'loser', part: [...part, { name: 'at', valueDateTime: at }] }
}
