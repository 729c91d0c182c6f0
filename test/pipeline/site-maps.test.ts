// Layers of maps and tables: source -> site -> realm -> base (mapping.md, rule 7); a change of any file takes force by itself.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { mapsOf } from '../../src/mappings/engine/compile.ts'
import { LiveSite } from '../../src/pipeline/site/live-site.ts'
import { CannotStart, parseSite } from '../../src/pipeline/site/site.ts'
import { loadSiteMaps } from '../../src/pipeline/site/site-maps.ts'
import { shared } from '../shared.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portico-layers-'))
  file = join(folder, 'site.json')
  writeFileSync(file, readFileSync(shared('acceptance/site.json')))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (path: string, content: unknown): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
}

const marital = (code: string, target: string) => ({
  resourceType: 'ConceptMap',
  name: 'MaritalStatus',
  status: 'active',
  group: [{ element: [{ code, target: [{ code: target }] }] }],
})

const settings = { sources: ['ADT1|GHH', 'SCHED1|GHH'] }
const problemsOf = (): readonly string[] => {
  try {
    loadSiteMaps(file, settings)
    return []
  } catch (error) {
    if (error instanceof CannotStart) return error.problems
    throw error
  }
}

describe('a code', () => {
  it('is looked up at the source, then at the site, then in the base', () => {
    write('tables/marital-status.json', marital('X', 'T'))
    write('sources/ADT1_GHH/tables/marital-status.json', marital('X', 'W'))
    const maps = loadSiteMaps(file, settings)
    const translate = (source: string, code: string) =>
      mapsOf(maps, source).tables.get('MaritalStatus')?.translate(code)?.code
    assert.equal(translate('ADT1|GHH', 'X'), 'W')
    assert.equal(translate('SCHED1|GHH', 'X'), 'T')
    assert.equal(translate('ADT1|GHH', 'M'), 'M', 'what a layer does not name comes from below')
    assert.notEqual(mapsOf(maps, 'ADT1|GHH').hash, maps.hash)
  })
})

describe('a field of one source', () => {
  it('is mapped as the folder of that source says, and for nobody else', () => {
    const rows = [{ v2: 'PID-10', fhir: "extension('https://a.example/x').valueString", via: 'ST[string]' }]
    write('sources/SCHED1_GHH/mappings/segments/pid.json', { map: 'PID[Patient]', rows })
    const maps = loadSiteMaps(file, settings)
    assert.notEqual(mapsOf(maps, 'SCHED1|GHH'), maps)
    assert.equal(mapsOf(maps, 'ADT1|GHH'), maps)
  })
})

describe('what is wrong with a site is said with file, row and remedy', () => {
  const wrong: [what: string, path: string, content: unknown, says: RegExp][] = [
    ['no JSON', 'tables/a.json', '{', /tables\/a\.json is no JSON .* - correct the file/],
    ['no table', 'tables/a.json', { name: 'MaritalStatus' }, /no ConceptMap \(tables\/a\.json\) - write/],
    [
      'a table that nobody uses',
      'tables/a.json',
      { ...marital('X', 'T'), name: 'MaritalStatsu' },
      /no row uses a table 'MaritalStatsu' \(tables\/a\.json\) - correct name: 'MaritalStatus' is one/,
    ],
    [
      'a code that FHIR does not have',
      'tables/a.json',
      {
        resourceType: 'ConceptMap',
        name: 'AdministrativeSex',
        group: [
          {
            target: 'http://hl7.org/fhir/administrative-gender',
            element: [{ code: 'X', target: [{ code: 'mail' }] }],
          },
        ],
      },
      /'mail' is no code of .*administrative-gender \(AdministrativeSex#1 in tables\/a\.json\) - write one of/,
    ],
    [
      'a row without code',
      'tables/a.json',
      marital('', 'T'),
      /MaritalStatus#1 in tables\/a\.json\) - write the code/,
    ],
    [
      'a path that R4 does not have',
      'mappings/segments/a.json',
      { map: 'PID[Patient]', rows: [{ v2: 'PID-10', fhir: 'rase', via: 'ST[string]' }] },
      /Patient\.rase .*PID\[Patient\]#1 in mappings\/segments\/a\.json\) - correct fhir/,
    ],
    [
      'the same at a source',
      'sources/ADT1_GHH/mappings/segments/a.json',
      { map: 'PID[Patient]', rows: [{ v2: 'PID-10', fhir: 'rase', via: 'ST[string]' }] },
      /in sources\/ADT1_GHH\/mappings\/segments\/a\.json\) - correct fhir/,
    ],
    [
      'a folder of nobody',
      'sources/ADT9_GHH/tables/a.json',
      marital('X', 'T'),
      /sources\/ADT9_GHH belongs to no source .* sources\/ADT1_GHH for ADT1\|GHH/,
    ],
  ]
  for (const [what, path, content, says] of wrong) {
    it(what, () => {
      write(path, content)
      assert.match(problemsOf().join('\n'), says)
    })
  }
})

