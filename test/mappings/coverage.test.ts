// portico coverage: how rows of the guide are told apart, and that the program's own rows lose nothing.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  coverageOf,
  type Deviation,
  frontOfficeEvents,
  frontOfficeFields,
  type Guide,
} from '../../src/mappings/engine/coverage.ts'
import { loadGuide } from '../../src/mappings/engine/load.ts'
import type { MapSource } from '../../src/mappings/engine/row.ts'
import { base, sources } from './fixture.ts'

const src = join(base, '..')

const maps: readonly MapSource[] = [
  { map: 'ADT_A01', events: ['ADT^A01'], rows: [{ v2: 'PID', fhir: 'Patient', via: 'PID[Patient]' }] },
  {
    map: 'PID[Patient]',
    rows: [
      { v2: 'PID-1', fhir: '-' },
      { v2: 'PID-5', fhir: 'name', via: 'XPN[HumanName]' },
      { v2: 'PID-7', fhir: '$born', via: 'DTM[date]' },
      { v2: 'PID-8', fhir: '$sex', via: 'CWE[string]', deviates: 'A rule decides.' },
      { v2: 'PID-10', fhir: "extension('http://a.example/race').valueString", via: 'CWE[string]' },
    ],
  },
  { map: 'NK1[Patient]', rows: [{ v2: 'NK1-2', fhir: 'contact', via: 'XPN[HumanName]' }] },
]

const statusOf = (v2: string, fhir: string, deviations: readonly Deviation[] = [], url?: string) => {
  const guide: Guide = { 'PID[Patient]': [{ v2, fhir, ...(url && { url }) }] }
  const [found] = coverageOf(maps, guide, deviations).guide
  return [found?.status, found?.reason]
}

describe('a row of the guide', () => {
  it('is followed when a row that some message uses writes the same element, or a fact for a rule', () => {
    assert.deepEqual(statusOf('PID-5', 'name[1].family'), ['implemented', undefined])
    assert.deepEqual(statusOf('PID-7', 'birthDate'), ['implemented', undefined])
    assert.deepEqual(statusOf('PID-5', 'address'), ['open', undefined])
    assert.deepEqual(statusOf('NK1-2', 'contact.name'), ['open', undefined])
  })
  it('that writes an extension is followed by the same extension only', () => {
    const path = 'extension[1].valueString'
    assert.equal(statusOf('PID-10', path, [], 'http://a.example/race')[0], 'implemented')
    assert.equal(statusOf('PID-10', path, [], 'http://b.example/race')[0], 'open')
  })
  it('is deviated from with the reason of our row, or with one of the list', () => {
    assert.deepEqual(statusOf('PID-8', 'gender'), ['deviating', 'A rule decides.'])
    const listed = { map: 'PID[Patient]', fields: ['PID-9'], fhir: 'name', reason: 'Old.' }
    assert.deepEqual(statusOf('PID-9', 'name[2]', [listed]), ['deviating', 'Old.'])
    assert.deepEqual(statusOf('PID-9', 'gender', [listed]), ['open', undefined])
    assert.deepEqual(statusOf('PID-9', 'gender', [{ map: 'PID[*]', reason: 'All.' }]), ['deviating', 'All.'])
  })
  it('without a path asks for nothing', () => {
    assert.deepEqual(statusOf('PID-1', ''), ['none', undefined])
  })
})

describe('a rule in place of a row', () => {
  it('follows the guide, too', () => {
    const rule = { map: 'PID[Patient]', fields: ['PID'], rule: 'active until something says otherwise' }
    assert.deepEqual(statusOf('PID', 'active', [rule]), ['implemented', rule.rule])
  })
  it('is any extension where the guide has no address for its own', () => {
    assert.equal(statusOf('PID-10', 'extension??-race')[0], 'implemented')
  })
})

describe('a field that no row reads', () => {
  it('is residue with the reason that is listed for it, or forgotten', () => {
    const left = (residue: Parameters<typeof coverageOf>[3]) =>
      coverageOf(maps, {}, [], residue).left.filter(({ field }) => /^PID-[49]$/.test(field))
    assert.deepEqual(left([]), [{ field: 'PID-4' }, { field: 'PID-9' }])
    assert.deepEqual(left([{ segment: 'PID', fields: [9], reason: 'Old.' }]), [
      { field: 'PID-4' },
      { field: 'PID-9', reason: 'Old.' },
    ])
  })
})

describe('the report', () => {
  it('counts fields with a destination, those that are noted apart', () => {
    const [pid] = coverageOf(maps, {}, []).segments.filter(({ segment }) => segment === 'PID')
    assert.deepEqual([pid?.mapped, pid?.noted, pid?.fields], [[5, 7, 8, 10], [1], 40])
  })
  it('names deviations that no row needs', () => {
    const idle = { map: 'PID[Patient]', fields: ['PID-5'], reason: 'None.' }
    assert.deepEqual(coverageOf(maps, { 'PID[Patient]': [{ v2: 'PID-5', fhir: 'name' }] }, [idle]).idle, [
      idle,
    ])
  })
  it('knows the 75 events and the 929 fields of the front office', () => {
    assert.equal(frontOfficeEvents.length, 75)
    assert.equal(Object.keys(frontOfficeFields).length, 42)
    assert.equal(
      Object.values(frontOfficeFields).reduce((sum, fields) => sum + fields, 0),
      929,
    )
  })
})

describe('the rows of the program', () => {
  const { guide, deviations, residue } = loadGuide(base)
  const found = coverageOf(sources, guide, deviations, residue)
  it('compare with all 875 rows of the guide', () => {
    assert.equal(found.guide.length, 875)
  })
  it('account for each of them: followed, or deviated from with a reason', () => {
    const open = found.guide.filter(({ status }) => status === 'open').map(({ map, v2 }) => `${map} ${v2}`)
    assert.deepEqual(open, [])
    assert.deepEqual(found.idle, [], 'deviations that no row needs')
    for (const { map, reason = '', rule = '' } of deviations)
      assert.match(`${reason}${rule}`, /^.{20,300}$/, `${map} has one reason, in a sentence`)
  })
  it('leave no field without destination or reason', () => {
    assert.deepEqual(
      found.left.filter(({ reason }) => reason === undefined),
      [],
    )
    for (const { segment, fields, reason } of residue) {
      assert.match(reason, /^.{20,300}$/, `${segment} has its reason, in a sentence`)
      for (const each of fields ?? [])
        assert.ok(
          found.left.some(({ field }) => field === `${segment}-${each}`),
          `${segment}-${each} is residue`,
        )
    }
  })
  it('state no fact that no rule reads, but for what the message itself is', () => {
    const told = /^(?:MSH|SFT|QRD|MFI|MFE)-|^(?:MRG-7|OBX-2|DG1-2|PR1-2|DB1-2)$/
    const text = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('mappings'))
      .map((name) => readFileSync(join(src, name), 'utf8'))
      .join('')
    const unread = sources.flatMap(({ rows }) =>
      rows.flatMap(({ v2, fhir }) => {
        const fact = /^\$\w+/.exec(fhir)?.[0]
        return fact && !told.test(v2) && !text.includes(fact) ? [`${v2} ${fact}`] : []
      }),
    )
    assert.deepEqual(unread, [])
  })
  // Lower bounds: they rise with what is mapped, and never fall.
  it('cover no less than before', () => {
    assert.deepEqual(found.events.missing, [])
    assert.ok(found.fields.mapped >= 860, `${found.fields.mapped} fields`)
  })
})
