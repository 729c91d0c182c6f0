// What the fields of one message say and no more: things of mapping as FHIR resources, without the rules of the gateway.
import { type FhirJson, redirectReferences, writePath } from '../../canonical/fhir-json.ts'
import { stableId } from '../../canonical/identity/identifier.ts'
import { ELEMENTS } from '../../fhir/definitions.ts'
import type { Json, Mapped, Thing } from '../../mappings/mapped.ts'

interface Made {
  readonly type: string
  readonly reference: string
  readonly body: FhirJson
}

/** Resources in the order in which the message speaks of them; `name` makes their ids. */
export function resourcesOf({ things }: Mapped, name: string): FhirJson[] {
  const made = new Map<string, Made>()
  for (const { type, as } of things) {
    if (ELEMENTS[type]?.kind !== 'resource') continue
    const id = stableId(type, name, as)
    made.set(as, { type, reference: `${type}/${id}`, body: { resourceType: type, id } })
  }
  for (const thing of things) {
    const own = made.get(thing.as)
    if (own) fill(own.body, thing, own.type, made)
    else if (thing.type.includes('.')) addPart(thing, made)
  }
  const resolve = (reference: string) => made.get(reference.replace(/^#/, ''))?.reference ?? reference
  return [...made.values()]
    .filter(({ body }) => Object.keys(body).length > 2)
    .map(({ body }) => redirectReferences(body, resolve) as FhirJson)
}

/** Facts are for the rules; what a field deletes is not there. */
function fill(body: FhirJson, { cells, refs }: Thing, type: string, made: ReadonlyMap<string, Made>): void {
  for (const { path, value } of cells) {
    if (path.startsWith('$') || value === null) continue
    const known = body[path]
    writePath(
      body,
      path,
      Array.isArray(known) && Array.isArray(value) ? [...(known as Json[]), ...value] : value,
    )
  }
  for (const [name, handle] of Object.entries(refs)) {
    // Whom it is about has two names in FHIR.
    const role = name === 'subject' && !ELEMENTS[type]?.elements.subject ? 'patient' : name
    const element = ELEMENTS[type]?.elements[role]
    const target = made.get(handle)
    if (!element?.type?.includes('Reference') || !target || body[role] !== undefined) continue
    const reference = { reference: target.reference }
    body[role] = element.max === '*' ? [reference] : reference
  }
}

/** 'Patient.contact' is an item of its patient; what is no element of its own belongs to the resource itself. */
function addPart(thing: Thing, made: ReadonlyMap<string, Made>): void {
  const [type = '', name = ''] = thing.type.split('.')
  const owner = Object.values(thing.refs)
    .map((handle) => made.get(handle))
    .find((each) => each?.type === type)
  if (!owner) return
  if (!ELEMENTS[type]?.elements[name]) {
    fill(owner.body, { ...thing, refs: {} }, type, made)
    return
  }
  const item: FhirJson = {}
  fill(item, thing, thing.type, made)
  if (Object.keys(item).length === 0) return
  const list = (owner.body[name] ?? []) as readonly Json[]
  owner.body[name] = [...list, item as Json]
}
