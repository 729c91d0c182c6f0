// The realm us-core: race and ethnicity as US Core 6.1 has them, beside the codes as sent.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { preview } from '../../src/pipeline/reading/preview.ts'
import { readPayload } from '../../src/pipeline/reading/receive.ts'
import { loadProfileMaps } from '../../src/pipeline/site/site-maps.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { mrn, msh, pid } from '../pipeline/messages.ts'

interface Extension {
  readonly url: string
  readonly extension?: readonly Extension[]
  readonly valueCoding?: { readonly code: string }
  readonly valueString?: string
}
const core = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-'
const maps = loadProfileMaps('us-core')
const site = acceptanceSite()

function patient(race: string, ethnicity: string) {
  const fields = { 3: mrn('U1'), 5: 'DOE^JANE^^^^^L', 8: 'F', 10: race, 22: ethnicity }
  const raw = Buffer.from(
    `${[msh({ event: 'ADT^A28^ADT_A05' }), 'EVN||20260302080000', pid(fields)].join('\r')}\r`,
  )
  const now = () => new Date('2026-03-02T14:00:00Z')
  const context = { site: () => site, maps: () => maps, now, newControlId: () => '1', lineage: false }
  const read = readPayload({ raw, channel: 'http', peer: '' }, context)
  const [found] = 'items' in read ? preview(read.items, site).resources : []
  assert.ok(found)
  assert.deepEqual(validateResource(found), [])
  const list = (found.extension ?? []) as unknown as readonly Extension[]
  return (name: string) => list.find(({ url }) => url === `${core}${name}`)
}
const codes = (of: Extension | undefined, url: string) =>
  of?.extension?.filter((each) => each.url === url).map((each) => each.valueCoding?.code ?? each.valueString)

describe('gateway.realm us-core', () => {
  it('puts all repetitions of PID-10 into one race: categories, details, a text', () => {
    const race = patient('2106-3^White^HL70005~1004-1^American Indian^HL70005', '')('race')
    assert.deepEqual(codes(race, 'ombCategory'), ['2106-3', '1002-5'])
    assert.deepEqual(codes(race, 'detailed'), ['1004-1'])
    assert.deepEqual(codes(race, 'text'), ['White, American Indian'])
  })

  it('has a text alone for what no category takes in', () => {
    const race = patient('ZZ^Something else^L', '')('race')
    assert.deepEqual([codes(race, 'ombCategory'), codes(race, 'text')], [[], ['Something else']])
  })

  it('has one category of ethnicity', () => {
    const ethnicity = patient('', 'H^Hispanic^HL70189')('ethnicity')
    assert.deepEqual(codes(ethnicity, 'ombCategory'), ['2135-2'])
  })

  it('keeps the codes as they were sent, and says nothing when nothing was', () => {
    const of = patient('', '')
    assert.equal(of('race'), undefined)
    const list = JSON.stringify(patient('2106-3^White^HL70005', '')('race'))
    assert.match(list, /2106-3/)
  })
})
