// Profiles: US Core as its packages have it, and each kind of constraint by a profile of its own.
// Longer than other files because the tables of cases are.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { untar } from '../../scripts/read-definitions.ts'
import { readJson } from '../../src/fhir/json.ts'
import { ProfileSet } from '../../src/fhir/profile/set.ts'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { ownResources, readPackage } from '../../src/pipeline/site/packages.ts'
import { profile } from '../packages.ts'
import { shared } from '../shared.ts'
import { appointment, changed, patient } from './samples.ts'

const found = (set: ProfileSet, resource: JsonObject, url: string): string[] => {
  const own = set.get(url)
  assert.ok(own, url)
  return set
    .validate(resource, [own])
    .map(({ severity, code, expression }) => `${severity} ${code} ${expression?.[0]}`)
}

const core = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-'
const race = (...extension: JsonObject[]) => ({ url: `${core}race`, extension })
const category = (code: string) => ({
  url: 'ombCategory',
  valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code },
})
const text = { url: 'text', valueString: 'White' }
const P = patient()
const withExtension = (...extension: JsonObject[]) => changed(P, { extension })

/** Six seeded errors of a US Core Patient, and more of its parts. */
const SEEDS: readonly (readonly [rule: string, resource: JsonObject, expected: string])[] = [
  ['an identifier is there', changed(P, { identifier: undefined }), 'error required Patient.identifier'],
  ['a sex is there', changed(P, { gender: undefined }), 'error required Patient.gender'],
  [
    'a race has its text',
    withExtension(race(category('2106-3'))),
    'error required Patient.extension[0].extension',
  ],
  [
    'birthsex is of its value set',
    withExtension({ url: `${core}birthsex`, valueCode: 'X' }),
    'error code-invalid Patient.extension[0].value',
  ],
  [
    'birthsex is a code',
    withExtension({ url: `${core}birthsex`, valueString: 'F' }),
    'error structure Patient.extension[0].value',
  ],
  [
    'us-core-6: a name has a family or a given name',
    changed(P, { name: [{ text: 'x' }] }),
    'error invariant Patient.name[0]',
  ],
  [
    'a category is one of OMB',
    withExtension(race(category('1004-1'), text)),
    'error code-invalid Patient.extension[0].extension[0].value',
  ],
  [
    'there are not more categories than OMB has',
    withExtension(race(...Array.from({ length: 7 }, () => category('2106-3')), text)),
    'error structure Patient.extension[0].extension',
  ],
  [
    'an identifier has a system',
    changed(P, { identifier: [{ value: '1' }] }),
    'error required Patient.identifier[0].system',
  ],
]

describe('US Core', () => {
  for (const version of ['6.1.0', '7.0.0']) {
    const file = shared('us-core', `hl7.fhir.us.core-${version}.tgz`)
    const set = new ProfileSet([
      ...ownResources(),
      ...readPackage(readFileSync(file), 'us-core.tgz').resources,
    ])
    it(`${version} loads, and says what of it is not checked`, () => {
      assert.deepEqual(set.problems, [])
      assert.ok(set.all().length >= 50)
      assert.ok(set.notes.some((note) => note.includes('CarePlan is not served here')))
      assert.deepEqual(
        set.notes.filter((note) => /^slice|is not checked: /.test(note)),
        [],
      )
    })
    it(`${version}: its examples fit the profiles that they claim`, () => {
      let seen = 0
      for (const json of untar(file, /package\/example\/.*\.json$/)) {
        const read = readJson(json)
        assert.ok('value' in read && isObject(read.value))
        const meta = isObject(read.value.meta) ? read.value.meta : {}
        const claimed = Array.isArray(meta.profile) ? meta.profile : []
        const profiles = claimed.flatMap((url) => set.get(String(url)) ?? [])
        if (profiles.length === 0) continue
        seen += 1
        assert.deepEqual(set.validate(read.value, profiles), [], String(read.value.id))
      }
      assert.ok(seen >= 150, `only ${seen} examples of profiles`)
    })
    it(`${version}: a valid patient has no issues`, () => {
      const valid = withExtension(race(category('2106-3'), text), { url: `${core}birthsex`, valueCode: 'F' })
      assert.deepEqual(found(set, valid, `${core}patient`), [])
    })
    for (const [rule, resource, expected] of SEEDS) {
      it(`${version}: ${rule}`, () => {
        assert.deepEqual(validateResource(resource), [])
        assert.ok(
          found(set, resource, `${core}patient`).includes(expected),
          String(found(set, resource, `${core}patient`)),
        )
      })
    }
  }
})

