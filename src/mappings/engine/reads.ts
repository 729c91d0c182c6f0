// Residue: which parts of a field some row reads, and which valued positions nothing read.
import { limits, type Segment } from '../../hl7/message.ts'

/** Parts of a field that are read. Index = component; true = all of it, else its subcomponents. */
export interface Reads {
  whole: boolean
  /** All repetitions are read; otherwise the first, or the last. */
  every: boolean
  last: boolean
  readonly components: (true | Set<number> | undefined)[]
  /** So many from the first are read as a whole; counted once the plan is complete. */
  leading: number
}

/** Index = field. */
export type ReadPlan = (Reads | undefined)[]

/** Residue kept per message; the raw message has the rest. */
export const maxResidue = 2_000

export function readsAt(plan: ReadPlan, field: number): Reads {
  const known = plan[field]
  if (known) return known
  const made: Reads = { whole: false, every: false, last: false, components: [], leading: 0 }
  plan[field] = made
  return made
}

export function readComponent(reads: Reads, component: number, subcomponent?: number): void {
  const known = reads.components[component]
  if (known === true) return
  if (subcomponent === undefined) reads.components[component] = true
  else if (known) known.add(subcomponent)
  else reads.components[component] = new Set([subcomponent])
}

/** Adds to `into` what `from` reads. */
export function mergeReads(into: ReadPlan, from: ReadPlan): void {
  from.forEach((reads, field) => {
    if (!reads) return
    const own = readsAt(into, field)
    own.whole ||= reads.whole
    own.every ||= reads.every
    own.last ||= reads.last
    reads.components.forEach((part, component) => {
      if (part === true) readComponent(own, component)
      else if (part) for (const subcomponent of part) readComponent(own, component, subcomponent)
    })
  })
}

/** Counts what most fields are done with: the components that are read without a gap. */
export function settleReads(plan: ReadPlan): ReadPlan {
  for (const reads of plan) if (reads) while (reads.components[reads.leading + 1] === true) reads.leading++
  return plan
}

/** The fields of a segment that have something. */
export const fieldsOf = (segment: Segment): readonly number[] =>
  Array.from({ length: segment.fieldCount }, (_, i) => i + 1).filter((field) => segment.has(field))

/**
 * Adds the valued positions of a segment that the plan does not read: 'PV1-21', 'NK1[2]-13[1].9',
 * 'PID-5[1].1.4'. `fields` are those that are looked at.
 */
export function addResidue(
  segment: Segment,
  plan: ReadPlan,
  fields: readonly number[],
  into: string[],
): void {
  let name: string | undefined
  for (const field of fields) {
    const reads = plan[field]
    if (reads && segment.isWithin(field, reads.leading, reads.every)) continue
    const raw = segment.raw(field)
    if (raw === undefined || raw === '""') continue
    if (into.length >= maxResidue) return
    name ??= segment.occurrence === 1 ? segment.name : `${segment.name}[${segment.occurrence}]`
    if (!reads) into.push(`${name}-${field}`)
    else addParts(segment, field, raw, reads, name, into)
  }
}

function addParts(
  segment: Segment,
  field: number,
  whole: string,
  reads: Reads,
  name: string,
  into: string[],
): void {
  const { component, repetition } = segment.message.delimiters
  if (whole.indexOf(repetition) < 0) {
    // One plain value, whose first component is read: nothing is left over.
    if (reads.components[1] === true && whole.indexOf(component) < 0) return
    addComponents(segment, whole, reads, `${name}-${field}[1]`, into)
    return
  }
  const repetitions = segment.repetitions(field)
  for (let index = 0; index < repetitions.length; index++) {
    const raw = repetitions[index]
    if (raw === undefined || raw === '' || raw === '""') continue
    const read = reads.every || (reads.last ? index === repetitions.length - 1 : index === 0)
    const at = `${name}-${field}[${index + 1}]`
    if (!read) into.push(at)
    else addComponents(segment, raw, reads, at, into)
  }
}

/** Walks over the components and cuts out those alone that are not read as a whole. */
function addComponents(segment: Segment, raw: string, reads: Reads, at: string, into: string[]): void {
  const { message } = segment
  const separator = message.delimiters.component
  let from = 0
  for (let component = 1; from <= raw.length; component++) {
    const next = component < limits.maxComponents ? raw.indexOf(separator, from) : -1
    const end = next < 0 ? raw.length : next
    const known = reads.components[component]
    if (known !== true && end > from) {
      addPart(segment, raw.slice(from, end), known, `${at}.${component}`, into)
    }
    from = end + 1
  }
}

function addPart(
  { message }: Segment,
  part: string,
  known: ReadonlySet<number> | undefined,
  at: string,
  into: string[],
): void {
  if (part === '""') return
  if (!known) into.push(at)
  else
    message.subcomponents(part).forEach((sub, inner) => {
      if (sub !== '' && sub !== '""' && !known.has(inner + 1)) into.push(`${at}.${inner + 1}`)
    })
}
