// Many patients with three appointments each, multiplied by the server from a few parts: what searches are measured on.
// The rows are those that the gateway would write (checkPopulation compares a sample), a million patients in minutes.
import assert from 'node:assert/strict'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import type { Database, Transaction } from '../../src/store/db.ts'
import { type ResourceIndex, resourceIndex } from '../../src/store/index-rows.ts'
import { load } from '../store/load.ts'
import { given, practitioners } from './persons.ts'

const chunk = 50_000
/** A practitioner sees 3,000 in 200 days, 15 a day; a hundred work at a time, and as many follow them. */
export const patientsPerPractitioner = 1_000
export const appointmentsPerPatient = 3
export const days = 200
const practitionersAtATime = 100
/** From so many on, indexes are made when the rows are there. */
const large = 100_000
/** As in a register of this size: the larger it is, the more names it has. */
const peoplePerFamily = 10
const zoneName = 'America/Chicago'
const zone = zoneOffsetOf(zoneName)
const firstDay = '2026-05-04'
export const systems = {
  mrn: 'urn:oid:2.16.840.1.113883.19.200.1',
  filler: 'urn:oid:2.16.840.1.113883.19.200.4',
  npi: 'http://hl7.org/fhir/sid/us-npi',
}

const starts = 'AB BAR CAS DEL ES FER GAL HAN IV JAN KOR LIN MOR NOV OR PET RAM SAN TOR VAL WIN ZAM'.split(
  ' ',
)
const middles = 'A E I O U ALI ERO INO ULE AVE ETI OBA'.split(' ')
const ends = 'BERG DEZ FORD KOWSKI LEY MAN NOVA RAS SEN SON TTI WICZ'.split(' ')

function oneName(number: number): string {
  const [start, middle, end] = [starts, middles, ends].map((list, i) => {
    const step = [1, starts.length, starts.length * middles.length][i] ?? 1
    return list[Math.floor(number / step) % list.length] ?? ''
  })
  return `${start}${middle}${end}`
}
const oneNames = starts.length * middles.length * ends.length

/** The first few thousand have one name, the others two. */
export function familyOf(patient: number): string {
  const number = Math.floor(patient / peoplePerFamily)
  const second = Math.floor(number / oneNames)
  return second === 0 ? oneName(number) : `${oneName(number)}-${oneName(second * 7)}`
}

const tokensOf = (resource: object): readonly string[] => resourceIndex(resource, zone).tokens
const distinct = (...lists: (readonly string[])[]): string => `{${[...new Set(lists.flat())].join(',')}}`

/** What is computed per name and not per person: a table of the transaction. */
async function families(tx: Transaction, from: number, to: number): Promise<void> {
  await tx.script('create temp table family (n int primary key, name text, tokens bigint[]) on commit drop')
  const first = Math.floor(from / peoplePerFamily)
  const numbers = Array.from(
    { length: Math.floor((to - 1) / peoplePerFamily) - first + 1 },
    (_, i) => first + i,
  )
  const names = numbers.map((number) => familyOf(number * peoplePerFamily))
  const tokens = names.map((family) => distinct(tokensOf({ resourceType: 'Patient', name: [{ family }] })))
  await tx.execute(
    '',
    `insert into family select n, name, tokens::bigint[] from unnest($1::int[], $2::text[], $3::text[]) x (n, name, tokens)`,
    [numbers, names, tokens],
  )
  await tx.script('create temp table first (n int primary key, name text, tokens bigint[]) on commit drop')
  await tx.execute(
    '',
    `insert into first select n, name, tokens::bigint[] from unnest($1::int[], $2::text[], $3::text[]) x (n, name, tokens)`,
    [
      given.map((_, i) => i),
      given,
      given.map((name) => distinct(tokensOf({ resourceType: 'Patient', name: [{ given: [name] }] }))),
    ],
  )
}

const genders = ['female', 'male'] as const

const patientSql = `
create temp table person on commit drop as
select i, 'p' || i as id, (1000000 + i)::text as mrn, f.name as family, g.name as given,
  lpad((i % 10000000)::text, 7, '0') as phone, case i % 2 when 0 then 'female' else 'male' end as gender,
  date '1930-01-01' + ((i::bigint * 7919) % 32850)::int as born,
  (select array_agg(distinct t order by t)
    from unnest((case i % 2 when 0 then $3 else $4 end)::bigint[] || f.tokens || g.tokens) t) as tokens
from generate_series($1::int, $2::int - 1) i
join family f on f.n = i / ${peoplePerFamily} join first g on g.n = i % ${given.length}`

