// All profiles that are loaded: those of packages of the site, and our own. Immutable; a reload makes another one.
import { ELEMENTS } from '../definitions.ts'
import type { Clock } from '../fhirpath/evaluate.ts'
import type { Node } from '../fhirpath/node.ts'
import type { Issue } from '../issue.ts'
import { isObject, type JsonObject } from '../types.ts'
import { Terminology } from '../value-sets.ts'
import { claimedBy, containedIn } from './claims.ts'
import { type Compiling, compileItem } from './compile.ts'
import { checkExtensions } from './extensions.ts'
import { type ItemCheck, maxProfileDepth, type ProfileFinding, type Run, report, within } from './run.ts'
import { readStructure, type Structure, textIn } from './structure.ts'
import { type ElementTree, treeOf } from './tree.ts'

/** One resource of a package, with the file that it came from. */
export interface Loaded {
  readonly file: string
  readonly resource: JsonObject
}
export interface Profile {
  readonly url: string
  readonly version: string
  readonly title: string
  readonly type: string
  readonly resource: JsonObject
  readonly check: ItemCheck | undefined
}
const R4 = 'http://hl7.org/fhir/StructureDefinition/'
const maxInheritance = 20

export class ProfileSet {
  readonly terminology: Terminology
  /** What is wrong: then the packages are not taken. */
  readonly problems: string[] = []
  /** What is not checked. */
  readonly notes: string[] = []
  /** Newest version first. */
  readonly #profiles = new Map<string, Profile[]>()
  readonly #structures = new Map<string, { readonly file: string; readonly structure: Structure }>()
  readonly #trees = new Map<string, ElementTree | undefined>()
  readonly #extensions = new Set<string>()

  constructor(loaded: readonly Loaded[] = []) {
    const of = (type: string) => loaded.filter(({ resource }) => resource.resourceType === type)
    this.terminology = new Terminology(
      of('CodeSystem').map(({ resource }) => resource),
      of('ValueSet').map(({ resource }) => resource),
    )
    const definitions = of('StructureDefinition')
    for (const each of definitions) this.#read(each)
    for (const each of definitions) this.#compile(each)
  }

  /** By canonical URL, with or without a version. */
  get(canonical: string): Profile | undefined {
    const [url = '', version] = canonical.split('|')
    const known = this.#profiles.get(url) ?? []
    return version === undefined ? known[0] : known.find((each) => each.version === version)
  }

  /** Profiles of resources of a type, for whoever asks what is supported. */
  ofType(type: string): readonly Profile[] {
    return [...this.#profiles.values()].flatMap((list) =>
      list.filter((each) => each.type === type).slice(0, 1),
    )
  }

  all(): readonly Profile[] {
    return [...this.#profiles.values()].flat()
  }

  isExtension(url: string): boolean {
    return this.#extensions.has(url)
  }

  #read({ file, resource }: Loaded): void {
    try {
      const structure = readStructure(resource)
      const { url, version } = structure
      const known = this.#structures.get(url)
      if (known && known.structure.version === version)
        this.problems.push(`${url} ${version} is there twice (${known.file}, ${file}) - keep one of them`)
      if (!known || isNewer(version, known.structure.version)) this.#structures.set(url, { file, structure })
      this.#structures.set(`${url}|${version}`, { file, structure })
    } catch (error) {
      this.problems.push(`${textOf(error)} (${file})`)
    }
  }

  /** The tree of a structure; undefined when it, or its base, is not known. */
  #tree(canonical: string, depth = 0): ElementTree | undefined {
    if (this.#trees.has(canonical)) return this.#trees.get(canonical)
    const known = this.#structures.get(canonical) ?? this.#structures.get(canonical.split('|')[0] ?? '')
    if (!known || depth > maxInheritance) return undefined
    const { structure } = known
    const isOfR4 = structure.base.startsWith(R4) && ELEMENTS[structure.base.slice(R4.length)] !== undefined
    const base = structure.whole || isOfR4 ? undefined : this.#tree(structure.base, depth + 1)
    const made = !structure.whole && !isOfR4 && !base ? undefined : treeOf(structure, base)
    this.#trees.set(canonical, made)
    return made
  }

