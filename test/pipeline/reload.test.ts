// The site in force: a right file takes over as a whole, a wrong one changes nothing. Semantics, section 5; pipeline/site/live-site.ts.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { LiveSite } from '../../src/pipeline/site/live-site.ts'
import { CannotStart } from '../../src/pipeline/site/site.ts'
import { shared } from '../shared.ts'

type Json = Record<string, unknown>
const right = readFileSync(shared('acceptance/site.json'), 'utf8')
const withFacility = (facility: string): string => {
  const site = JSON.parse(right) as Json
  return JSON.stringify({ ...site, gateway: { ...(site.gateway as Json), facility } })
}

let folder: string
let file: string
let said: { level: 'info' | 'error'; fields: Json; text: string }[]
const log = {
  info: (fields: Json, text: string) => said.push({ level: 'info', fields, text }),
  error: (fields: Json, text: string) => said.push({ level: 'error', fields, text }),
}
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'portico-reload-'))
  file = join(folder, 'site.json')
})
after(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => {
  writeFileSync(file, right)
  said = []
})

const open = (): LiveSite => new LiveSite(file, {}, log)

describe('a changed site file', () => {
  it('that is right takes over as a whole', () => {
    const live = open()
    const { site, maps } = live
    writeFileSync(file, withFacility('OTHER'))
    live.reload()
    assert.equal(live.site.gateway.facility, 'OTHER')
    assert.notEqual(live.site.hash, site.hash)
    assert.notEqual(live.maps, maps)
    assert.deepEqual(said, [
      { level: 'info', fields: { hash: live.site.hash, maps: live.maps.hash }, text: 'site reloaded' },
    ])
    assert.equal(site.gateway.facility, 'GHH', 'whoever still works with the old one keeps it whole')
  })

  const wrong: [what: string, text: string][] = [
    ['no JSON', '{ "gateway": '],
    ['empty', ''],
    ['a property too many', JSON.stringify({ ...(JSON.parse(right) as Json), surprise: true })],
    ['a time zone that does not exist', right.replace('America/Chicago', 'America/Nowhere')],
    ['two with one token', right.replace('"BILL1-token"', '"ADT1-token"')],
    ['a token whose variable is not set', right.replace('"BILL1-token"', '"env:NOT_SET"')],
  ]
  for (const [what, text] of wrong) {
    it(`with ${what} changes nothing, and says why`, () => {
      const live = open()
      const { site, maps } = live
      writeFileSync(file, text)
      live.reload()
      assert.equal(live.site, site)
      assert.equal(live.maps, maps)
      assert.deepEqual(
        said.map((each) => each.level),
        ['error'],
      )
      const problems = said[0]?.fields.problems as string[]
      assert.ok(problems.length > 0)
    })
  }

  it('that is gone changes nothing', () => {
    const live = open()
    const { site } = live
    rmSync(file)
    live.reload()
    assert.equal(live.site, site)
    assert.equal(said[0]?.level, 'error')
  })

  it('whose mappings are wrong changes nothing, not even the site', () => {
    const live = open()
    const { site, maps } = live
    const messages = join(folder, 'mappings', 'messages')
    mkdirSync(messages, { recursive: true })
    try {
      writeFileSync(join(messages, 'adt-a05.json'), '{ "map": "ADT_A05", "rows": [ { "v2": "ZPI" } ] }')
      writeFileSync(file, withFacility('OTHER'))
      live.reload()
      assert.equal(live.site, site)
      assert.equal(live.maps, maps)
      assert.equal(said[0]?.level, 'error')
    } finally {
      rmSync(join(folder, 'mappings'), { recursive: true })
    }
    live.reload()
    assert.equal(live.site.gateway.facility, 'OTHER', 'and is taken when they are right')
  })

  it('with the same content is not read again', () => {
    const live = open()
    const { site, maps } = live
    live.reload()
    assert.equal(live.site, site)
    assert.equal(live.maps, maps)
    assert.deepEqual(said, [])
  })

  it('that is right after a wrong one takes over', () => {
    const live = open()
    writeFileSync(file, 'wrong')
    live.reload()
    writeFileSync(file, withFacility('THIRD'))
    live.reload()
    assert.equal(live.site.gateway.facility, 'THIRD')
  })

  it('never has a token in what is logged', () => {
    const live = open()
    const texts = [
      right.replace('"BILL1-token"', '"ADT1-token"'),
      right.replace('"BILL1-token"', 'BILL1-token'),
      right.replace('"BILL1-token"', '"BILL1-token" x'),
    ]
    for (const text of texts) {
      writeFileSync(file, text)
      live.reload()
    }
    assert.equal(said.length, texts.length)
    assert.doesNotMatch(JSON.stringify(said), /BILL1-|-token/)
  })
})

describe('a start', () => {
  it('with a wrong file is refused, with every reason', () => {
    writeFileSync(
      file,
      right.replace('America/Chicago', 'America/Nowhere').replace('"BILL1-token"', '"env:NOT_SET"'),
    )
    assert.throws(open, (error) => error instanceof CannotStart && error.problems.length >= 2)
  })
})