/** $1 is the number of the first row, less the first patient. */
const writePatients = [
  `insert into resource
select 1, 'Patient', id, 1, $1::bigint + i, now(), false, jsonb_build_object('resourceType', 'Patient', 'id', id, 'active', true,
  'identifier', jsonb_build_array(jsonb_build_object('use', 'usual', 'system', '${systems.mrn}', 'value', mrn)),
  'name', jsonb_build_array(jsonb_build_object('use', 'official', 'family', family, 'given', jsonb_build_array(given))),
  'telecom', jsonb_build_array(jsonb_build_object('system', 'phone', 'value', '+1 217 ' || phone)),
  'gender', gender, 'birthDate', born), '\\x00', tokens, 0 from person`,
  `insert into identifier select 1, 'Patient', 'identifier', mrn, '${systems.mrn}', id from person order by mrn`,
  `insert into identifier select 1, 'Patient', p, v, 'phone', id
from person, lateral (values ('1217' || phone), ('217' || phone)) x (v), (values ('phone'), ('telecom')) y (p)`,
  `insert into string select 1, 'Patient', p, n, id
from person, lateral (values ('family', lower(replace(family, '-', ' '))), ('given', lower(given)),
  ('name', lower(replace(family, '-', ' '))), ('name', lower(given))) x (p, n) order by p, n, id`,
  `insert into date select 1, 'Patient', 'birthdate', born::timestamp at time zone '${zoneName}',
  (born + 1)::timestamp at time zone '${zoneName}', id from person`,
]

const perPractitioner = appointmentsPerPatient * patientsPerPractitioner

/** The first of the days on which a practitioner works. */
export const firstDayOf = (practitioner: number): number =>
  Date.parse(firstDay) + Math.floor(practitioner / practitionersAtATime) * days * 86_400_000

const appointmentSql = `
create temp table visit on commit drop as
select j, 'a' || j as id, 'p' || j / ${appointmentsPerPatient} as patient, 'd' || d as doctor,
  timestamptz '${firstDay}T14:00:00Z'
    + make_interval(days => d / ${practitionersAtATime} * ${days} + k % ${days}, mins => 30 * (k / ${days})) as start
from generate_series($1::int, $2::int - 1) j,
  lateral (select j % ${perPractitioner} as k, j / ${perPractitioner} as d) x`

const iso = (time: string): string => `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const participant = (type: string, column: string): string =>
  `jsonb_build_object('actor', jsonb_build_object('reference', '${type}/' || ${column}), 'status', 'accepted')`

const writeAppointments = [
  `insert into resource
select 1, 'Appointment', id, 1, $1::bigint + j, now(), false, jsonb_build_object('resourceType', 'Appointment', 'id', id,
  'status', 'booked', 'start', ${iso('start')}, 'end', ${iso("start + interval '30 min'")},
  'identifier', jsonb_build_array(jsonb_build_object('system', '${systems.filler}', 'value', 'F' || j)),
  'participant', jsonb_build_array(${participant('Patient', 'patient')}, ${participant('Practitioner', 'doctor')})),
  '\\x00', $2::bigint[], 0 from visit`,
  `insert into identifier select 1, 'Appointment', 'identifier', 'F' || j, '${systems.filler}', id from visit order by 5`,
  `insert into reference select 1, t, 'Appointment', p, id from visit,
  lateral (values ('Patient/' || patient, 'actor'), ('Patient/' || patient, 'patient'),
    ('Practitioner/' || doctor, 'actor'), ('Practitioner/' || doctor, 'practitioner')) x (t, p) order by t, p, id`,
  `insert into date select 1, 'Appointment', 'date', start, start + interval '1 ms', id from visit order by start, id`,
]

function practitionerOf(number: number) {
  const [npi = '', family = '', first = ''] = (practitioners[number % practitioners.length] ?? '').split('^')
  const value = number < practitioners.length ? npi : `${npi}-${number}`
  return {
    resourceType: 'Practitioner',
    id: `d${number}`,
    active: true,
    identifier: [{ system: systems.npi, value }],
    name: [{ use: 'official', family, given: [first] }],
  }
}

const takeSql = `insert into counter (tenant, name, n) values (1, 'seq', $1)
on conflict (tenant, name) do update set n = counter.n + $1 returning n`

async function take(tx: Transaction, count: number): Promise<number> {
  const [row] = await tx.query<{ n: string }>('', takeSql, [count])
  return Number(row?.n ?? 0) - count + 1
}

/** Runs a statement for as long as it takes: the gateway's own limits are for requests. */
type Patiently = (statement: string) => Promise<unknown>

/** Adds patients `from` to `to` - 1, with their appointments; many of them without indexes, when these can be made again. */
export async function populate(db: Database, from: number, to: number, patiently?: Patiently): Promise<void> {
  const number = (patient: number): number => Math.ceil(patient / patientsPerPractitioner)
  const doctors = Array.from({ length: number(to) - number(from) }, (_, i) =>
    practitionerOf(number(from) + i),
  )
  if (doctors.length > 0) await db.transaction((tx) => load(tx, doctors, zone))
  const again = patiently && to - from > large ? await withoutIndexes(db) : []
  for (let first = from; first < to; first += chunk) {
    await db.transaction(async (tx) => {
      await tx.script("set local synchronous_commit = off; set local work_mem = '256MB'")
      await write(tx, first, Math.min(first + chunk, to))
    })
  }
  for (const statement of again) await patiently?.(`set maintenance_work_mem = '1GB'; ${statement}`)
}

const filled = `('resource', 'identifier', 'reference', 'string', 'date')`
const constraintsSql = `
select conrelid::regclass::text as "table", conname as name, pg_get_constraintdef(oid) as definition
from pg_constraint where contype = 'p' and connamespace = current_schema()::regnamespace and conrelid::regclass::text in ${filled}`
const indexesSql = `
select indexname as name, indexdef as definition from pg_indexes
where schemaname = current_schema() and tablename in ${filled} and indexname not like '%_pkey'`

/** Takes the indexes away; the statements that make them again. */
async function withoutIndexes(db: Database): Promise<string[]> {
  return await db.transaction(async (tx) => {
    const keys = await tx.query<{ table: string; name: string; definition: string }>('', constraintsSql, [])
    const indexes = await tx.query<{ name: string; definition: string }>('', indexesSql, [])
    for (const { table, name } of keys) await tx.script(`alter table ${table} drop constraint ${name}`)
    for (const { name } of indexes) await tx.script(`drop index ${name}`)
    return [
      ...keys.map(
        ({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition}`,
      ),
      ...indexes.map(({ definition }) => definition),
    ]
  })
}

