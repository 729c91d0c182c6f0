// Questions to the code systems and value sets that the gateway carries (FHIR R4 terminology-service.html): those that
// elements of its types are bound to, as far as they can be listed. Everything else is a terminology server's business.
import { CODE_SETS, CODE_SYSTEMS } from './definitions.ts'

export interface Code {
  readonly system: string
  readonly code: string
  readonly display: string
}

interface Concept {
  readonly display: string
  readonly parent: string | undefined
}

const indexed = new Map<string, ReadonlyMap<string, Concept>>()

/** Concepts of a system by code; undefined when it is not carried. */
function conceptsOf(system: string): ReadonlyMap<string, Concept> | undefined {
  const known = indexed.get(system)
  if (known || !Object.hasOwn(CODE_SYSTEMS, system)) return known
  const fresh = new Map<string, Concept>()
  for (const [code = '', display = code, parent] of CODE_SYSTEMS[system]?.concepts ?? [])
    fresh.set(code, { display, parent })
  indexed.set(system, fresh)
  return fresh
}

/** A concept of a carried system; undefined when there is none, null when the system is not carried. */
export function lookupCode(system: string, code: string): Code | undefined | null {
  const concepts = conceptsOf(system)
  if (!concepts) return null
  const found = concepts.get(code)
  return found && { system, code, display: found.display }
}

export const systemName = (system: string): string | undefined =>
  Object.hasOwn(CODE_SYSTEMS, system) ? CODE_SYSTEMS[system]?.name : undefined

/** All codes of a value set, without the version that its URL may have; undefined when it is not carried. */
export function codesIn(url: string): readonly Code[] | undefined {
  const plain = url.split('|')[0] ?? ''
  const groups = Object.hasOwn(CODE_SETS, plain) ? CODE_SETS[plain] : undefined
  return groups?.flatMap(({ system, codes }) => {
    const concepts = conceptsOf(system)
    const list = typeof codes === 'string' ? [...(concepts?.keys() ?? [])] : codes
    return list.map((code) => ({ system, code, display: concepts?.get(code)?.display ?? code }))
  })
}

/** The code itself and all that are under it. */
export function codesBelow(system: string, code: string): readonly string[] {
  const concepts = conceptsOf(system)
  if (!concepts) return [code]
  const found = new Set([code])
  // Parents stand before their children in the table.
  for (const [each, { parent }] of concepts) if (parent !== undefined && found.has(parent)) found.add(each)
  return [...found]
}

/** The code itself and all that it is under. */
export function codesAbove(system: string, code: string): readonly string[] {
  const concepts = conceptsOf(system)
  const found = [code]
  for (let at = concepts?.get(code)?.parent; at !== undefined; at = concepts?.get(at)?.parent) {
    if (found.includes(at)) break
    found.push(at)
  }
  return found
}

/** Carried systems that have a code. */
export function systemsWith(code: string): readonly string[] {
  return Object.keys(CODE_SYSTEMS).filter((system) => conceptsOf(system)?.has(code))
}
