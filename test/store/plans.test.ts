// The plans of hot reads: each goes through the indexes that were made for it, and none reads a whole table.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseSearch, type SearchQuery } from '../../src/fhir/search-query.ts'
import { freeBusySql, loadBusySql } from '../../src/store/busy.ts'
import { redirectSql, supersedeSql } from '../../src/store/dependents.ts'
import { historySql } from '../../src/store/history.ts'
import { readResourceSql, readResourcesSql, readVersionSql } from '../../src/store/resources.ts'
import { canonicalSql, revIncludeSql } from '../../src/store/search-include.ts'
import { countSql, pageSql } from '../../src/store/search-page.ts'
import type { Statement } from '../../src/store/search-sql.ts'
import { pagesSql } from '../../src/store/search-types.ts'
import { loadChargesSql } from '../../src/store/truth.ts'
import { type TestDatabase, testDatabase } from '../database.ts'

// Enough rows that a plan matters, with the proportions of a hospital: everybody has an identifier of their own.
const seed = `
insert into resource
select 1, 'Patient', 'p' || i, 2, i, now(), false,
  jsonb_build_object('resourceType', 'Patient', 'id', 'p' || i, 'birthDate', '1980-01-01'), '\\x00',
  array[1000 + i % 2, 2000]::bigint[], 0
from generate_series(1, 4000) i;
insert into identifier select 1, 'Patient', 'identifier', 'M' || i, 'urn:mrn', 'p' || i from generate_series(1, 4000) i;
insert into string select 1, 'Patient', p, 'fam' || i % 900, 'p' || i from generate_series(1, 4000) i, (values ('family'), ('name')) v (p);
insert into resource
select 1, 'Appointment', 'a' || i, 2, 4000 + i, now(), false,
  jsonb_build_object('resourceType', 'Appointment', 'id', 'a' || i, 'start', '2026-03-01T09:00:00Z'), '\\x00',
  array[4000 + i % 5]::bigint[], 0
from generate_series(1, 8000) i;
insert into reference select 1, 'Patient/p' || i / 2, 'Appointment', p, 'a' || i
from generate_series(1, 8000) i, (values ('patient'), ('actor')) v (p);
insert into reference select 1, 'Practitioner/d' || i % 20, 'Appointment', p, 'a' || i
from generate_series(1, 8000) i, (values ('practitioner'), ('actor')) v (p);
insert into identifier select 1, 'Practitioner', 'identifier', 'N' || i, 'urn:npi', 'd' || i from generate_series(0, 19) i;
insert into date select 1, 'Appointment', 'date', t, t + interval '1 ms', 'a' || i
from generate_series(1, 8000) i, lateral (select timestamptz '2026-01-01Z' + make_interval(mins => i * 65) as t) x;
insert into resource
select 1, t, p || i, 2, 20000 + i, now(), false, jsonb_build_object('resourceType', t, 'id', p || i), '\\x00', array[5000 + i % 3]::bigint[], 0
from generate_series(1, 4000) i, (values ('Slot', 's'), ('Questionnaire', 'q')) v (t, p);
insert into reference select 1, 'Schedule/c' || i % 40, 'Slot', 'schedule', 's' || i from generate_series(1, 4000) i;
insert into reference select 1, 'Practitioner/d' || i % 20, 'Schedule', 'actor', 'c' || i from generate_series(1, 40) i;
insert into date select 1, 'Slot', 'start', t, t + interval '1 ms', 's' || i
from generate_series(1, 4000) i, lateral (select timestamptz '2026-01-01Z' + make_interval(mins => i * 65) as t) x;
insert into identifier select 1, 'Questionnaire', 'url', 'http://x/' || i, '', 'q' || i from generate_series(1, 4000) i;
insert into busy select 1, 'Practitioner/d' || i % 20, 20500 + i / 400, 'a' || i, i, i + 1, 0 from generate_series(1, 8000) i;
insert into ledger (tenant, source, line, account_id, rtype, id, kind, code, amount, currency, content, message_id)
select 1, 'BILL', 'l' || i, 'acc' || i % 100, 'ChargeItem', 'c' || i, 'CG', 'code' || i % 7, 1, 'USD', '\\x00', 0
from generate_series(1, 8000) i;
insert into superseded select 1, rtype, id, version - 1, seq, updated_at, 'create', body, 0 from resource;
analyze resource; analyze identifier; analyze string; analyze reference; analyze date; analyze superseded;
analyze busy; analyze ledger`

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly Plan[]
}