  #compile({ file, resource }: Loaded): void {
    const canonical = `${textIn(resource, 'url')}|${textIn(resource, 'version')}`
    const structure = this.#structures.get(canonical)?.structure
    if (!structure) return
    const { url, version, title, type, derivation, base } = structure
    if (!ELEMENTS[type] || derivation === 'specialization') {
      this.notes.push(
        `${url} is left out: ${derivation === 'specialization' ? 'it is no profile' : `${type} is not served here`}`,
      )
      return
    }
    let tree: ElementTree | undefined
    try {
      tree = this.#tree(canonical)
    } catch (error) {
      this.problems.push(`${textOf(error)} (${file})`)
      return
    }
    if (!tree) {
      const remedy = 'put the package that has it beside this one, or publish it with a snapshot'
      this.problems.push(`its base ${base} is not known here (${file}) - ${remedy}`)
      return
    }
    const check = compileItem(tree, type, undefined, this.#compiling(structure, file))
    const profile: Profile = { url, version, title, type, resource, check }
    const list = [...(this.#profiles.get(url) ?? []), profile]
    this.#profiles.set(
      url,
      list.sort((a, b) => (isNewer(a.version, b.version) ? -1 : 1)),
    )
    if (type === 'Extension') this.#extensions.add(url)
  }

  #compiling({ title, version, url }: Structure, file: string): Compiling {
    const once = (list: string[]) => (text: string) => {
      const line = `${text} (${url}, ${file})`
      if (!list.includes(line)) list.push(line)
    }
    return {
      label: `${title}${version === '' ? '' : ` ${version}`}`,
      terminology: this.terminology,
      treeOf: (canonical) => {
        const structure = (
          this.#structures.get(canonical) ?? this.#structures.get(canonical.split('|')[0] ?? '')
        )?.structure
        const tree = structure && this.#tree(`${structure.url}|${structure.version}`)
        return structure && tree && { tree, type: structure.type }
      },
      problem: once(this.problems),
      note: once(this.notes),
    }
  }

  /** What a resource lacks of profiles that are loaded. */
  validate(resource: JsonObject, profiles: readonly Profile[], clock?: Clock, maxIssues = 100): Issue[] {
    const type = String(resource.resourceType)
    const run: Run = {
      findings: [],
      maxFindings: maxIssues,
      root: resource,
      resource,
      depth: 0,
      clock,
      seen: new Map(),
      conform: (item, url, inner) => this.#conform(item, url, inner),
    }
    for (const { check } of profiles) check?.({ value: resource, type, step: '' }, run)
    this.#contained(resource, run)
    checkExtensions(resource, run, (url) => this.isExtension(url))
    return unique(run.findings).map((finding) => toIssue(type, finding))
  }

  /** What is contained is held against the profiles that it claims itself. */
  #contained(resource: JsonObject, run: Run): void {
    for (const [at, value] of containedIn(resource).entries()) {
      const type = textIn(value, 'resourceType')
      const claimed = claimedBy(value).flatMap((url) => this.get(url) ?? [])
      within(`contained[${at}]`, run, () => {
        for (const profile of claimed) {
          if (profile.type === type) this.#conform({ value, type }, profile.url, run)
          else
            report(
              run,
              '',
              'structure',
              `${profile.title} is a profile of ${profile.type} - name one of ${type}`,
            )
        }
        checkExtensions(value, { ...run, resource: value }, (url) => this.isExtension(url))
      })
    }
  }

  #conform(item: Node, url: string, run: Run): void {
    const profile = this.get(url)
    if (!profile?.check || run.depth > maxProfileDepth) return
    const looked = run.seen.get(item.value) ?? new Set<string>()
    if (looked.has(profile.url)) return
    run.seen.set(item.value, looked.add(profile.url))
    const isResource = isObject(item.value) && typeof item.value.resourceType === 'string'
    const outer = run.resource
    if (isResource && isObject(item.value)) run.resource = item.value
    profile.check({ ...item, step: '' }, run)
    run.resource = outer
  }
}

/** By numbers, as versions of packages have them. */
function isNewer(a: string, b: string): boolean {
  const [x, y] = [a, b].map((each) => each.split(/[.-]/).map((part) => Number(part) || 0))
  for (let at = 0; at < 4; at += 1) {
    const difference = (x?.[at] ?? 0) - (y?.[at] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function unique(findings: readonly ProfileFinding[]): readonly ProfileFinding[] {
  const seen = new Set<string>()
  return findings.filter(({ path, text }) => {
    const key = `${path} ${text}`
    return !seen.has(key) && seen.add(key)
  })
}

function toIssue(type: string, { path, severity, code, text }: ProfileFinding): Issue {
  const expression = path === '' ? type : `${type}.${path}`
  return { severity, code, diagnostics: `${expression}: ${text}`, expression: [expression] }
}
