// From an assigning authority as sent to the system of its identifiers. Semantics, section 1; HL7 table 0301.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { authorityResolver, type Designator, urnPart } from '../../src/canonical/identity/authority.ts'
import type { Source } from '../../src/canonical/site.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'

const site = acceptanceSite((written) => {
  written.sources = (written.sources as { id: string }[]).map((each) =>
    each.id === 'ADT1|GHH' ? { ...each, defaultAuthority: { MR: 'GHH', AN: 'GHHACCT' } } : each,
  )
})
const source = (id: string): Source => site.sources.get(id) as Source
const resolve = authorityResolver(site, source('ADT1|GHH'))
const ghh = 'urn:oid:2.16.840.1.113883.19.5.1'

describe('an assigning authority', () => {
  const forms: [what: string, hd: Designator, system: string][] = [
    ['an OID', { universalId: '1.2.3', universalIdType: 'ISO' }, 'urn:oid:1.2.3'],
    [
      'an OID whose type is in small letters',
      { universalId: '1.2.3', universalIdType: 'iso' },
      'urn:oid:1.2.3',
    ],
    ['an OID without a type', { universalId: '2.16.840.1' }, 'urn:oid:2.16.840.1'],
    ['a UUID', { universalId: 'AB-CD', universalIdType: 'UUID' }, 'urn:uuid:ab-cd'],
    ['a GUID', { universalId: 'AB-CD', universalIdType: 'GUID' }, 'urn:uuid:ab-cd'],
    ['a URI', { universalId: 'https://x.example/mrn', universalIdType: 'URI' }, 'https://x.example/mrn'],
    ['a domain', { universalId: 'X.example', universalIdType: 'DNS' }, 'urn:dns:x.example'],
    ['a registered namespace', { namespace: 'GHH' }, ghh],
    [
      'a universal id, which counts before the namespace',
      { namespace: 'WCL', universalId: '2.16.840.1.113883.19.5.1', universalIdType: 'ISO' },
      ghh,
    ],
    [
      'an alias of a registered system',
      { universalId: '2.16.840.1.113883.4.6', universalIdType: 'ISO' },
      'http://hl7.org/fhir/sid/us-npi',
    ],
    [
      'a namespace with a universal id of no known kind',
      { namespace: 'GHH', universalId: 'whatever', universalIdType: 'L' },
      ghh,
    ],
  ]
  for (const [what, hd, system] of forms) {
    it(`that is ${what} is ${system}`, () => {
      assert.deepEqual(resolve(hd), { system, registered: true })
    })
  }

  it('whose namespace nobody has registered gets a name that is valid for its sender alone', () => {
    const other = authorityResolver(site, source('WREG|WCL'))
    assert.deepEqual(resolve({ namespace: 'NEW ONE' }), {
      system: 'urn:portico:aa:ADT1:GHH:NEW%20ONE',
      registered: false,
    })
    assert.notEqual(resolve({ namespace: 'NEW ONE' })?.system, other({ namespace: 'NEW ONE' })?.system)
  })

  it('that is absent is the sender’s default for the type, and never a guess', () => {
    assert.deepEqual(resolve({}, 'MR'), { system: ghh, registered: true })
    assert.deepEqual(resolve({}, 'AN'), { system: 'urn:oid:2.16.840.1.113883.19.5.2', registered: true })
    assert.equal(resolve({}, 'SS'), undefined)
    assert.equal(resolve({}), undefined)
    assert.equal(authorityResolver(site, source('WREG|WCL'))({}, 'MR'), undefined)
  })
})

describe('a part of a URN', () => {
  it('has no bar, no space and nothing that would be read as another part', () => {
    assert.equal(urnPart('ADT1|GHH'), 'ADT1:GHH')
    assert.equal(urnPart('A B'), 'A%20B')
    assert.equal(urnPart('A:B'), 'A%3AB')
  })
})
