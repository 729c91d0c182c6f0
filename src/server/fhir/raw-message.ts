// A message as it came, as the Binary that Provenance.entity.what names (FHIR R4 http://hl7.org/fhir/R4/binary.html): it has one
// version, which nobody changes.
import { readRawMessage } from '../../store/messages.ts'
import type { Ask } from './ask.ts'
import { refuse } from './reply.ts'
import type { Stored } from './resource-text.ts'

const numbered = /^message-([1-9]\d{0,17})$/

/** The number in the message log that the id of a Binary stands for; undefined for all others. */
export const rawMessageOf = ({ rtype, id }: Pick<Ask, 'rtype' | 'id'>): string | undefined =>
  rtype === 'Binary' ? numbered.exec(id)?.[1] : undefined

/** Types of what channels bring. */
const contentTypes: Readonly<Record<string, string>> = { fhir: 'application/fhir+json' }

/** All that a message says, also of protected persons: for those who may see everything, or send in anybody's name. */
export async function readRaw({ c, deps, client, id }: Ask, number: string): Promise<Stored | Response> {
  if (!client.restricted && !client.hl7v2 && !client.admin) {
    const text = 'messages as they came are for clients with restricted, hl7v2 or admin (site file)'
    return refuse(c, 'forbidden', text)
  }
  const row = await readRawMessage(deps.db.read, deps.tenant, number)
  if (!row) return refuse(c, 'not-found', `Binary/${id} is not in the message log, or not any more`)
  c.header('repr-digest', `sha-256=:${row.sha256.toString('base64')}:`)
  const contentType = contentTypes[row.channel] ?? 'application/hl7-v2+er7'
  const data = row.raw.toString('base64')
  const body = { resourceType: 'Binary', id, contentType, ...(data === '' ? {} : { data }) }
  return { body: JSON.stringify(body), version: 1, updatedAt: row.receivedAt }
}
