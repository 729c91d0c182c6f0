// Requests gone wrong in every way that a few random changes make: answered with what is wrong, never with a 500 (J01-J12, S01-S06).
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { searchParamsOf } from '../../src/fhir/search-params.ts'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { type Chance, chanceOf } from '../../src/generate/chance.ts'
import { splitBatch } from '../../src/hl7/batch.ts'
import { type Ask, type TestApp, testApp } from './setup.ts'

const seed = Number(process.env.PORTICO_SEED ?? 20261122)
const requests = Number(process.env.PORTICO_MUTANTS ?? 1_500)

/** Values that stand where others belong. */
const odd: readonly unknown[] = [
  ...[
    null,
    '',
    ' ',
    'x',
    0,
    -1,
    1.5,
    1e20,
    true,
    [],
    {},
    [null],
    [[]],
    { a: 1 },
    'Patient/x',
    '#a',
    'urn:uuid:x',
  ],
  ...[
    '2026-02-30',
    '2026',
    '2026-01-01T00:00:00Z',
    '\u0001',
    'é',
    'x'.repeat(5_000),
    '__proto__',
    'http://a b',
  ],
  ...[{ reference: 'Patient/none' }, { coding: [] }, { extension: [{ url: 'x' }] }, '<div>'],
]
const values = [
  ...[
    '',
    'x',
    'a,b',
    '|',
    'a|b',
    'a|',
    '|b',
    'ge2020',
    '2020-13',
    'eq2020-01-01T00:00:00Z',
    'ap5',
    '5|u|c',
    'sa',
    '-1',
  ],
  ...[
    'Patient/1',
    'http://x/y',
    '%',
    '_',
    '\\',
    '\\,',
    '$',
    'a$b',
    'é',
    'true',
    'null',
    '1'.repeat(300),
    '(',
    '"',
    '*',
  ],
]
const modifiers = [
  ...['', '', '', ':exact', ':contains', ':missing', ':not', ':text', ':in', ':not-in', ':above', ':below'],
  ...[':identifier', ':of-type', ':Patient', ':foo', ':iterate'],
]
const names = [
  ...[
    '_sort',
    '_include',
    '_revinclude',
    '_has:Encounter:patient:status',
    '_filter',
    '_summary',
    '_elements',
    '_total',
  ],
  ...[
    '_count',
    '_list',
    '_tag',
    'subject.name',
    'patient.identifier',
    'patient.gender',
    '_type',
    '_lastUpdated',
    '_page',
  ],
]
const operations = [
  'lineage',
  'everything',
  'meta',
  'validate',
  'expand',
  'lookup',
  'translate',
  'merge',
  'foo',
]

/** Every place inside a value, outermost first. */
function placesIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  const inner = Array.isArray(value)
    ? value.flatMap((each, i) => placesIn(each, [...path, i]))
    : isObject(value)
      ? Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, key]))
      : []
  return [path, ...inner]
}

/** A copy with a few places changed, left out, doubled, or with something beside them. */
function changed(resource: JsonObject, chance: Chance): JsonObject {
  const copy = structuredClone(resource) as Record<string, unknown>
  for (let left = 1 + chance.below(4); left > 0; left--) {
    const places = placesIn(copy).filter(([first]) => first !== undefined && first !== 'id')
    if (places.length === 0) break
    const place = chance.one(places)
    const parent = place.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(Object(at), key), copy)
    const last = place.at(-1) ?? ''
    if (typeof parent !== 'object' || parent === null) continue
    const kind = chance.below(5)
    if (kind === 0) Reflect.deleteProperty(parent, last)
    else if (kind === 1) Reflect.set(parent, last, structuredClone(chance.one(odd)))
    else if (kind === 2)
      Reflect.set(parent, last, [Reflect.get(parent, last), structuredClone(Reflect.get(parent, last))])
    else if (!Array.isArray(parent)) {
      const beside =
        kind === 3 ? `_${String(last)}` : chance.one(['extension', 'contained', 'text', 'meta', 'foo'])
      Reflect.set(parent, beside, structuredClone(chance.one(odd)))
    }
  }
  return copy
}

const versionOf = ({ meta }: JsonObject): string => (isObject(meta) ? String(meta.versionId) : '1')

interface Request extends Ask {
  readonly path: string
}

class Requests {
  readonly #chance: Chance
  readonly #resources: readonly JsonObject[]

  constructor(chance: Chance, resources: readonly JsonObject[]) {
    this.#chance = chance
    this.#resources = resources
  }

