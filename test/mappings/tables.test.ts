// Code tables: shape, targets that FHIR R4 knows, the guide's content unchanged but for the listed corrections.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import {
  buildElements,
  idOf,
  parseCsv,
  readCodeSystems,
  readSheet,
  renderConceptMap,
} from '../../scripts/import-tables.ts'
import { corrections, sourceTables } from '../../scripts/table-corrections.ts'
import { shared } from '../shared.ts'

interface MapElement {
  code: string
  display: string
  target?: { code: string; display: string; equivalence: string }[]
}

interface ConceptMap {
  resourceType: string
  id: string
  url: string
  name: string
  status: string
  group?: { source?: string; target?: string; element: MapElement[] }[]
}

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, 'src/mappings/tables')
const realm = join(root, 'profiles/us-core/tables')
const systems = readCodeSystems()

const files = [folder, realm].flatMap((path) =>
  readdirSync(path)
    .filter((file) => file.endsWith('.json'))
    .map((file) => join(path, file)),
)
const maps = files.map((file) => ({ file, map: JSON.parse(readFileSync(file, 'utf8')) as ConceptMap }))

const elementsOf = (map: ConceptMap): MapElement[] => (map.group ?? []).flatMap((group) => group.element)

function translate(name: string, code: string): string | undefined {
  const found = maps.find(({ map }) => map.name === name)
  assert.ok(found, name)
  return elementsOf(found.map).find((element) => element.code === code)?.target?.[0]?.code
}

describe('code tables', () => {
  it('are ConceptMaps with one name, one id and one file each', () => {
    for (const { file, map } of maps) {
      assert.equal(map.resourceType, 'ConceptMap', file)
      assert.equal(map.id, basename(file, '.json'))
      assert.equal(map.id, idOf(map.name))
      assert.match(map.id, /^[a-z0-9-]{1,64}$/)
      assert.equal(map.url, `http://portico.example.org/ConceptMap/${map.id}`)
      assert.equal(map.status, 'active')
    }
    assert.equal(new Set(maps.map(({ map }) => map.name)).size, maps.length)
  })

  it('say each code once, with one target at most', () => {
    for (const { map } of maps) {
      const codes = elementsOf(map).map((element) => element.code)
      assert.deepEqual(
        codes.filter((code, index) => codes.indexOf(code) !== index),
        [],
        map.name,
      )
      for (const element of elementsOf(map)) {
        assert.ok(element.code === element.code.trim() && element.code !== '', `${map.name} ${element.code}`)
        assert.ok(element.display !== '', `${map.name} ${element.code}`)
        assert.ok(!element.target || element.target.length === 1, `${map.name} ${element.code}`)
      }
    }
  })

  it('mean the same by codes that differ in case only, since they are found without regard to it', () => {
    for (const { map } of maps) {
      const folded = new Map<string, string | undefined>()
      for (const element of elementsOf(map)) {
        const key = element.code.toUpperCase()
        const target = element.target?.[0]?.code
        assert.ok(!folded.has(key) || folded.get(key) === target, `${map.name} ${element.code}`)
        folded.set(key, target)
      }
    }
  })

  it('have the target system beside every target', () => {
    for (const { map } of maps) {
      for (const group of map.group ?? []) {
        assert.ok(group.element.length > 0, map.name)
        assert.ok(group.target || group.element.every((element) => !element.target), map.name)
      }
    }
  })

  it('lead to codes that FHIR R4 publishes, with its display', () => {
    for (const { map } of maps) {
      for (const group of map.group ?? []) {
        const known = group.target ? systems.get(group.target) : undefined
        for (const { code, target } of known ? group.element : []) {
          for (const one of target ?? []) {
            assert.ok(known?.has(one.code), `${map.name} ${code} -> ${group.target}|${one.code}`)
            assert.equal(one.display, known?.get(one.code), `${map.name} ${code}`)
          }
        }
      }
    }
  })

  it('name only code systems that FHIR R4, US Core or the HL7 terminology know', () => {
    const outside = new Set([
      'http://snomed.info/sct',
      'http://terminology.hl7.org/CodeSystem/v2-0360',
      'http://unitsofmeasure.org',
      'https://nahdo.org/sopt',
      'urn:ietf:bcp:47',
      'urn:ietf:rfc:3986',
      'urn:iso:std:iso:3166',
      'urn:oid:2.16.840.1.113883.6.238',
      'https://www.usps.com/',
    ])
    for (const { map } of maps) {
      for (const { target } of map.group ?? []) {
        assert.ok(target === undefined || systems.has(target) || outside.has(target), `${map.name} ${target}`)
      }
    }
  })

  it('are there for each table that the guide lacks and the front office needs', () => {
    const needed =
      '0017 0023 0050 0063 0068 0086 0117 0135 0144 0213 0216 0279 0309 0344 0347 0445 0532'.split(' ')
    const read = new Set(
      maps.flatMap(({ map }) => (map.group ?? []).map(({ source = '' }) => source.slice(-'0000'.length))),
    )
    // Of user-defined 0068 no standard has codes: the table is there for a site to fill.
    assert.ok(maps.some(({ map }) => map.name === 'GuarantorType'))
    assert.deepEqual(
      needed.filter((number) => number !== '0068' && !read.has(number)),
      [],
    )
  })

  it('cover every code of the HL7 tables behind required bindings', () => {
    for (const [name, table] of [
      ['AdministrativeSex', '0001'],
      ['FillerStatusCodes[Appointment]', '0278'],
      ['FillerStatusCodes[ParticipantStatus]', '0278'],
      ['PatientClass[EncounterClass]', '0004'],
      ['Relationship[SubscriberRelationship]', '0063'],
      ['PatientRelationshipToInsured[SubscriberRelationship]', '0344'],
      ['TransactionType', '0017'],
      ['YesNoIndicator', '0136'],
    ] as const) {
      for (const code of systems.get(`http://terminology.hl7.org/CodeSystem/v2-${table}`)?.keys() ?? []) {
        assert.notEqual(translate(name, code), undefined, `${name} ${code}`)
      }
    }
  })

  it('turn IN1-17 round, since Coverage.relationship looks from the other side', () => {
    const expected: Record<string, string> = { SEL: 'self', SPO: 'spouse', DOM: 'common' }
    for (const code of ['MTH', 'FTH', 'PAR']) expected[code] = 'child'
    for (const code of ['CHD', 'NCH', 'SCH', 'FCH']) expected[code] = 'parent'
    for (const code of systems.get('http://terminology.hl7.org/CodeSystem/v2-0063')?.keys() ?? []) {
      assert.equal(translate('Relationship[SubscriberRelationship]', code), expected[code] ?? 'other', code)
    }
  })

  it('say of IN1-17 as the patient sees it what table 0344 says', () => {
    for (const [relation, insured] of [
      ['SEL', '01'],
      ['SPO', '02'],
      ['CHD', '03'],
      ['SCH', '05'],
      ['FCH', '06'],
      ['WRD', '07'],
      ['EME', '08'],
      ['UNK', '09'],
      ['DEP', '10'],
      ['GCH', '13'],
      ['PAR', '18'],
      ['GRP', '19'],
    ] as const) {
      assert.equal(
        translate('Relationship[BeneficiaryRelationship]', relation),
        translate('PatientRelationshipToInsured[SubscriberRelationship]', insured),
        relation,
      )
    }
  })
})

