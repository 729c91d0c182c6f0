// Made from the tables: for every place that a search parameter looks at, a resource that it must find, with near misses
// that it must not: a neighbour value, another system, another type, a second beside, other letters, nothing.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { zoneOffsetOf } from '../../src/fhir/date.ts'
import { searchParamsOf } from '../../src/fhir/search-params.ts'
import { parseSearch } from '../../src/fhir/search-query.ts'
import { SERVED_TYPES } from '../../src/fhir/types.ts'
import { Binds } from '../../src/store/binds.ts'
import { isAlwaysPresent } from '../../src/store/index-rows.ts'
import { conditions } from '../../src/store/search-sql.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { type Loaded, load } from './load.ts'
import { placesOf } from './search-places.ts'
import { type Specimen, specimenOf } from './search-specimens.ts'

const zone = zoneOffsetOf('America/Chicago')
const baseUrl = 'http://gateway.test/fhir'

interface Group {
  readonly type: string
  readonly code: string
  readonly label: string
  readonly specimen: Specimen
  /** Names of specimens by the id of their resource. */
  readonly names: ReadonlyMap<string, string>
  readonly resources: readonly Loaded[]
}

/** Columns of the store are asked in test/server/search.test.ts. */
const columns: ReadonlySet<string> = new Set(['_id', '_lastUpdated'])

function groupsOf(type: string): Group[] {
  const groups: Group[] = []
  for (const param of searchParamsOf(type).values()) {
    if (columns.has(param.code)) continue
    for (const place of placesOf(type, param)) {
      const specimen = specimenOf(param, place)
      if (!specimen) continue
      // What every valid resource has is never missing.
      const isMandatory = isAlwaysPresent(type, param.code)
      const names = new Map<string, string>()
      const values = Object.entries(specimen.values).filter(
        ([, value]) => value !== undefined || !isMandatory,
      )
      const resources = values.map(([name, value], i): Loaded => {
        const id = `g${groups.length}-${i}`
        names.set(id, name)
        return { ...(value === undefined ? {} : place.put(value)), resourceType: type, id }
      })
      const label = `${type}?${param.code} at ${place.path} (${place.type})`
      groups.push({ type, code: param.code, label, specimen, names, resources })
    }
  }
  return groups
}

const pairsOf = (code: string, question: string): [string, string][] =>
  question.split('&').map((each) => {
    const equals = each.indexOf('=')
    return [code + each.slice(0, equals), each.slice(equals + 1)]
  })

/** All questions of a group in one statement: what each finds among its resources. */
function statement({ type, code, specimen, names }: Group) {
  const binds = new Binds(1)
  const group = binds.add([...names.keys()])
  const selects = Object.keys(specimen.questions).map((question) => {
    const read = parseSearch(type, pairsOf(code, question), { zone, baseUrl })
    assert.ok('query' in read, `${type}?${code}${question}: ${JSON.stringify(read)}`)
    assert.deepEqual(read.unknown, [], question)
    return `array(select r.id from resource r where r.tenant = $1 and r.rtype = ${binds.text(type)} and not r.deleted
      and r.id = any(${group}::text[]) and ${conditions(type, read.query.filters, binds).join(' and ')})`
  })
  return {
    text: `select array_to_json(x) as found from (values (${selects.join('), (')})) v (x)`,
    values: binds.values,
  }
}

describe('every place of every parameter', () => {
  let store: TestDatabase
  const groups = new Map(SERVED_TYPES.map((type) => [type, groupsOf(type)]))
  before(async () => {
    store = await testDatabase()
    for (const own of groups.values()) {
      await store.db.transaction((tx) =>
        load(
          tx,
          own.flatMap(({ resources }) => resources),
          zone,
        ),
      )
    }
    await store.db.read.query('', 'analyze', [])
  })
  after(() => store.drop())

  let asked = 0
  for (const [type, own] of groups) {
    test(`${type}: ${own.length} places, each found among its neighbours`, async () => {
      const wrong: string[] = []
      for (const group of own) {
        const { text, values } = statement(group)
        const answers = await store.db.read.query<{ found: string[] }>('', text, values)
        const { questions } = group.specimen
        for (const [i, [question, expected]] of Object.entries(questions).entries()) {
          const found = (answers[i]?.found ?? []).map((id) => group.names.get(id) ?? id)
          const known = [...group.names.values()]
          const wanted = expected.split(' ').filter((name) => known.includes(name))
          asked += 1
          if (found.toSorted().join(' ') !== wanted.toSorted().join(' '))
            wrong.push(`${group.label} ${question} finds [${found.join(' ')}], not [${wanted.join(' ')}]`)
        }
      }
      assert.deepEqual(wrong, [])
    })
  }

  test('no place is left out, and the questions are many', () => {
    const places = [...groups.values()].flatMap((own) => own.map(({ type, code }) => `${type}.${code}`))
    const left = SERVED_TYPES.flatMap((type) =>
      [...searchParamsOf(type).values()]
        .filter(({ code, type: kind }) => !columns.has(code) && kind !== 'composite' && kind !== 'special')
        .map(({ code }) => `${type}.${code}`)
        .filter((name) => !places.includes(name)),
    )
    // A test, not a place; and sounds: both in test/server/search-forms.test.ts.
    assert.deepEqual(
      left.filter((name) => !name.endsWith('.phonetic')),
      ['Patient.deceased'],
    )
    assert.ok(asked > 15_000, String(asked))
  })
})
