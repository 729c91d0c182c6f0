// Questions to the code systems and value sets that the gateway carries (FHIR R4 terminology-service.html): those that
// elements of its types are bound to, as far as they can be listed. Everything else is a terminology server's business.
import { carriedSystem, isBelow } from './code-system.ts'
import { CODE_SETS, CODE_SYSTEMS } from './definitions.ts'

export interface Code {
  readonly system: string
  readonly code: string
  readonly display: string
}

/** All codes of a value set, without the version that its URL may have; undefined when it is not carried. */
export function codesIn(url: string): readonly Code[] | undefined {
  const plain = url.split('|')[0] ?? ''
  const groups = Object.hasOwn(CODE_SETS, plain) ? CODE_SETS[plain] : undefined
  return groups?.flatMap(({ system, codes }) => {
    const concepts = carriedSystem(system)?.concepts
    const list = typeof codes === 'string' ? [...(concepts?.keys() ?? [])] : codes
    return list.map((code) => ({ system, code, display: concepts?.get(code)?.display ?? code }))
  })
}

/** The code itself and all that are under it. */
export function codesBelow(system: string, code: string): readonly string[] {
  const content = carriedSystem(system)
  const below = content ? [...content.concepts.keys()].filter((each) => isBelow(content, each, code)) : []
  return [code, ...below]
}

/** The code itself and all that it is under. */
export function codesAbove(system: string, code: string): readonly string[] {
  const content = carriedSystem(system)
  const found = new Set([code])
  for (const each of found) for (const parent of content?.concepts.get(each)?.parents ?? []) found.add(parent)
  return [...found]
}

/** Carried systems that have a code. */
export function systemsWith(code: string): readonly string[] {
  return Object.keys(CODE_SYSTEMS).filter((system) => carriedSystem(system)?.concepts.has(code))
}