const system = (value: string) => ({ fixedUri: value })
const identifier = (id: string, extra: JsonObject) => ({ id: `Patient.identifier${id}`, ...extra })
const sliced = (rules: string, extra: JsonObject = {}) =>
  identifier('', { slicing: { discriminator: [{ type: 'value', path: 'system' }], rules, ...extra } })
const mrn = [
  identifier(':mrn', { sliceName: 'mrn', min: 1, max: '1' }),
  identifier(':mrn.system', system('urn:mrn')),
  identifier(':mrn.value', { min: 1 }),
]
const ids = (...systems: string[]): JsonObject =>
  changed(P, { identifier: systems.map((each) => ({ system: each, value: '1' })) })
const coded = (code: string): JsonObject => ({ coding: [{ system: 'urn:s', code }] })
const party = (type: string, extra: JsonObject = {}) => ({
  actor: { reference: `${type}/1` },
  status: 'accepted',
  ...extra,
})
const parties = (...participant: JsonObject[]) => changed(appointment(), { participant })
const byActor = (discriminator: JsonObject, rules = 'closed') => [
  { id: 'Appointment.participant', slicing: { discriminator: [discriminator], rules } },
]
const target = (type: string) => [
  { code: 'Reference', targetProfile: [`http://hl7.org/fhir/StructureDefinition/${type}`] },
]
const observation = (value: JsonObject): JsonObject => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...value,
})

interface Case {
  readonly rule: string
  readonly type: string
  readonly elements: readonly JsonObject[]
  readonly valid: readonly JsonObject[]
  readonly wrong: readonly (readonly [JsonObject, string])[]
}