function* nodesOf(plan: Plan): Generator<Plan> {
  yield plan
  for (const each of plan.Plans ?? []) yield* nodesOf(each)
}

describe('plans', () => {
  let store: TestDatabase
  before(async () => {
    store = await testDatabase()
    await store.db.transaction((tx) => tx.script(seed))
  })
  after(() => store.drop())

  /** Indexes that a statement uses; fails when it reads a whole table although it could do otherwise. */
  async function indexes({ text, values }: Statement): Promise<string[]> {
    return await store.db.transaction(
      async (tx) => {
        await tx.script('set local enable_seqscan = off')
        const [row] = await tx.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(
          '',
          `explain (format json) ${text}`,
          values,
        )
        const nodes = [...nodesOf(row?.['QUERY PLAN'][0]?.Plan ?? { 'Node Type': 'none' })]
        const scans = nodes.filter((node) => node['Node Type'] === 'Seq Scan')
        assert.deepEqual(
          scans.map((node) => node['Relation Name']),
          [],
          text,
        )
        return [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].sort()
      },
      { rollback: true },
    )
  }

  function query(text: string): SearchQuery {
    const [type = '', rest = ''] = text.split('?')
    const read = parseSearch(type, new URLSearchParams(rest))
    assert.ok('query' in read)
    return read.query
  }

  const page = (text: string): Statement => pageSql(1, query(text), 51, undefined)
  const laterPage = (text: string, keys: readonly (string | null)[] = []): Statement =>
    pageSql(1, query(text), 51, { keys, id: 'p2', seq: '9000', total: 100 })

  const cases: Readonly<Record<string, readonly [Statement, readonly string[]]>> = {
    read: [{ text: readResourceSql, values: [1, 'Patient', 'p7'] }, ['resource_pkey']],
    vread: [{ text: readVersionSql, values: [1, 'Patient', 'p7', 1] }, ['resource_pkey', 'superseded_pkey']],
    'several reads': [
      { text: readResourcesSql, values: [1, ['Patient', 'Appointment'], ['p7', 'a7']] },
      ['resource_pkey'],
    ],
    'history of a type': [
      { text: historySql.type, values: [1, 'Patient', null, null, null, null, 51] },
      ['resource_seq', 'superseded_type'],
    ],
    'history of everything': [
      { text: historySql.types, values: [1, ['Patient', 'Appointment'], null, null, null, null, 51] },
      ['resource_seq', 'superseded_type'],
    ],
    'search by identifier': [
      page('Patient?identifier=urn:mrn|M77'),
      ['identifier_pkey', 'resource_pkey', 'resource_seq'],
    ],
    'search by the begin of a name': [
      page('Patient?family=fam12'),
      ['resource_pkey', 'string_pkey', 'resource_seq'],
    ],
    'chain to the identifier of the patient': [
      page('Appointment?patient.identifier=urn:mrn|M77'),
      ['identifier_pkey', 'reference_pkey', 'resource_pkey', 'resource_seq'],
    ],
    'appointments of a practitioner on a day': [
      page('Appointment?practitioner=Practitioner/d7&date=2026-03-05'),
      ['date_pkey', 'reference_pkey', 'resource_pkey', 'resource_seq'],
    ],
    'appointments of a patient by time': [
      page('Appointment?patient=Patient/p7&_sort=date'),
      ['reference_pkey', 'resource_pkey', 'resource_seq'],
    ],
    'appointments of a day': [
      page('Appointment?date=ge2026-03-05&date=lt2026-03-06'),
      ['date_pkey', 'resource_pkey', 'resource_seq'],
    ],
    'search by a code': [
      page('Appointment?status=booked'),
      ['resource_pkey', 'resource_tokens', 'resource_seq'],
    ],
    'all of a type': [page('Appointment'), ['resource_pkey', 'resource_seq']],
    'a later page of all of a type': [
      laterPage('Appointment'),
      ['resource_pkey', 'superseded_pkey', 'resource_seq'],
    ],
    'the newest of a type': [page('Appointment?_sort=-_lastUpdated'), ['resource_seq']],
    'a later page of the newest of a type': [
      laterPage('Appointment?_sort=-_lastUpdated', ['5000']),
      ['resource_seq', 'superseded_pkey'],
    ],
    'a later page of the appointments of a patient': [
      laterPage('Appointment?patient=Patient/p7&_sort=date', ['2026-03-01T09:00:00Z']),
      ['reference_pkey', 'resource_pkey', 'superseded_pkey'],
    ],
    'the number of all of a type': [countSql(1, query('Appointment')), ['resource_deleted']],
    'the number of all patients': [countSql(1, query('Patient')), ['resource_deleted', 'resource_tokens']],
    'the day of anybody or anything that takes part': [
      page('Appointment?actor=Practitioner/d7&date=2026-03-05'),
      ['date_pkey', 'reference_pkey', 'resource_pkey'],
    ],
    'free times of a schedule on a day': [
      page('Slot?schedule=Schedule/c7&start=ge2026-03-05&start=lt2026-03-06&status=free'),
      ['date_pkey', 'reference_pkey', 'resource_pkey'],
    ],
    'times of a practitioner': [
      page('Slot?schedule.actor=Practitioner/d7&start=2026-03-05'),
      ['date_pkey', 'reference_pkey', 'resource_pkey'],
    ],
    'names by their sound': [page('Patient?phonetic=Meier'), ['resource_tokens']],
    'what canonical references name': [
      { text: canonicalSql, values: [1, ['Questionnaire'], ['http://x/7'], [''], 1001] },
      ['identifier_pkey', 'resource_pkey'],
    ],
    'several types by identifier': [
      pagesSql(1, [query('Patient?identifier=M77'), query('Appointment?identifier=M77')], [], 51, undefined),
      ['identifier_pkey', 'resource_pkey'],
    ],
    'what is booked on a day': [
      { text: loadBusySql, values: [1, ['Practitioner/d7', 'Practitioner/d8'], [20507, 20508]] },
      ['busy_pkey'],
    ],
    'what an appointment took': [{ text: freeBusySql, values: [1, ['a7', 'a8']] }, ['busy_appointment']],
    'charges and credits of a code': [
      { text: loadChargesSql, values: [1, ['acc7'], ['code3']] },
      ['ledger_account'],
    ],
    'what a merge keeps as it was': [
      { text: supersedeSql, values: [1, ['Appointment'], ['a7'], ['2']] },
      ['resource_pkey'],
    ],
    'what a merge redirects': [
      {
        text: redirectSql,
        values: [
          1,
          ['Appointment'],
          ['a7'],
          ['2'],
          1,
          '2026-03-05T09:00:00Z',
          '1',
          '"Patient/p7"',
          '"Patient/p8"',
        ],
      },
      ['resource_pkey'],
    ],
    'what refers to a page': [
      { text: revIncludeSql, values: [1, ['Patient/p7', 'Patient/p8'], ['Appointment'], ['patient'], 1001] },
      ['reference_pkey', 'resource_pkey'],
    ],
  }
  for (const [name, [statement, expected]] of Object.entries(cases)) {
    test(`${name}: ${expected.join(', ') || 'no table as a whole'}`, async () => {
      const used = await indexes(statement)
      assert.deepEqual(
        expected.filter((index) => !used.includes(index)),
        [],
        `${used.join(', ')}\n${statement.text}`,
      )
    })
  }
})
