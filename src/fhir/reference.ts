// References between resources as strings (FHIR R4 http://hl7.org/fhir/R4/references.html#literal).

/** The parts of a literal reference that names a type and an id. */
export interface LiteralReference {
  readonly type: string
  readonly id: string
  /** Service base with its last slash removed; absent for a relative reference. */
  readonly base?: string
  readonly version?: string
}

const TYPE = /^[A-Z][A-Za-z]{1,63}$/
const ID = /^[A-Za-z0-9.-]{1,64}$/
const HISTORY = '/_history/'

/**
 * Reads `Patient/1`, `https://host/fhir/Patient/1`, either with `/_history/2`; undefined for anything else.
 */
export function parseReference(reference: string): LiteralReference | undefined {
  let rest = reference
  let version: string | undefined
  const history = rest.indexOf(HISTORY)
  if (history >= 0) {
    version = rest.slice(history + HISTORY.length)
    rest = rest.slice(0, history)
    if (!ID.test(version)) return undefined
  }
  const slash = rest.lastIndexOf('/')
  const before = rest.lastIndexOf('/', slash - 1)
  if (slash < 1 || (before < 0 && rest.charCodeAt(0) === 47)) return undefined
  const type = rest.slice(before + 1, slash)
  const id = rest.slice(slash + 1)
  const base = before < 0 ? undefined : rest.slice(0, before)
  if (!TYPE.test(type) || !ID.test(id)) return undefined
  if (base !== undefined && !/^https?:\/\/[^/]/.test(base)) return undefined
  return { type, id, ...(base !== undefined && { base }), ...(version !== undefined && { version }) }
}