describe('the import of the guide', () => {
  it('gives the committed files again', () => {
    const csvs = readdirSync(shared('codes')).filter((file) => file.endsWith('.csv'))
    assert.equal(csvs.length, 77)
    for (const file of csvs) {
      const name = basename(file, '.csv')
      const rows = readSheet(readFileSync(shared('codes', file), 'utf8'))
      const table = sourceTables[name] ?? rows.find((row) => row.table !== '')?.table ?? ''
      const source = table && `http://terminology.hl7.org/CodeSystem/v2-${table}`
      const text = renderConceptMap(name, source, buildElements(name, rows, systems))
      assert.equal(readFileSync(join(folder, `${idOf(name)}.json`), 'utf8'), text, name)
    }
  })

  it('keeps every v2 code of the guide', () => {
    for (const file of readdirSync(shared('codes')).filter((name) => name.endsWith('.csv'))) {
      const name = basename(file, '.csv')
      const map = maps.find((one) => one.map.name === name)?.map
      assert.ok(map, name)
      const codes = new Set(elementsOf(map).map((element) => element.code))
      for (const row of readSheet(readFileSync(shared('codes', file), 'utf8'))) {
        const code = row.code.replaceAll('"', '').trim()
        assert.ok(code === '' || codes.has(code), `${name} ${row.code}`)
      }
    }
  })

  it('changes nothing that the README does not explain', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    for (const { map, why } of corrections) assert.ok(readme.includes(`| ${map} | ${why} |`), map)
  })

  it('reads quotes, line breaks and commas of a CSV as RFC 4180 says', () => {
    assert.deepEqual(parseCsv('a,"b,""c""\nd",\r\n,e,f'), [
      ['a', 'b,"c"\nd', ''],
      ['', 'e', 'f'],
    ])
  })
})
