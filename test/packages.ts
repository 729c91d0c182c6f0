// FHIR packages for tests: a tar archive as npm writes it, compressed.
import { gzipSync } from 'node:zlib'
import type { JsonObject } from '../src/fhir/types.ts'

export interface TarEntry {
  readonly name: string
  readonly text: string
  /** '0' a file, '2' a symbolic link, ... */
  readonly kind?: string
}

/** A ustar header with its checksum. */
function header(name: string, size: number, kind: string): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.write(name.slice(0, 100), 0)
  bytes.write('0000644\0', 100)
  bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  bytes.write('        ', 148)
  bytes.write(kind, 156)
  bytes.write('ustar\u000000', 257)
  let sum = 0
  for (const each of bytes) sum += each
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(({ name, text, kind = '0' }) => {
    const content = Buffer.from(text)
    return [header(name, content.length, kind), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...parts, Buffer.alloc(1_024)])
}

export const manifest = (extra: JsonObject = {}): TarEntry => ({
  name: 'package/package.json',
  text: JSON.stringify({ name: 'test.profiles', version: '1.0.0', fhirVersions: ['4.0.1'], ...extra }),
})

/** A whole package (.tgz) of these resources. */
export function tgz(resources: readonly JsonObject[], extra: JsonObject = {}): Buffer {
  const files = resources.map((resource, at) => ({
    name: `package/${resource.resourceType}-${at}.json`,
    text: JSON.stringify(resource),
  }))
  return gzipSync(tar([manifest(extra), ...files]))
}

/** A profile by its differential. */
export const profile = (
  name: string,
  type: string,
  elements: readonly JsonObject[],
  extra: JsonObject = {},
) => ({
  resourceType: 'StructureDefinition',
  url: `http://example.org/StructureDefinition/${name}`,
  version: '1.0.0',
  name,
  status: 'active',
  kind: type === 'Extension' ? 'complex-type' : 'resource',
  abstract: false,
  type,
  derivation: 'constraint',
  baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
  differential: {
    element: elements.map((each) => ({ path: String(each.id).replace(/:[^.]+/g, ''), ...each })),
  },
  ...extra,
})
