// QRY^A19: who is behind a number (HL7 v2.4 chapter 3, 3.3.19; withdrawn, and still asked). Answered to those only who are told
// of persons anyway: the subscribers of the site.
import type { Repetition, Reply, ReplySegment } from '../hl7/reply.ts'
import { type Applying, cellsAt, thingsOf } from './applying.ts'
import type { FhirJson } from './fhir-json.ts'
import { Refusal } from './finding.ts'
import { type Identifier, identifierType, normalValue } from './identity/identifier.ts'
import { authorityOf } from './identity/identity.ts'
import type { Subscriber } from './site.ts'
import { isRestricted } from './truth/label.ts'

/** Persons that one query may name. */
export const maxAsked = 20

interface Asked {
  readonly id?: string
  readonly system?: string
}

/** Answers with a PID for each number that is known; of one that is not there is none. */
export function applyQuery(applying: Applying): void {
  const { draft, site, source } = applying
  const [query] = thingsOf(applying, 'Query')
  if (!query) throw refuse('101', 'QRD^1', 'the query is missing (QRD^1) - send QRD with QRD-8')
  const reader = site.subscribers.find(({ id }) => id === source.id)
  if (!reader?.feeds.some((feed) => feed === 'adt-person' || feed === 'adt-visit'))
    throw refuse(
      '207',
      'QRD^1^8',
      `queries are answered to subscribers of persons or visits, and ${source.id} is none (QRD^1^8) - ask the operator of the gateway`,
    )
  const asked = cellsAt(query, '$who')
    .flatMap(({ value }) => (Array.isArray(value) ? (value as readonly Asked[]) : []))
    .slice(0, maxAsked)
  const ids = new Set<string>()
  for (const { id, system } of asked) {
    if (!id || !system)
      throw refuse(
        '101',
        'QRD^1^8',
        'the number or its authority is missing (QRD^1^8) - send QRD-8.1 and QRD-8.9',
      )
    const known = draft.lookup('Patient', system, normalValue(id, authorityOf(site, system)))
    if (known) ids.add(draft.survivorId('Patient', known.id))
  }
  if (asked.length === 0) throw refuse('101', 'QRD^1^8', 'nobody is asked for (QRD^1^8) - send a number')
  draft.reply = {
    type: ['ADR', 'A19', 'ADR_A19'],
    echo: ['QRD', 'QRF'],
    segments: [...ids].flatMap((id, i) => person(applying, id, i + 1, reader)),
  } satisfies Reply
}

const refuse = (code: string, location: string, text: string): Refusal =>
  new Refusal('AE', { code, locations: [location], text })

function person(applying: Applying, id: string, set: number, reader: Subscriber): ReplySegment[] {
  const { body } = applying.draft.entity('Patient', id)
  if (!body) return []
  const { protectedPatients = 'full' } = reader
  const hidden = protectedPatients !== 'full' && isRestricted(body)
  if (hidden && protectedPatients === 'none') return []
  const identifiers = listOf<Identifier>(body.identifier)
    .filter(({ use }) => use !== 'old')
    .flatMap((each) => numberOf(applying, each))
  const fields: Record<number, readonly Repetition[]> = { 1: [[String(set)]], 3: identifiers }
  if (hidden) return [{ name: 'PID', fields }]
  const names = listOf<Name>(body.name).slice(0, maxListed).map(nameOf)
  if (names.length > 0) fields[5] = names
  if (typeof body.birthDate === 'string') fields[7] = [[body.birthDate.replaceAll('-', '')]]
  const sex = sexOf[String(body.gender)]
  if (sex) fields[8] = [[sex]]
  const addresses = listOf<Address>(body.address).slice(0, maxListed).map(addressOf)
  if (addresses.length > 0) fields[11] = addresses
  return [{ name: 'PID', fields }]
}

/** Repetitions of one field that are answered. */
const maxListed = 10
const sexOf: Readonly<Record<string, string>> = { male: 'M', female: 'F', other: 'O', unknown: 'U' }

const listOf = <T>(value: FhirJson[string]): readonly T[] =>
  Array.isArray(value) ? (value as readonly unknown[] as readonly T[]) : []

function numberOf({ site }: Applying, identifier: Identifier): readonly Repetition[] {
  const { system = '', value } = identifier
  if (!value) return []
  const oid = system.startsWith('urn:oid:') ? system.slice('urn:oid:'.length) : ''
  const designator = [authorityOf(site, system)?.namespace ?? '', oid || system, oid ? 'ISO' : 'URI']
  return [[value, '', '', designator, identifierType(identifier) ?? '']]
}

interface Name {
  readonly family?: string
  readonly given?: readonly string[]
  readonly use?: string
}

const nameOf = ({ family = '', given = [], use }: Name): Repetition => [
  family,
  given[0] ?? '',
  given.slice(1).join(' '),
  '',
  '',
  '',
  use === undefined || use === 'official' ? 'L' : '',
]

interface Address {
  readonly line?: readonly string[]
  readonly city?: string
  readonly state?: string
  readonly postalCode?: string
  readonly country?: string
}

const addressOf = ({
  line = [],
  city = '',
  state = '',
  postalCode = '',
  country = '',
}: Address): Repetition => [line[0] ?? '', line.slice(1).join(', '), city, state, postalCode, country]
