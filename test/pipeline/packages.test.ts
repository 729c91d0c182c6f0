// FHIR packages in the folder `profiles` of a site: read strictly, all of them or none, again when one changes.
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { LiveSite } from '../../src/pipeline/site/live-site.ts'
import { loadPackages, packageLimits, readPackage } from '../../src/pipeline/site/packages.ts'
import { CannotStart } from '../../src/pipeline/site/site.ts'
import { manifest, profile, type TarEntry, tar, tgz } from '../packages.ts'
import { shared } from '../shared.ts'

const own = profile('own', 'Patient', [{ id: 'Patient.birthDate', min: 1 }])
const packed = (...entries: readonly TarEntry[]): Buffer => gzipSync(tar(entries))

describe('a FHIR package', () => {
  it('is read: its manifest, and its resources at the top', () => {
    const read = readPackage(tgz([own, { resourceType: 'ImplementationGuide' }]), 'profiles/a.tgz')
    assert.deepEqual([read.name, read.version, read.resources.length], ['test.profiles', '1.0.0', 1])
    assert.equal(read.resources[0]?.file, 'profiles/a.tgz: package/StructureDefinition-0.json')
  })

  it('may have long names, as pax and as GNU tar write them', () => {
    const long = `package/${'x'.repeat(150)}.json`
    const record = (text: string) => `${text.length + 4} ${text}`
    for (const head of [
      { name: 'pax', kind: 'x', text: record(`path=${long}\n`) },
      { name: '././@LongLink', kind: 'L', text: `${long}\0` },
    ]) {
      const entry = { name: long.slice(0, 99), text: JSON.stringify(own) }
      const read = readPackage(packed(manifest(), head, entry), 'a.tgz')
      assert.equal(read.resources[0]?.file, `a.tgz: ${long}`)
    }
  })

  const file = (name: string): TarEntry => ({ name, text: '{}' })
  const wrong: readonly (readonly [what: string, bytes: () => Buffer, problem: RegExp])[] = [
    ['no gzip', () => Buffer.from('{}'), /a\.tgz is no gzip file - /],
    ['no tar', () => gzipSync(Buffer.alloc(2_048, 65)), /a\.tgz: it is no tar archive - /],
    [
      'a tar that ends too early',
      () => gzipSync(tar([file('package/a.json')]).subarray(0, 513)),
      /ends too early/,
    ],
    [
      'a path that leads out',
      () => packed(manifest(), file('package/../../a.json')),
      /leads out of the archive - /,
    ],
    ['an absolute path', () => packed(manifest(), file('/etc/a.json')), /leads out of the archive - /],
    [
      'a path of Windows',
      () => packed(manifest(), file('package\\..\\a.json')),
      /leads out of the archive - /,
    ],
    [
      'a link',
      () => packed(manifest(), { name: 'package/a.json', text: '', kind: '2' }),
      /links or special files/,
    ],
    ['no manifest', () => packed(file('package/a.json')), /has no package\/package\.json - /],
    ['a manifest without a version', () => tgz([own], { version: 7 }), /no name or no version - /],
    ['another FHIR version', () => tgz([own], { fhirVersions: ['5.0.0'] }), /is for FHIR 5\.0\.0 - /],
    [
      'a resource that is no JSON',
      () => packed(manifest(), { name: 'package/a.json', text: '{' }),
      /package\/a\.json is no JSON/,
    ],
    [
      'too many files',
      () => packed(...Array.from({ length: 10_001 }, (_, at) => file(`package/${at}.txt`))),
      /more than 10000 files/,
    ],
    [
      'a bomb',
      () => gzipSync(Buffer.alloc(packageLimits.maxUnpackedBytes + 1), { level: 1 }),
      /more than 268435456 bytes when unpacked - /,
    ],
  ]
  for (const [what, bytes, problem] of wrong)
    it(`is refused: ${what}`, () => {
      assert.throws(() => readPackage(bytes(), 'a.tgz'), problem)
    })
})

describe('the packages of a site', () => {
  let folder: string
  let site: string
  const said: { fields: Record<string, unknown>; text: string }[] = []
  const tell = (fields: Record<string, unknown>, text: string) => void said.push({ fields, text })
  const put = (name: string, bytes: Buffer) => writeFileSync(join(folder, 'profiles', name), bytes)
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'portico-packages-'))
    site = join(folder, 'site.json')
    copyFileSync(shared('acceptance/site.json'), site)
    mkdirSync(join(folder, 'profiles'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('are in force at the start, again when one changes, and the old ones stay when one is wrong', () => {
    put('a.tgz', tgz([own]))
    const live = new LiveSite(site, {}, { info: tell, error: tell })
    assert.ok(live.packages.profiles.get(own.url))
    const first = live.packages
    const [{ text = '', fields = {} } = {}] = said
    assert.equal(text, 'FHIR packages loaded')
    assert.deepEqual(fields.packages, ['test.profiles 1.0.0'])

    put('b.tgz', tgz([profile('bad', 'Patient', [{ id: 'Patient.colour', min: 1 }])]))
    live.reload()
    assert.equal(live.packages, first)
    assert.match(
      JSON.stringify(said.at(-1)),
      /colour is no element of Patient.*profiles\/b\.tgz: package.*stay in force/,
    )

    put('b.tgz', tgz([profile('good', 'Patient', [])], { name: 'other' }))
    live.reload()
    assert.ok(live.packages.profiles.get('http://example.org/StructureDefinition/good'))
    const { packages } = live
    live.reload()
    assert.equal(live.packages, packages, 'what did not change is not compiled again')
    rmSync(join(folder, 'profiles', 'b.tgz'))
  })

  it('say which search parameters are not searched by', () => {
    const parameter = (code: string) => ({
      resourceType: 'SearchParameter',
      url: `urn:${code}`,
      code,
      base: ['Patient', 'Medication'],
    })
    put('s.tgz', tgz([parameter('birthdate'), parameter('colour')], { name: 'searched' }))
    const { notes } = loadPackages(site)
    const [note, ...more] = notes.filter((each) => each.startsWith('search parameter'))
    assert.match(
      note ?? '',
      /^search parameter colour of Patient is not searched by here: .* \(urn:colour, profiles\/s\.tgz: /,
    )
    assert.deepEqual(more, [])
    rmSync(join(folder, 'profiles', 's.tgz'))
  })

  it('refuse the start with every problem, each with its file', () => {
    put('c.tgz', Buffer.from('x'))
    put('d.tgz', tgz([own], { version: 7 }))
    assert.throws(
      () => loadPackages(site),
      (error) =>
        error instanceof CannotStart &&
        error.problems.length === 2 &&
        /profiles\/c\.tgz.*profiles\/d\.tgz/s.test(error.message),
    )
    for (const name of ['c.tgz', 'd.tgz']) rmSync(join(folder, 'profiles', name))
  })

  it('have a size and a number that they must not exceed', () => {
    put('e.tgz', Buffer.alloc(packageLimits.maxPackageBytes + 1))
    assert.throws(() => loadPackages(site), /profiles\/e\.tgz has more than 33554432 bytes - /)
    rmSync(join(folder, 'profiles', 'e.tgz'))
    const names = Array.from({ length: packageLimits.maxPackages }, (_, at) => `many-${at}.tgz`)
    for (const name of names) put(name, Buffer.from('x'))
    assert.throws(() => loadPackages(site), /more than 50 packages - /)
    for (const name of names) rmSync(join(folder, 'profiles', name))
  })
})