async function write(tx: Transaction, first: number, last: number): Promise<void> {
  await families(tx, first, last)
  const bases = genders.map((gender) => distinct(tokensOf({ ...samplePatient, gender })))
  await tx.execute('', patientSql, [first, last, ...bases])
  const seq = (await take(tx, last - first)) - first
  for (const [i, text] of writePatients.entries()) await tx.execute('', text, i === 0 ? [seq] : [])
  const [begin, end] = [first * appointmentsPerPatient, last * appointmentsPerPatient]
  await tx.execute('', appointmentSql, [begin, end])
  const next = (await take(tx, end - begin)) - begin
  const tokens = distinct(tokensOf(sampleAppointment))
  for (const [i, text] of writeAppointments.entries())
    await tx.execute('', text, i === 0 ? [next, tokens] : [])
}

/** What all of them have in common, for their tokens; names are added person by person. */
const samplePatient = {
  resourceType: 'Patient',
  active: true,
  identifier: [{ system: systems.mrn, value: '1' }],
  telecom: [{ system: 'phone', value: '+1 217 5550301' }],
  birthDate: '1980-01-01',
}
const sampleAppointment = {
  resourceType: 'Appointment',
  status: 'booked',
  start: '2026-05-04T14:00:00Z',
  identifier: [{ system: systems.filler, value: 'F1' }],
  participant: [
    { actor: { reference: 'Patient/p1' }, status: 'accepted' },
    { actor: { reference: 'Practitioner/d1' }, status: 'accepted' },
  ],
}

const tables = {
  identifier: 'param, value, system',
  reference: 'param, target',
  string: 'param, norm',
  date: `param, ${iso('low')} as low, ${iso('high')} as high`,
} as const

/** Throws when a row differs from what the gateway would write for the resource. */
export async function checkPopulation(db: Database, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const rtype = id.startsWith('p') ? 'Patient' : 'Appointment'
    const [found] = await db.read.query<{ body: string; tokens: string[] }>(
      '',
      'select body::text as body, tokens::text[] as tokens from resource where tenant = 1 and rtype = $1 and id = $2',
      [rtype, id],
    )
    const wanted: ResourceIndex = resourceIndex(JSON.parse(found?.body ?? 'null'), zone)
    assert.deepEqual(found?.tokens, wanted.tokens, `tokens of ${id}`)
    for (const [table, columns] of Object.entries(tables)) {
      const text = `select ${columns} from ${table} where tenant = 1 and rtype = $1 and id = $2`
      const rows = await db.read.query<object>('', text, [rtype, id])
      const list = (all: readonly object[]): string[] => all.map((row) => Object.values(row).join(' ')).sort()
      assert.deepEqual(list(rows), list(wanted[table as keyof typeof tables]), `${table} of ${id}`)
    }
  }
}
