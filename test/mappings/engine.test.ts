// The engine: conditions, paths, tables, overlays, the checker and the compiler (docs: the row language).
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { checkMaps } from '../../src/mappings/engine/check.ts'
import { compileMaps } from '../../src/mappings/engine/compile.ts'
import { parseCondition } from '../../src/mappings/engine/condition.ts'
import { parseElementPath, put } from '../../src/mappings/engine/element-path.ts'
import { leaves } from '../../src/mappings/engine/leaf.ts'
import { loadLayers, loadMaps, loadTables } from '../../src/mappings/engine/load.ts'
import { overlayMaps } from '../../src/mappings/engine/overlay.ts'
import type { MapSource, Row } from '../../src/mappings/engine/row.ts'
import { compileTables } from '../../src/mappings/engine/table.ts'
import { base, cell, map, maps, pid, sources, tables, thing, value } from './fixture.ts'

const holds = (when: string, fields: Record<string, string>, counts: Record<string, number> = {}) => {
  const result = parseCondition(when)
  assert.ok('test' in result, when)
  return result.test({
    text: ({ text }) => fields[text],
    count: ({ text }) => counts[text] ?? 0,
  })
}

describe('conditions', () => {
  const cases: [string, Record<string, string>, boolean][] = [
    ['PID-5 VALUED', { 'PID-5': 'x' }, true],
    ['PID-5 VALUED', {}, false],
    ['PID-5 NOT VALUED', {}, true],
    ['PID-3.4 EQUALS "GHH"', { 'PID-3.4': 'GHH' }, true],
    ['PID-3.4 NOT EQUALS "GHH"', {}, true],
    ['7 IN ("A", "B")', { 7: 'B' }, true],
    ['7 NOT IN ("A", "B")', { 7: 'B' }, false],
    ['PID-7 LENGTH GREATER THAN 8', { 'PID-7': '202601010' }, true],
    ['PID-7 LENGTH LESS THAN 8', { 'PID-7': '2026' }, true],
    ['PID-1 VALUED AND PID-2 VALUED OR PID-3 VALUED', { 'PID-3': 'x' }, true],
    ['PID-1 VALUED AND (PID-2 VALUED OR PID-3 VALUED)', { 'PID-3': 'x' }, false],
    ['PID-8 EQUALS "OR"', { 'PID-8': 'OR' }, true],
  ]
  for (const [when, fields, expected] of cases) {
    it(`${when} is ${expected} of ${JSON.stringify(fields)}`, () =>
      assert.equal(holds(when, fields), expected))
  }
  it('count repetitions', () => {
    assert.equal(holds('PID-11 COUNT EQUALS 1', {}, { 'PID-11': 1 }), true)
    assert.equal(holds('PID-11 COUNT GREATER THAN 1', {}, { 'PID-11': 1 }), false)
  })
  it('say what was expected when they cannot be read', () => {
    const faults: [string, RegExp][] = [
      ['PID-5', /expected NOT, found the end/],
      ['PID-5 IS VALUED', /expected NOT, found IS/],
      ['VALUED', /expected a position/],
      ['PID-5 EQUALS GHH', /"quoted" value, found GHH/],
      ['PID-5 VALUED )', /expected the end/],
      ['PID-5 IN "A"', /expected \(/],
      ['PID-5 VALUED ; drop', /cannot read '; drop'/],
      ['PID-5 COUNT EQUALS "1"', /expected a number/],
      [`PID-5 VALUED${' '.repeat(2_100)}`, /longer than/],
    ]
    for (const [when, text] of faults) {
      const result = parseCondition(when)
      assert.ok('fault' in result, when)
      assert.match(result.fault, text)
    }
  })
})

describe('paths', () => {
  const cell = (type: string, fhir: string) => {
    const path = parseElementPath(type, fhir)
    return path && [path.cell, path.many, path.type]
  }
  it('end their cell at the first element that repeats', () => {
    assert.deepEqual(cell('Patient', 'name'), ['name', true, 'HumanName'])
    assert.deepEqual(cell('Patient', 'communication.language'), ['communication', true, 'CodeableConcept'])
    assert.deepEqual(cell('Encounter', 'hospitalization.admitSource'), [
      'hospitalization.admitSource',
      false,
      'CodeableConcept',
    ])
    assert.deepEqual(cell('Encounter', 'participant.individual')?.slice(0, 2), ['participant', true])
  })
  it('end it at an extension, a fact, or the companion of a primitive', () => {
    assert.deepEqual(cell('Patient', "extension('http://a.b/c.d').valueBoolean"), [
      "extension('http://a.b/c.d')",
      false,
      'boolean',
    ])
    assert.deepEqual(cell('Patient', '$fact'), ['$fact', false, ''])
    assert.deepEqual(cell('Patient', '$fact[]'), ['$fact', true, ''])
    assert.deepEqual(cell('Patient', "_birthDate.extension('u').valueDateTime"), [
      '_birthDate',
      false,
      'dateTime',
    ])
  })
  it('know the elements of things that are no resource', () => {
    assert.deepEqual(cell('FinancialTransaction', 'enteredDate'), ['enteredDate', false, 'dateTime'])
    assert.deepEqual(cell('Patient.contact', 'relationship'), ['relationship', true, 'CodeableConcept'])
  })
  it('that R4 does not have are told, and what is no path is none', () => {
    assert.equal(parseElementPath('Patient', 'nmae')?.unknown, 'Patient.nmae')
    assert.equal(parseElementPath('Patient', 'name.famly')?.unknown, 'HumanName.famly')
    for (const bad of ['', 'name..family', 'name family', '.name', '__proto__']) {
      assert.equal(parseElementPath('Patient', bad), undefined, bad)
    }
  })
  it('are written with lists where elements repeat, and extensions found by url', () => {
    const item = {}
    const rest = parseElementPath('Encounter', "participant.extension('u').valueCode")?.rest ?? []
    put(item, rest, 'a')
    put(item, rest, 'b')
    assert.deepEqual(item, { extension: [{ url: 'u', valueCode: 'b' }] })
  })
})

describe('tables', () => {
  const [table] = compileTables([
    {
      name: 'T',
      group: [
        {
          source: 'urn:s',
          target: 'urn:t',
          element: [
            { code: 'a', target: [{ code: 'x', display: 'X', equivalence: 'equivalent' }] },
            { code: 'none' },
            { code: 'never', target: [{ code: 'y', equivalence: 'unmatched' }] },
          ],
        },
      ],
    },
  ]).values()
  it('translate a code, as sent or in another case', () => {
    assert.equal(table?.translate('a')?.code, 'x')
    assert.equal(table?.translate('A')?.system, 'urn:t')
    assert.equal(table?.translate('b'), undefined)
  })
  it('know codes that have no equivalent', () => {
    for (const code of ['none', 'never']) {
      assert.deepEqual(table?.translate(code), { source: 'urn:s' }, code)
    }
  })
  it('of one name add up, the later over the earlier', () => {
    const over = compileTables([
      {
        name: 'T',
        group: [
          {
            target: 'urn:t',
            element: [
              { code: 'a', target: [{ code: '1' }] },
              { code: 'b', target: [{ code: '2' }] },
            ],
          },
        ],
      },
      { name: 'T', group: [{ target: 'urn:t', element: [{ code: 'a', target: [{ code: '3' }] }] }] },
    ]).get('T')
    assert.deepEqual([over?.translate('a')?.code, over?.translate('b')?.code], ['3', '2'])
  })
})

const rows = (source: string, list: Row[]): MapSource => ({ map: source, rows: list })

/** As read, before parts are put into the messages. */
const sourcesWithParts = loadLayers({ base })[0] ?? []

describe('overlays', () => {
  const under = [
    rows('PID[Patient]', [
      { v2: 'PID-8', fhir: 'gender', via: 'CWE[code]', table: 'A' },
      { v2: 'PID-5', fhir: 'name', via: 'XPN[HumanName]' },
      { v2: 'PID-5', fhir: 'name', via: 'XPN[HumanName]', when: 'PID-1 VALUED' },
    ]),
  ]
  it('replace rows of the same v2 and fhir, add others, remove with omit', () => {
    const [made] = overlayMaps(under, [
      rows('PID[Patient]', [
        { v2: 'PID-8', fhir: 'gender', via: 'CWE[code]', table: 'B' },
        { v2: 'PID-5', fhir: 'name', omit: true },
        { v2: 'PID-10', fhir: '$race', via: 'CWE[string]' },
      ]),
    ])
    assert.deepEqual(
      made?.rows.map((row) => [row.v2, row.table]),
      [
        ['PID-8', 'B'],
        ['PID-10', undefined],
      ],
    )
  })
  it('replace all rows of a key by all of theirs', () => {
    const [made] = overlayMaps(under, [
      rows('PID[Patient]', [
        { v2: 'PID-5', fhir: 'name', via: 'a', when: 'PID-1 VALUED' },
        { v2: 'PID-5', fhir: 'name', via: 'b', when: 'PID-1 NOT VALUED' },
      ]),
    ])
    assert.deepEqual(
      made?.rows.map((row) => row.via),
      ['CWE[code]', 'a', 'b'],
    )
  })
  it('leave what they overlay as it is', () => {
    assert.equal(under[0]?.rows.length, 3)
    assert.deepEqual(overlayMaps(under), under)
  })
  it('of a part hold in every message that includes it, and a message says it for itself', () => {
    const row = (fhir: string, via: string) => ({ v2: 'PID', fhir, via })
    const layer = (source: MapSource): MapSource[] => [source]
    const base = [
      { map: 'ADT_A01', events: ['ADT^A01'], include: ['who'], rows: [row('Account', 'a')] },
      { map: 'ADT_A02', events: ['ADT^A02'], include: ['who'], rows: [row('Patient', 'own')] },
      { map: 'who', rows: [row('Patient', 'part')] },
    ]
    const vias = (...over: MapSource[][]) =>
      overlayMaps(base, ...over).map((each) => [each.map, ...each.rows.map(({ via }) => via)])
    assert.deepEqual(vias(), [
      ['ADT_A01', 'part', 'a'],
      ['ADT_A02', 'own'],
    ])
    assert.deepEqual(vias(layer({ map: 'who', rows: [row('Flag', 'site')] })), [
      ['ADT_A01', 'part', 'a', 'site'],
      ['ADT_A02', 'own', 'site'],
    ])
    const omit = { v2: 'PID', fhir: 'Patient', omit: true as const }
    assert.deepEqual(vias(layer({ map: 'ADT_A01', rows: [omit] }))[0], ['ADT_A01', 'a'])
  })
  it('map a Z segment of a site into the patient of every message, by the part', () => {
    const site = [
      rows('patient', [{ v2: 'ZPI', fhir: 'Patient', via: 'ZPI[Patient]', into: 'patient' }]),
      rows('ZPI[Patient]', [
        { v2: 'ZPI-3', fhir: "extension('https://stmary.example/vip').valueBoolean", via: 'ID[boolean]' },
      ]),
    ]
    assert.deepEqual(checkMaps([sourcesWithParts, site], tables), [])
    const set = compileMaps(overlayMaps(sourcesWithParts, site), tables)
    for (const event of ['ADT^A31', 'ADT^A01', 'SIU^S12', 'DFT^P03'])
      assert.ok(
        cell(
          thing(map(event, [pid(), 'ZPI|||Y'], {}, set), 'patient'),
          "extension('https://stmary.example/vip')",
        ),
      )
  })
  it('map a Z segment of a site into the patient, with lineage', () => {
    const site = [
      rows('ADT_A05', [{ v2: 'ZPI', fhir: 'Patient', via: 'ZPI[Patient]', into: 'patient' }]),
      rows('ZPI[Patient]', [
        { v2: 'ZPI-3', fhir: "extension('https://stmary.example/vip').valueBoolean", via: 'ID[boolean]' },
      ]),
    ]
    assert.deepEqual(checkMaps([sources, site], tables), [])
    const set = compileMaps(overlayMaps(sources, site), tables)
    const mapped = map('ADT^A31', [pid(), 'ZPI|1|x|Y'], {}, set)
    const made = cell(thing(mapped, 'patient'), "extension('https://stmary.example/vip')")
    assert.deepEqual(made?.value, { url: 'https://stmary.example/vip', valueBoolean: true })
    assert.deepEqual(made?.spans, [
      { fhir: "extension('https://stmary.example/vip').valueBoolean", v2: 'ZPI-3[1]', row: 'ZPI[Patient]#1' },
    ])
    assert.deepEqual(mapped.residue, ['ZPI-1', 'ZPI-2'])
  })
  it('may put rows in the place of a leaf', () => {
    const site = [rows('CX[Identifier]', [{ v2: '1', fhir: 'value', via: 'ST[string]' }])]
    const set = compileMaps(overlayMaps(sources, site), tables)
    assert.deepEqual(value(thing(map('ADT^A31', [pid()], {}, set), 'patient'), 'identifier', 'PID-3'), [
      { value: 'MRN1' },
    ])
  })
})

describe('the checker', () => {
  const problems = (source: string, row: Row) =>
    checkMaps([sources, [rows(source, [row])]], tables).map((one) => one.text)
  it('finds nothing wrong with the maps of the program', () => {
    assert.deepEqual(checkMaps(loadLayers({ base }), tables), [])
  })
  const cases: [string, Row, RegExp][] = [
    [
      'PID[Patient]',
      { v2: 'PID-99', fhir: 'name', via: 'XPN[HumanName]' },
      /PID-99 is in no version of HL7 v2 .* - correct the position/,
    ],
    ['PID[Patient]', { v2: 'PV1-3', fhir: 'name', via: 'XPN[HumanName]' }, /'PV1-3' is no field of PID/],
    [
      'PID[Patient]',
      { v2: 'PID-5.30', fhir: 'name.family', via: 'ST[string]' },
      /PID-5\.30 is beyond the components/,
    ],
    [
      'PID[Patient]',
      { v2: 'PID-3.4.9', fhir: '$x', via: 'ST[string]' },
      /PID-3\.4\.9 is beyond the subcomponents of .*HD/,
    ],
    ['PID[Patient]', { v2: 'PID-5', fhir: 'nmae', via: 'XPN[HumanName]' }, /R4 has no Patient\.nmae/],
    [
      'PID[Patient]',
      { v2: 'PID-5', fhir: 'address', via: 'XPN[HumanName]' },
      /yields HumanName, address is Address/,
    ],
    ['PID[Patient]', { v2: 'PID-5', fhir: 'name', via: 'XPN[Nobody]' }, /no map or leaf 'XPN\[Nobody\]'/],
    ['PID[Patient]', { v2: 'PID-5', fhir: 'name' }, /neither via nor value/],
    ['PID[Patient]', { v2: 'PID-8', fhir: 'gender', via: 'CWE[code]', table: 'Nope' }, /no table 'Nope'/],
    [
      'PID[Patient]',
      { v2: 'PID-8', fhir: 'gender', via: 'CWE[code]', when: 'PID-8 IS "F"' },
      /when: expected NOT/,
    ],
    [
      'PID[Patient]',
      { v2: 'PID-8', fhir: 'gender', via: 'CWE[code]', when: 'PID-88 VALUED' },
      /PID-88 is in no version/,
    ],
    [
      'PID[Patient]',
      { v2: 'PID-13', fhir: 'telecom', via: 'XTN[ContactPoint]', set: { usse: 'home' } },
      /set: R4 has no ContactPoint\.usse/,
    ],
    [
      'PID[Patient]',
      { v2: 'PID-13', fhir: 'generalPractitioner', via: 'PL[Location]' },
      /does not refer to Location/,
    ],
    [
      'PID[Patient]',
      { v2: 'PID-13', fhir: 'nothing', omit: true },
      /omits PID-13 -> nothing, which is not there/,
    ],
    [
      'PID[Patient]',
      { v2: 'PID-5', fhir: 'name', via: 'XPN[HumanName]', colour: 'red' } as Row,
      /column 'colour'/,
    ],
    ['XPN[HumanName]', { v2: '30', fhir: 'family', via: 'ST[string]' }, /beyond the components of XPN/],
    ['XPN[HumanName]', { v2: 'PID-5', fhir: 'family', via: 'ST[string]' }, /no field of XPN/],
    ['ADT_A01', { v2: 'XXX', fhir: 'Patient', via: 'PID[Patient]' }, /segment 'XXX' is in no version/],
    ['ADT_A01', { v2: 'PID', fhir: 'Patient', via: 'QQQ[Patient]' }, /no map 'QQQ\[Patient\]'/],
    [
      'ADT_A01',
      { v2: 'PD1', fhir: 'Patient', via: 'PD1[Patient]', into: 'patiant' },
      /no row of this map makes 'patiant'/,
    ],
    ['ZZZ_Z01', { v2: 'PID', fhir: 'Patient', via: 'PID[Patient]' }, /serves no event/],
  ]
  for (const [source, row, text] of cases) {
    it(`says: ${text.source}`, () => {
      const found = problems(source, row)
      assert.ok(
        found.some((one) => text.test(one)),
        found.join('\n'),
      )
      assert.match(found.join('\n'), /\(.+#1 in .+\) - |ZZZ_Z01/)
    })
  }
  it('names file and row', () => {
    const [found] = checkMaps(
      [[{ ...rows('PID[Patient]', [{ v2: 'PID-99', fhir: '-' }]), file: 'segments/pid.json' }]],
      tables,
    )
    assert.deepEqual([found?.file, found?.row], ['segments/pid.json', 'PID[Patient]#1'])
  })
})

describe('the compiler', () => {
  it('gives the same hash to the same maps in any order, another one to others', () => {
    assert.equal(compileMaps([...sources].reverse(), tables).hash, maps.hash)
    assert.match(maps.hash, /^[0-9a-f]{64}$/)
    const other = overlayMaps(sources, [rows('PID[Patient]', [{ v2: 'PID-5', fhir: 'name', omit: true }])])
    assert.notEqual(compileMaps(other, tables).hash, maps.hash)
  })
  it('serves the events of its message maps', () => {
    const expected = 'A01 A02 A03 A04 A05 A08 A11 A13 A28 A31 A40'.split(' ').map((event) => `ADT^${event}`)
    for (const event of [
      ...expected,
      'SIU^S12',
      'SIU^S13',
      'SIU^S14',
      'SIU^S15',
      'SIU^S17',
      'SIU^S26',
      'DFT^P03',
    ]) {
      assert.ok(maps.events.has(event), event)
    }
    assert.equal(maps.events.has('ADT^A99'), false)
  })
  it('refuses maps that the checker refuses', () => {
    const message = (via: string): MapSource => ({
      map: 'Q_Q',
      events: ['Q^Q'],
      rows: [{ v2: 'PID', fhir: 'Q', via }],
    })
    assert.throws(() => compileMaps([message('QQQ[Q]')], []), /Q_Q#1: no segment map 'QQQ\[Q\]'/)
    const leafless = rows('PID[Patient]', [{ v2: 'PID-5', fhir: 'name', via: 'no' }])
    assert.throws(
      () => compileMaps([message('PID[Patient]'), leafless], []),
      /PID\[Patient\]#1: no map or leaf 'no'/,
    )
  })
  it('uses every leaf in some map, and every map in some other', () => {
    const used = new Set(sources.flatMap((source) => source.rows.flatMap((row) => row.via ?? [])))
    const forSites = new Set(['CWE[us-core-race]', 'CWE[us-core-ethnicity]', 'CWE[text]', 'ID[code-Kept]'])
    const unused = [...leaves.keys()].filter((name) => !used.has(name) && !forSites.has(name))
    assert.deepEqual(unused, [], 'leaves that no base row uses')
    const maps = sources.map((source) => source.map).filter((name) => name.includes('[') && !used.has(name))
    assert.deepEqual(maps, [])
  })
})

describe('the loader', () => {
  it('reads base, realm and site, and says which file is no JSON', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-maps-'))
    try {
      mkdirSync(join(folder, 'segments'))
      const file = join(folder, 'segments', 'pid.json')
      writeFileSync(file, JSON.stringify(rows('PID[Patient]', [{ v2: 'PID-5', fhir: 'name', omit: true }])))
      const pidRows = loadMaps({ base, site: folder }).find((source) => source.map === 'PID[Patient]')?.rows
      assert.equal(
        pidRows?.some((row) => row.v2 === 'PID-5'),
        false,
      )
      assert.equal(loadLayers({ base, site: folder })[1]?.[0]?.file, join('segments', 'pid.json'))
      writeFileSync(file, '{')
      assert.throws(() => loadMaps({ base, site: folder }), /pid\.json is no JSON/)
      assert.deepEqual(loadTables(join(folder, 'nowhere')), [])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
