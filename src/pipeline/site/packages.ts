// FHIR packages in the folder `profiles` of a site (https://hl7.org/fhir/packages.html: npm's form, package/package.json and one
// file for each resource), and our own profiles. All of them are taken, or none.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { SearchParamRow } from '../../fhir/definitions.ts'
import { readJson } from '../../fhir/json.ts'
import { searchParamsIn } from '../../fhir/package-params.ts'
import { type Loaded, ProfileSet } from '../../fhir/profile/set.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'
import { CannotStart } from './site.ts'
import { readTar } from './tar.ts'

/** Limits of what a site can put into its folder. */
export const packageLimits = {
  maxPackages: 50,
  maxPackageBytes: 32 * 1_048_576,
  maxUnpackedBytes: 256 * 1_048_576,
  maxPackageFiles: 10_000,
  maxResourceBytes: 16 * 1_048_576,
} as const

/** A package that is loaded. */
export interface FhirPackage {
  readonly file: string
  readonly name: string
  readonly version: string
  readonly resources: readonly Loaded[]
}

/** The packages of a site with the profiles that they make. */
export interface SitePackages {
  readonly packages: readonly FhirPackage[]
  readonly profiles: ProfileSet
  /** Search parameters that R4 and US Core have not. */
  readonly searchParams: readonly SearchParamRow[]
  /** CapabilityStatements: what they ask of servers. */
  readonly requirements: readonly JsonObject[]
  /** What is in the packages and is not used, in sentences. */
  readonly notes: readonly string[]
  /** Of names and contents. */
  readonly hash: string
}

const profilesFolder = join(import.meta.dirname, '../../../profiles')
/** Our own profiles; and what US Core refers to and its package has not: the value sets of its publisher's terminology server. */
const ownFolders = ['fhir', 'us-core/value-sets']
const kept = new Set([
  'StructureDefinition',
  'ValueSet',
  'CodeSystem',
  'SearchParameter',
  'CapabilityStatement',
])

/** A package from its bytes. Throws an Error: what is wrong, with the file in it, and the remedy. */
export function readPackage(bytes: Uint8Array, file: string): FhirPackage {
  const { maxUnpackedBytes, maxPackageFiles } = packageLimits
  let tar: Uint8Array
  try {
    tar = gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes })
  } catch (error) {
    const isLarge = error instanceof RangeError
    throw new Error(
      isLarge
        ? `${file} has more than ${maxUnpackedBytes} bytes when unpacked - take out what is not needed`
        : `${file} is no gzip file - put a FHIR package (.tgz) there`,
    )
  }
  const files = wrapped(file, 'pack it anew with npm pack', () => readTar(tar, maxPackageFiles))
  const manifest = files.find(({ name }) => name === 'package/package.json')
  if (!manifest) throw new Error(`${file} has no package/package.json - put a FHIR package (.tgz) there`)
  const { name, version, fhirVersions } = jsonOf(manifest.bytes, `${file}: package/package.json`)
  const versions: readonly unknown[] = Array.isArray(fhirVersions) ? fhirVersions : []
  if (typeof name !== 'string' || typeof version !== 'string')
    throw new Error(`${file}: package/package.json has no name or no version - give it both`)
  if (versions.length > 0 && !versions.some((each) => String(each).startsWith('4.0')))
    throw new Error(`${file} is for FHIR ${versions.join(', ')} - put the package for 4.0.1 there`)
  const resources = files
    .filter(
      (each) => /^package\/[^/]+\.json$/.test(each.name) && !/\/(package|\.index)\.json$/.test(each.name),
    )
    .flatMap((each) => resourceOf(each.bytes, `${file}: ${each.name}`))
  return { file, name, version, resources }
}

function wrapped<T>(file: string, remedy: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)} - ${remedy}`)
  }
}

function jsonOf(bytes: Uint8Array, place: string): JsonObject {
  if (bytes.length > packageLimits.maxResourceBytes)
    throw new Error(`${place} has more than ${packageLimits.maxResourceBytes} bytes - take it out`)
  const read = readJson(bytes, { maxBytes: packageLimits.maxResourceBytes })
  if ('value' in read && isObject(read.value)) return read.value
  throw new Error(`${place} is no JSON object - correct it`)
}

function resourceOf(bytes: Uint8Array, file: string): readonly Loaded[] {
  const resource = jsonOf(bytes, file)
  return kept.has(String(resource.resourceType)) ? [{ file, resource }] : []
}

/** What comes with the program; packages of a site may say the same again, and then count. */
export const ownResources = (): readonly Loaded[] =>
  ownFolders.flatMap((folder) =>
    jsonFiles(join(profilesFolder, folder)).flatMap((name) =>
      resourceOf(readFileSync(join(profilesFolder, folder, name)), `profiles/${folder}/${name}`),
    ),
  )

const jsonFiles = (folder: string): readonly string[] =>
  list(folder).filter((name) => name.endsWith('.json') && name !== 'package.json')

function list(folder: string): readonly string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder).sort() : []
}

/** Files that make up the packages of a site. */
export function packageFiles(siteFile: string): readonly string[] {
  const folder = join(dirname(siteFile), 'profiles')
  return list(folder).flatMap((name) => (name.endsWith('.tgz') ? [join(folder, name)] : []))
}

const compiled = new Map<string, SitePackages>()
const maxCompiled = 4

/** The packages of a site; throws CannotStart with everything that is wrong with them. */
export function loadPackages(siteFile: string): SitePackages {
  const files = packageFiles(siteFile)
  const { maxPackages, maxPackageBytes } = packageLimits
  if (files.length > maxPackages)
    throw new CannotStart([`profiles has more than ${maxPackages} packages - keep those that are used`])
  const hash = createHash('sha256')
  const problems: string[] = []
  const read: { file: string; bytes: Uint8Array }[] = []
  for (const path of files) {
    const file = `profiles/${path.slice(dirname(path).length + 1)}`
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxPackageBytes)
      problems.push(`${file} has more than ${maxPackageBytes} bytes - take out what is not needed`)
    else {
      const bytes = readFileSync(path)
      hash.update(`${file}\n`).update(bytes)
      read.push({ file, bytes })
    }
  }
  if (problems.length > 0) throw new CannotStart(problems)
  const print = hash.digest('hex')
  const known = compiled.get(print)
  if (known) return known
  const packages = read.flatMap(({ file, bytes }) => {
    try {
      return [readPackage(bytes, file)]
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
      return []
    }
  })
  if (problems.length > 0) throw new CannotStart(problems)
  const loaded = packages.flatMap(({ resources }) => resources)
  const profiles = new ProfileSet([...ownResources(), ...loaded])
  if (profiles.problems.length > 0) throw new CannotStart(profiles.problems)
  const searched = searchParamsIn(loaded)
  const requirements = loaded
    .map(({ resource }) => resource)
    .filter(({ resourceType }) => resourceType === 'CapabilityStatement')
  const notes = [...profiles.notes, ...searched.notes]
  const searchParams = searched.rows
  const made: SitePackages = { packages, profiles, searchParams, requirements, notes, hash: print }
  // A reload looks at the same packages again and again.
  if (compiled.size >= maxCompiled) compiled.clear()
  compiled.set(print, made)
  return made
}
