// What a search means where its words alone do not say: about a time, in another unit, in the zone of the site, of a type that
// the path names (FHIR R4 search.html#prefix, #quantity, #date, #errors).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { JsonObject } from '../../src/fhir/types.ts'
import { converted, unitsBeside } from '../../src/fhir/units.ts'
import { type GatewayOnPort, gatewayOnPort } from './on-port.ts'

let gateway: GatewayOnPort
const make = async (body: JsonObject): Promise<string> => {
  const made = await gateway.ask(`/${body.resourceType}`, { method: 'POST', body })
  assert.equal(made.status, 201, made.text)
  return String(made.body.id)
}
const found = async (search: string): Promise<unknown[]> => {
  const answer = await gateway.ask(`/${search}`)
  assert.equal(answer.status, 200, answer.text)
  const entries = (answer.body.entry ?? []) as { resource: JsonObject; search: { mode: string } }[]
  return entries.filter((each) => each.search.mode === 'match').map(({ resource }) => resource.id)
}
const observation = (extra: JsonObject): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...extra,
})
const ucum = 'http://unitsofmeasure.org'
const quantity = (value: number, code: string, system = ucum): JsonObject => ({
  value,
  system,
  code,
  unit: code,
})

before(async () => {
  gateway = await gatewayOnPort({ settings: { CLOCK: 'manual' } })
  const clock = gateway.baseUrl.replace('/fhir', '/admin/clock')
  const headers = { 'content-type': 'application/json' }
  const body = { now: '2026-03-02T09:00:00-06:00' }
  assert.equal((await gateway.ask(clock, { method: 'PUT', headers, body })).status, 200)
})
after(() => gateway.close())

describe('a search about a time (ap)', () => {
  it('takes a tenth of what lies between it and now, and no less than its own length', async () => {
    const at = async (effectiveDateTime: string): Promise<string> =>
      await make(observation({ effectiveDateTime }))
    // 2026-03-02 less 100 days is 2025-11-22: ten days on either side are about that day.
    const near = await at('2025-11-14T12:00:00-06:00')
    const far = await at('2025-11-10T12:00:00-06:00')
    const after = await at('2025-12-01T12:00:00-06:00')
    const today = await at('2026-03-02T08:00:00-06:00')
    const ids = [near, far, after, today]
    const about = async (day: string): Promise<unknown[]> =>
      (await found(`Observation?date=ap${day}&_count=100`)).filter((each) => ids.includes(String(each)))
    assert.deepEqual(new Set(await about('2025-11-22')), new Set([near, after]))
    assert.deepEqual(await about('2026-03-02'), [today])
    assert.deepEqual(await about('2026-03-01'), [today])
  })
})

describe('a quantity in a unit of UCUM', () => {
  it('is found in every unit of its kind, by its digits and by its order', async () => {
    const gram = await make(observation({ valueQuantity: quantity(5.4, 'g') }))
    const milligram = await make(observation({ valueQuantity: quantity(5400, 'mg') }))
    const other = await make(observation({ valueQuantity: quantity(5300, 'mg') }))
    const local = await make(observation({ valueQuantity: quantity(5.4, 'g', 'urn:local') }))
    const of = async (value: string): Promise<unknown[]> =>
      await found(`Observation?value-quantity=${encodeURIComponent(value)}`)
    assert.deepEqual(new Set(await of(`5.4|${ucum}|g`)), new Set([gram, milligram]))
    assert.deepEqual(new Set(await of(`5400|${ucum}|mg`)), new Set([gram, milligram]))
    assert.deepEqual(new Set(await of(`lt0.00535|${ucum}|kg`)), new Set([other]))
    assert.deepEqual(new Set(await of(`ge5350|${ucum}|mg`)), new Set([gram, milligram]))
    assert.deepEqual(new Set(await of('5.4|urn:local|g')), new Set([local]))
  })

  it('keeps its value on the way to another unit and back', () => {
    for (const code of ['g', 'm', 'L', 's', 'Pa', 'g/L', 'mol/L', '/L', '1', 'Cel']) {
      for (const other of unitsBeside(code)) {
        const back = Number(converted(converted('36.6', code, other), other, code))
        assert.ok(Math.abs(back - 36.6) < 1e-9, `${code} ${other}`)
      }
    }
    assert.equal(Number(converted('98.6', '[degF]', 'Cel')).toFixed(6), '37.000000')
    assert.equal(converted('1', '[lb_av]', 'g'), '453.59237')
    assert.deepEqual(unitsBeside('{score}'), [])
  })
})

describe('an order by dates', () => {
  it('reads a date without a zone in that of the site', async () => {
    const subject = { reference: 'Patient/sorted' }
    const at = async (effectiveDateTime: string): Promise<string> =>
      await make(observation({ effectiveDateTime, subject }))
    // The day begins at 06:00 UTC in Chicago.
    const before = await at('2026-01-10T05:30:00Z')
    const day = await at('2026-01-10')
    const after = await at('2026-01-10T06:30:00Z')
    const month = await at('2026-01')
    const search = 'Observation?subject=Patient/sorted&_sort=date'
    assert.deepEqual(await found(search), [month, before, day, after])
    assert.deepEqual(await found(`${search.replace('=date', '=-date')}`), [after, day, before, month])
  })
})

describe('_type where the path names the type', () => {
  it('is left out with a warning, and refused when strict', async () => {
    const lenient = await gateway.ask('/Observation?_type=Patient&_count=1')
    assert.equal(lenient.status, 200)
    const entries = lenient.body.entry as { resource: JsonObject; search: { mode: string } }[]
    const outcome = entries.find((each) => each.search.mode === 'outcome')?.resource
    assert.match(JSON.stringify(outcome), /_type was ignored/)
    const [self] = lenient.body.link as { relation: string; url: string }[]
    assert.doesNotMatch(self?.url ?? '', /_type/)
    const strict = await gateway.ask('/Observation?_type=Patient', { headers: { prefer: 'handling=strict' } })
    assert.equal(strict.status, 400)
    assert.equal(
      (await gateway.ask('/?_type=Observation', { headers: { prefer: 'handling=strict' } })).status,
      200,
    )
  })
})
