// $lineage on a resource: where each value came from, and what lost against it (acceptance contract, section 7).
import { rawMessageId } from '../../canonical/truth/provenance.ts'
import type { LineageEntry, LineageSpan } from '../../pipeline/gateway.ts'
import type { Ask } from './ask.ts'
import { refuse, sendText } from './reply.ts'

const maxPathCharacters = 200

export async function lineage({ c, deps, rtype, id }: Ask): Promise<Response> {
  const path = c.req.query('path') || undefined
  if (path !== undefined && (path.length > maxPathCharacters || !/^[A-Za-z_][\w.[\]():/'-]*$/.test(path))) {
    return refuse(c, 'bad-request', 'path is an element such as address or name[0].family')
  }
  const number = c.req.param('version')
  const version = number === undefined ? undefined : Number(number)
  if (version !== undefined && !(Number.isInteger(version) && version > 0))
    return refuse(c, 'not-found', 'versions are numbers from 1')
  const entries = await deps.gateway.lineage(rtype, id, path, version)
  if (!entries) return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  return sendText(c, 200, JSON.stringify({ resourceType: 'Parameters', parameter: entries.map(parameterOf) }))
}

const strings = (pairs: readonly (readonly [name: string, value: string | undefined])[]): object[] =>
  pairs.flatMap(([name, valueString]) =>
    valueString === undefined || valueString === '' ? [] : [{ name, valueString }],
  )

/** `message` is the number in the log, `message-url` where an operator looks at it while it is kept, `message-bytes` what came. */
function parameterOf(entry: LineageEntry): object {
  const { wins, source, path, at, messageId, kept, controlId, event, mapsHash, v2, row, why } = entry
  const part = strings([
    ['source', source],
    ['path', path],
    ['message', messageId],
    ['control-id', controlId],
    ['event', event],
    ['maps', mapsHash],
    ['v2', v2],
    ['row', row],
    ['why', why],
  ])
  const bytes = { reference: `Binary/${rawMessageId(messageId)}` }
  const link = kept
    ? [
        { name: 'message-url', valueUri: `/admin/messages/${messageId}` },
        { name: 'message-bytes', valueReference: bytes },
      ]
    : []
  const time = at === undefined ? [] : [{ name: 'at', valueDateTime: at }]
  const spans = entry.spans.map((span) => ({ name: 'span', part: spanParts(span) }))
  return { name: wins ? 'value' : 'loser', part: [...part, ...link, ...time, ...spans] }
}

function spanParts({ fhir, v2, row, table, tableRow, bytes }: LineageSpan): object[] {
  const parts = strings([
    ['fhir', fhir],
    ['v2', v2],
    ['row', row],
    ['table', table],
    ['table-row', tableRow],
  ])
  if (!bytes) return parts
  const { start, end } = bytes
  return [...parts, { name: 'byte-start', valueInteger: start }, { name: 'byte-end', valueInteger: end }]
}