const CASES: readonly Case[] = [
  {
    rule: 'cardinality: at least, at most, none',
    type: 'Patient',
    elements: [
      { id: 'Patient.birthDate', min: 1 },
      { id: 'Patient.name', max: '2' },
      { id: 'Patient.photo', max: '0' },
      { id: 'Patient.contact.name', min: 1 },
    ],
    valid: [P],
    wrong: [
      [changed(P, { birthDate: undefined }), 'error required Patient.birthDate'],
      [changed(P, { name: ['a', 'b', 'c'].map((family) => ({ family })) }), 'error structure Patient.name'],
      [changed(P, { photo: [{ url: 'http://a' }] }), 'error structure Patient.photo'],
      [
        changed(P, { contact: [{ telecom: [{ system: 'phone', value: '1' }] }] }),
        'error required Patient.contact[0].name',
      ],
    ],
  },
  {
    rule: 'fixed and pattern',
    type: 'Appointment',
    elements: [
      { id: 'Appointment.status', fixedCode: 'booked' },
      { id: 'Appointment.appointmentType', patternCodeableConcept: coded('A') },
    ],
    valid: [
      changed(appointment(), {
        appointmentType: {
          text: 'more',
          coding: [{ code: 'B' }, { system: 'urn:s', code: 'A', display: 'a' }],
        },
      }),
    ],
    wrong: [
      [changed(appointment(), { status: 'arrived' }), 'error value Appointment.status'],
      [changed(appointment(), { appointmentType: coded('B') }), 'error value Appointment.appointmentType'],
    ],
  },
  {
    rule: 'least and largest values, longest texts',
    type: 'Patient',
    elements: [
      { id: 'Patient.birthDate', minValueDate: '1900-01-01' },
      { id: 'Patient.multipleBirth[x]', maxValueInteger: 9 },
      { id: 'Patient.name.text', maxLength: 3 },
    ],
    valid: [
      changed(P, { multipleBirthInteger: 9, name: [{ text: 'abc' }] }),
      changed(P, { birthDate: '1900' }),
    ],
    wrong: [
      [changed(P, { birthDate: '1899-12-31' }), 'error value Patient.birthDate'],
      [changed(P, { multipleBirthInteger: 10 }), 'error value Patient.multipleBirth'],
      [changed(P, { name: [{ text: 'abcd' }] }), 'error too-long Patient.name[0].text'],
    ],
  },
  {
    rule: 'a choice keeps the types that are left, in the form of the path or of the list',
    type: 'Observation',
    elements: [{ id: 'Observation.value[x]', type: [{ code: 'Quantity' }, { code: 'string' }] }],
    valid: [observation({ valueString: 'x' }), observation({})],
    wrong: [[observation({ valueBoolean: true }), 'error structure Observation.value']],
  },
  {
    rule: 'slices of a choice by type',
    type: 'Observation',
    elements: [
      { id: 'Observation.value[x]:valueQuantity', sliceName: 'valueQuantity', type: [{ code: 'Quantity' }] },
      { id: 'Observation.value[x]:valueQuantity.unit', min: 1 },
    ],
    valid: [observation({ valueString: 'x' }), observation({ valueQuantity: { value: 1, unit: 'kg' } })],
    wrong: [[observation({ valueQuantity: { value: 1 } }), 'error required Observation.value.unit']],
  },
  {
    rule: 'targets of references',
    type: 'Patient',
    elements: [{ id: 'Patient.generalPractitioner', type: target('Practitioner') }],
    valid: [changed(P, { generalPractitioner: [{ reference: 'Practitioner/1' }] })],
    wrong: [
      [
        changed(P, { generalPractitioner: [{ reference: 'Organization/1' }] }),
        'error value Patient.generalPractitioner[0].reference',
      ],
    ],
  },
  {
    rule: 'open slices by value',
    type: 'Patient',
    elements: [sliced('open'), ...mrn],
    valid: [ids('urn:mrn'), ids('urn:x', 'urn:mrn')],
    wrong: [
      [ids('urn:x'), 'error required Patient.identifier'],
      [ids('urn:mrn', 'urn:mrn'), 'error structure Patient.identifier'],
      [changed(P, { identifier: [{ system: 'urn:mrn' }] }), 'error required Patient.identifier[0].value'],
    ],
  },
  {
    rule: 'closed slices allow no others',
    type: 'Patient',
    elements: [sliced('closed'), ...mrn],
    valid: [ids('urn:mrn')],
    wrong: [[ids('urn:mrn', 'urn:x'), 'error structure Patient.identifier[1]']],
  },
  {
    rule: 'openAtEnd: others stand behind',
    type: 'Patient',
    elements: [sliced('openAtEnd'), ...mrn],
    valid: [ids('urn:mrn', 'urn:x')],
    wrong: [[ids('urn:x', 'urn:mrn'), 'error structure Patient.identifier[1]']],
  },
  {
    rule: 'ordered slices keep their order',
    type: 'Patient',
    elements: [
      sliced('open', { ordered: true }),
      ...mrn,
      identifier(':pi', { sliceName: 'pi' }),
      identifier(':pi.system', system('urn:pi')),
    ],
    valid: [ids('urn:mrn', 'urn:pi')],
    wrong: [[ids('urn:pi', 'urn:mrn'), 'error structure Patient.identifier[1]']],
  },
  {
    rule: 'slices by pattern, and slices of slices',
    type: 'Patient',
    elements: [
      identifier('', { slicing: { discriminator: [{ type: 'pattern', path: 'type' }], rules: 'open' } }),
      identifier(':mr', { sliceName: 'mr', min: 1 }),
      identifier(':mr.type', { patternCodeableConcept: coded('MR') }),
      identifier(':mr', { slicing: { discriminator: [{ type: 'value', path: 'use' }], rules: 'open' } }),
      identifier(':mr/old', { sliceName: 'mr/old', max: '1' }),
      identifier(':mr/old.use', { fixedCode: 'old' }),
    ],
    valid: [changed(P, { identifier: [{ type: coded('MR') }, { use: 'old', type: coded('MR') }] })],
    wrong: [
      [changed(P, { identifier: [{ type: coded('XX') }] }), 'error required Patient.identifier'],
      [
        changed(P, {
          identifier: [1, 2].map((value) => ({ use: 'old', value: `${value}`, type: coded('MR') })),
        }),
        'error structure Patient.identifier',
      ],
    ],
  },
  {
    rule: 'slices by what exists',
    type: 'Appointment',
    elements: [
      ...byActor({ type: 'exists', path: 'period' }),
      { id: 'Appointment.participant:timed', sliceName: 'timed', max: '1' },
      { id: 'Appointment.participant:timed.period', min: 1 },
      { id: 'Appointment.participant:whole', sliceName: 'whole' },
      { id: 'Appointment.participant:whole.period', max: '0' },
    ],
    valid: [parties(party('Patient'), party('Location', { period: { start: '2026' } }))],
    wrong: [
      [
        parties(
          party('Patient', { period: { start: '2026' } }),
          party('Location', { period: { start: '2026' } }),
        ),
        'error structure Appointment.participant',
      ],
    ],
  },
  {
    rule: 'slices by the type of what is referred to',
    type: 'Appointment',
    elements: [
      ...byActor({ type: 'type', path: 'actor.resolve()' }, 'open'),
      { id: 'Appointment.participant:patient', sliceName: 'patient', min: 1 },
      { id: 'Appointment.participant:patient.actor', type: target('Patient') },
    ],
    valid: [parties(party('Location'), party('Patient'))],
    wrong: [[parties(party('Location')), 'error required Appointment.participant']],
  },
  {
    rule: 'slices by the profile of an entry',
    type: 'Bundle',
    elements: [
      {
        id: 'Bundle.entry',
        slicing: { discriminator: [{ type: 'profile', path: 'resource' }], rules: 'open' },
      },
      { id: 'Bundle.entry:named', sliceName: 'named', min: 1 },
      {
        id: 'Bundle.entry:named.resource',
        type: [{ code: 'Patient', profile: ['http://example.org/StructureDefinition/named'] }],
      },
    ],
    valid: [{ resourceType: 'Bundle', type: 'collection', entry: [{ resource: P }] }],
    wrong: [
      [
        {
          resourceType: 'Bundle',
          type: 'collection',
          entry: [{ resource: changed(P, { name: undefined }) }],
        },
        'error required Bundle.entry',
      ],
    ],
  },
  {
    rule: 'codes of a value set of the package',
    type: 'Patient',
    elements: [
      {
        id: 'Patient.maritalStatus',
        binding: { strength: 'required', valueSet: 'http://example.org/ValueSet/m' },
      },
    ],
    valid: [changed(P, { maritalStatus: coded('in') })],
    wrong: [
      [changed(P, { maritalStatus: coded('out') }), 'error code-invalid Patient.maritalStatus'],
      [changed(P, { maritalStatus: coded('never') }), 'error code-invalid Patient.maritalStatus'],
    ],
  },
  {
    rule: 'invariants, errors and warnings',
    type: 'Patient',
    elements: [
      {
        id: 'Patient',
        constraint: [
          { key: 't-1', severity: 'error', human: 'adults', expression: 'birthDate < @2020-01-01' },
          {
            key: 't-2',
            severity: 'warning',
            human: 'phone',
            expression: "telecom.where(system = 'phone').exists()",
          },
        ],
      },
    ],
    valid: [P],
    wrong: [
      [changed(P, { birthDate: '2021-01-01' }), 'error invariant Patient'],
      [changed(P, { telecom: undefined }), 'warning invariant Patient'],
    ],
  },
  {
    rule: 'an extension fits its definition wherever it stands, and no profile repeats it',
    type: 'Patient',
    elements: [{ id: 'Patient.name', min: 1 }],
    valid: [withExtension({ url: 'http://example.org/StructureDefinition/mark', valueCode: 'a' })],
    wrong: [
      [
        changed(P, {
          name: [
            {
              family: 'x',
              extension: [{ url: 'http://example.org/StructureDefinition/mark', valueString: 'a' }],
            },
          ],
        }),
        'error structure Patient.name[0].extension[0].value',
      ],
    ],
  },
]