describe('a running gateway', () => {
  const silent = { info: () => {}, error: () => {} }

  it('takes a changed table by itself, and tells who wants to know', () => {
    const live = new LiveSite(file, {}, silent)
    let told = 0
    live.onChange(() => told++)
    write('tables/marital-status.json', marital('X', 'T'))
    live.reload()
    assert.equal(live.maps.tables.get('MaritalStatus')?.translate('X')?.code, 'T')
    write('tables/marital-status.json', '{')
    live.reload()
    assert.equal(
      live.maps.tables.get('MaritalStatus')?.translate('X')?.code,
      'T',
      'a wrong one changes nothing',
    )
    assert.equal(told, 1)
  })

  it('says in its log what is wrong with a mapping, not only that it is', () => {
    const said: unknown[] = []
    const live = new LiveSite(file, {}, { ...silent, error: (fields) => said.push(fields.problems) })
    write('tables/a.json', { ...marital('X', 'T'), name: 'Nothing' })
    live.reload()
    assert.match(JSON.stringify(said), /no row uses a table 'Nothing'/)
  })

  it('asks on every reload whether the site may be used, the tokens of the demo among the reasons not to', () => {
    let asked = 0
    const live = new LiveSite(file, {}, silent, ({ gateway: { facility } }) => {
      asked++
      if (facility === 'BAD') throw new CannotStart(['not this one'])
    })
    writeFileSync(file, readFileSync(file, 'utf8').replace('"facility": "GHH"', '"facility": "BAD"'))
    live.reload()
    assert.equal(asked, 2)
    assert.equal(live.site.gateway.facility, 'GHH')
  })
})

describe('codes of a source in the site file', () => {
  const withCodes = (codes: object) => {
    const site = JSON.parse(readFileSync(file, 'utf8')) as { sources: object[] }
    const [first, ...others] = site.sources
    writeFileSync(file, JSON.stringify({ ...site, sources: [{ ...first, codes }, ...others] }))
    return () => new LiveSite(file, {}, { info: () => {}, error: () => {} })
  }

  it('name a table that rows read and a code that it has', () => {
    withCodes({ HL70278: { CONFIRMED: 'Booked' } })()
    assert.throws(
      withCodes({ HL79999: { A: 'B' } }),
      /no row reads a table HL79999 \(codes of source ADT1\|GHH in site\.json\) - write HL7 and its number/,
    )
    assert.throws(
      withCodes({ HL70278: { CONFIRMED: 'Bokked' } }),
      /Bokked, for CONFIRMED, is no code of HL70278 \(codes of source ADT1\|GHH in site\.json\) - write one/,
    )
  })
})

describe('two tokens from the environment that are not set', () => {
  it('are two problems, and no third one of equal tokens', () => {
    const text = readFileSync(file, 'utf8')
      .replace('"ADT1-token"', '"env:A"')
      .replace('"BILL1-token"', '"env:B"')
    const read = parseSite(text, {})
    assert.ok('problems' in read)
    assert.equal(read.problems.length, 2)
  })
})
