// What a site changes of the program: each row and code with what it was (portico check --diff).
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { it } from 'node:test'
import { differences } from '../../src/pipeline/site/site-diff.ts'
import { readLayers } from '../../src/pipeline/site/site-maps.ts'
import { acceptanceSite } from './gateway.ts'

it('rows that take a place, go or come, codes, repairs: layer by layer, and nothing that stays the same', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-diff-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const write = (path: string, content: object) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), JSON.stringify(content))
  }
  const telecom = (v2: string, use: string) => ({
    v2,
    fhir: 'telecom',
    via: 'XTN[ContactPoint]',
    set: { use },
  })
  write('mappings/segments/pid.json', {
    map: 'PID[Patient]',
    rows: [
      telecom('PID-13', 'home'),
      telecom('PID-14', 'mobile'),
      { v2: 'PID-9', fhir: 'name', omit: true },
      { v2: 'PID-31', fhir: "extension('https://a.example/u').valueString", via: 'ST[string]' },
    ],
  })
  const element = [
    { code: 'M', target: [{ code: 'M' }] },
    { code: 'S', target: [{ code: 'U' }] },
    { code: 'ZZ', target: [{ code: 'T' }] },
  ]
  write('sources/ADT1_GHH/tables/m.json', {
    resourceType: 'ConceptMap',
    name: 'MaritalStatus',
    group: [{ element }],
  })
  const site = acceptanceSite((written) => {
    const [first] = written.sources as Record<string, unknown>[]
    if (first) first.repairs = [{ repair: 'trim', at: 'PID-5' }]
  })
  const layers = readLayers(join(folder, 'site.json'), { sources: [...site.sources.keys()] })
  assert.deepEqual(layers.problems, [])
  const said = differences(layers, site).map(({ layer, change, name, what, before, after }) =>
    [layer, name, what, change, before ?? '', after ?? ''].join(' | '),
  )
  assert.deepEqual(said, [
    'site | PID[Patient] | PID-14 -> telecom | changed | XTN[ContactPoint], set {"use":"work"} | XTN[ContactPoint], set {"use":"mobile"}',
    'site | PID[Patient] | PID-9 -> name | removed | XPN[HumanName] | ',
    "site | PID[Patient] | PID-31 -> extension('https://a.example/u').valueString | added |  | ST[string]",
    'ADT1|GHH | MaritalStatus | S | changed | S | U',
    'ADT1|GHH | MaritalStatus | ZZ | added |  | T',
    'ADT1|GHH | ADT1|GHH | trim PID-5 | added |  | ',
  ])
})