const support: readonly JsonObject[] = [
  profile('named', 'Patient', [{ id: 'Patient.name', min: 1 }]),
  profile('mark', 'Extension', [
    { id: 'Extension.url', fixedUri: 'http://example.org/StructureDefinition/mark' },
    { id: 'Extension.value[x]', min: 1, type: [{ code: 'code' }] },
  ]),
  {
    resourceType: 'CodeSystem',
    url: 'urn:s',
    content: 'complete',
    concept: [{ code: 'root', concept: [{ code: 'in' }, { code: 'out' }] }],
  },
  {
    resourceType: 'ValueSet',
    url: 'http://example.org/ValueSet/m',
    compose: {
      include: [{ system: 'urn:s', filter: [{ property: 'concept', op: 'descendent-of', value: 'root' }] }],
      exclude: [{ system: 'urn:s', concept: [{ code: 'out' }] }],
    },
  },
]
const setOf = (...resources: readonly JsonObject[]) =>
  new ProfileSet([...support, ...resources].map((resource, at) => ({ file: `p.tgz: ${at}.json`, resource })))

describe('profiles', () => {
  for (const { rule, type, elements, valid, wrong } of CASES) {
    it(rule, () => {
      const set = setOf(profile('own', type, elements))
      assert.deepEqual([set.problems, set.notes], [[], []])
      const url = 'http://example.org/StructureDefinition/own'
      for (const resource of valid) {
        assert.deepEqual(validateResource(resource), [])
        assert.deepEqual(found(set, resource, url), [])
      }
      for (const [resource, expected] of wrong) assert.deepEqual(found(set, resource, url), [expected])
    })
  }

  it('a profile of a profile asks for what both ask for', () => {
    const own = profile('own', 'Patient', [{ id: 'Patient.gender', min: 1 }], {
      baseDefinition: 'http://example.org/StructureDefinition/named',
    })
    const bare = { resourceType: 'Patient', active: true }
    assert.deepEqual(found(setOf(own), bare, String(own.url)), [
      'error required Patient.name',
      'error required Patient.gender',
    ])
  })

  it('of several versions the newest counts, unless one is named', () => {
    const two = profile('own', 'Patient', [{ id: 'Patient.gender', min: 1 }], { version: '1.10.0' })
    const set = setOf(two, profile('own', 'Patient', [], { version: '1.9.0' }))
    assert.equal(set.get(two.url)?.version, '1.10.0')
    assert.equal(set.get(`${two.url}|1.9.0`)?.version, '1.9.0')
    assert.equal(set.get(`${two.url}|2`), undefined)
  })

  it('what cannot be taken is a problem that names file, resource and remedy', () => {
    const cases: readonly (readonly [JsonObject, RegExp])[] = [
      [
        profile('own', 'Patient', [{ id: 'Patient.colour', min: 1 }]),
        /colour is no element of Patient.*own, p\.tgz: 4\.json\)/,
      ],
      [profile('own', 'Patient', [{ id: 'Account.name' }]), /Account\.name is not of Patient - .*p\.tgz/],
      [
        profile('own', 'Patient', [], { baseDefinition: 'http://x/y' }),
        /base http:\/\/x\/y is not known here \(p\.tgz.*snapshot/,
      ],
      [profile('own', 'Patient', [{ path: 'Patient.name', id: '' }]), /Patient\.name has no id - .*p\.tgz/],
      [profile('named', 'Patient', []), /is there twice \(.*\) - keep one/],
      [
        profile('own', 'Patient', [{ id: 'Patient.name:a', sliceName: 'a' }]),
        /name has slices and no slicing - .*p\.tgz/,
      ],
    ]
    for (const [resource, problem] of cases) assert.match(setOf(resource).problems.join('\n'), problem)
  })

  it('what cannot be checked is said, and the rest is checked', () => {
    const constraint = [
      { key: 'n-1', severity: 'error', human: 'x', expression: 'elementDefinition().exists()' },
    ]
    const set = setOf(
      profile('own', 'Patient', [
        { id: 'Patient', constraint },
        { id: 'Patient.gender', min: 1 },
        {
          id: 'Patient.language',
          binding: { strength: 'required', valueSet: 'http://example.org/ValueSet/unknown' },
        },
      ]),
    )
    assert.deepEqual(set.problems, [])
    assert.match(set.notes.join('\n'), /n-1 is not checked: elementDefinition\(\) is not supported/)
    assert.match(set.notes.join('\n'), /codes of http:\/\/example\.org\/ValueSet\/unknown are not checked/)
    assert.deepEqual(
      found(set, changed(P, { gender: undefined }), 'http://example.org/StructureDefinition/own'),
      ['error required Patient.gender'],
    )
  })

  it('issues never repeat a value of the resource', () => {
    const set = setOf(profile('own', 'Appointment', CASES[1]?.elements ?? []))
    const own = set.get('http://example.org/StructureDefinition/own')
    assert.ok(own)
    const secret = changed(appointment(), { status: 'Zebulon', appointmentType: coded('Zebulon') })
    assert.equal(JSON.stringify(set.validate(secret, [own])).includes('Zebulon'), false)
  })
})