  next(): Request {
    const chance = this.#chance
    const resource = chance.one(this.#resources)
    const type = String(resource.resourceType)
    const path = `/fhir/${type}/${resource.id}`
    const match = { 'if-match': `W/"${versionOf(resource)}"` }
    switch (chance.below(8)) {
      case 0:
        return { path, method: 'PUT', body: changed(resource, chance), headers: match }
      case 1: {
        const { id: _, ...body } = changed(resource, chance)
        return { path: `/fhir/${type}`, method: 'POST', body }
      }
      case 2:
        return {
          path,
          method: 'PATCH',
          body: [this.#patch(resource)],
          headers: { ...match, 'content-type': patchType },
        }
      case 3:
        return { path: '/fhir', method: 'POST', body: this.#bundle() }
      case 4:
        return this.#operation(path, type)
      default:
        return { path: `/fhir/${type}?${this.#query(type)}` }
    }
  }

  #patch(resource: JsonObject): object {
    const chance = this.#chance
    const pointer = () => `/${chance.one(placesIn(resource)).map(String).join('/')}`
    const op = chance.one(['add', 'remove', 'replace', 'move', 'copy', 'test'])
    return { op, path: pointer(), from: pointer(), value: chance.one(odd) }
  }

  #bundle(): object {
    const chance = this.#chance
    const entry = Array.from({ length: 1 + chance.below(4) }, () => {
      const resource = changed(chance.one(this.#resources), chance)
      const type = String(resource.resourceType)
      const url = chance.one([
        type,
        `${type}/${resource.id}`,
        `${type}?identifier=x`,
        `${type}?_id=${resource.id}`,
        '',
      ])
      const request = { method: chance.one(['POST', 'PUT', 'GET', 'DELETE', 'PATCH', 'FOO']), url }
      return { fullUrl: chance.one(['urn:uuid:a', `http://x/${type}/1`]), resource, request }
    })
    return { resourceType: 'Bundle', type: chance.one(['batch', 'transaction']), entry }
  }

  #operation(path: string, type: string): Request {
    const chance = this.#chance
    const name = chance.one(operations)
    const target = `${chance.one([path, `/fhir/${type}`, '/fhir'])}/$${name}`
    if (chance.happens(0.5)) return { path: `${target}?${this.#query(type)}` }
    const parameter = Array.from({ length: chance.below(4) }, () => ({
      name: chance.one(['path', 'url', 'code', 'system', 'profile', 'mode', 'resource', 'source-patient']),
      [chance.one(['valueString', 'valueCode', 'valueUri', 'valueReference', 'resource', 'part'])]:
        chance.one(odd),
    }))
    return { path: target, method: 'POST', body: { resourceType: 'Parameters', parameter } }
  }

  #query(type: string): string {
    const chance = this.#chance
    const own = [...searchParamsOf(type).keys()]
    return Array.from({ length: 1 + chance.below(3) }, () => {
      const name = own.length > 0 && chance.happens(0.6) ? chance.one(own) : chance.one(names)
      const value = chance.happens(0.8) ? chance.one(values) : chance.one([...own, `${type}:${name}`])
      return `${encodeURIComponent(name + chance.one(modifiers))}=${encodeURIComponent(value)}`
    }).join('&')
  }
}

const patchType = 'application/json-patch+json'

describe('requests gone wrong', () => {
  let app: TestApp
  before(async () => {
    app = await testApp()
    const folder = resolve(import.meta.dirname, '../../samples')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.hl7'),
    )
    for (const name of files.sort()) {
      for (const text of splitBatch(readFileSync(join(folder, name), 'utf8')).messages) {
        const [msh = '', ...segments] = text.split(/[\r\n]+/)
        const fields = msh.split('|')
        if (fields.length > 11) await app.send(fields.with(2, 'ADT1').with(3, 'GHH').join('|'), ...segments)
      }
    }
    await app.idle()
  })
  after(() => app.close())

  it(`are told what is wrong: ${requests} of them, PORTICO_SEED=${seed}`, async () => {
    const rows = await app.store.db.read.query<{ body: string }>(
      'test_some',
      `select body::text as body from (select *, row_number() over (partition by rtype order by id) as n from resource
       where tenant = 1 and not deleted) as r where n <= 20 order by rtype, id`,
    )
    const resources = rows.map(({ body }) => JSON.parse(body) as JsonObject)
    assert.ok(resources.length > 100, `${resources.length} resources to begin with`)
    const all = new Requests(chanceOf(seed), resources)
    const failed: unknown[] = []
    const statuses = new Map<number, number>()
    for (let sent = 0; sent < requests; sent++) {
      const { path, ...ask } = all.next()
      const { status } = await app.ask(path, ask)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status >= 500) failed.push({ path, ...ask, logged: app.logged.at(-1) })
    }
    assert.deepEqual(failed, [])
    // Some are fine all the same, and most are not, or this shows nothing.
    assert.ok((statuses.get(200) ?? 0) > requests / 10, JSON.stringify([...statuses]))
    assert.ok((statuses.get(400) ?? 0) > requests / 5, JSON.stringify([...statuses]))
  })
})
