// What US Core asks of a server (US Core 6.1.0 and 7.0.0, CapabilityStatement us-core-server) is met as soon as its package is loaded.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { ProfileSet } from '../../src/fhir/profile/set.ts'
import { isObject, type JsonObject } from '../../src/fhir/types.ts'
import { ownResources, readPackage, type SitePackages } from '../../src/pipeline/site/packages.ts'
import { shared } from '../shared.ts'
import { type TestApp, testApp } from './setup.ts'

const statement = 'http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server'

function packagesOf(version: string): SitePackages {
  const file = `hl7.fhir.us.core-${version}.tgz`
  const usCore = readPackage(readFileSync(shared('us-core', file)), file)
  return {
    packages: [usCore],
    profiles: new ProfileSet([...ownResources(), ...usCore.resources]),
    searchParams: [],
    requirements: usCore.resources
      .map(({ resource }) => resource)
      .filter(({ resourceType }) => resourceType === 'CapabilityStatement'),
    notes: [],
    hash: version,
  }
}

for (const version of ['6.1.0', '7.0.0']) {
  describe(`US Core ${version}`, () => {
    let app: TestApp
    before(async () => {
      const packages = packagesOf(version)
      app = await testApp({ app: { packages: () => packages } })
    })
    after(() => app.close())

    test('its requirements of servers are named, and those of clients are not', async () => {
      const { body } = await app.ask('/fhir/metadata')
      const others = (body.instantiates as readonly string[]).filter((url) => url.includes('/us/core/'))
      assert.deepEqual(others, [statement])
    })

    test('every search parameter and inclusion that it lists for a type served here is declared', async () => {
      const { body } = await app.ask('/fhir/metadata')
      const own = new Map(entriesOf(body).map((each) => [each.type, each]))
      for (const asked of packagesOf(version)
        .requirements.filter(({ url }) => url === statement)
        .flatMap(entriesOf)) {
        const mine = own.get(asked.type)
        if (!mine) continue
        for (const { name, type } of objectsIn(asked.searchParam))
          assert.ok(
            objectsIn(mine.searchParam).some((each) => each.name === name && each.type === type),
            `${asked.type} ${name}`,
          )
        for (const url of (asked.searchRevInclude ?? []) as readonly string[])
          assert.ok((mine.searchRevInclude as readonly string[]).includes(url), `${asked.type} ${url}`)
      }
    })
  })
}

const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []
const entriesOf = (capability: JsonObject): readonly JsonObject[] =>
  objectsIn(objectsIn(capability.rest)[0]?.resource)
