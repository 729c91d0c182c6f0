// Residue: which parts of a field some row reads, and which valued positions nothing read.
import type { Segment } from '../../hl7/message.ts'

/** Parts of a field that are read. Index = component; true = all of it, else its subcomponents. */
export interface Reads {
  whole: boolean
  /** All repetitions are read; otherwise the first, or the last. */
  every: boolean
  last: boolean
  readonly components: (true | Set<number> | undefined)[]
}

/** Index = field. */
export type ReadPlan = (Reads | undefined)[]

/** Residue kept per message; the raw message has the rest. */
export const maxResidue = 2_000

export function readsAt(plan: ReadPlan, field: number): Reads {
  const known = plan[field]
  if (known) return known
  const made: Reads = { whole: false, every: false, last: false, components: [] }
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

/**
 * Adds the valued positions of a segment that the plan does not read: 'PV1-21', 'NK1[2]-13[1].9',
 * 'PID-5[1].1.4'.
 */
export function addResidue(segment: Segment, plan: ReadPlan, into: string[]): void {
  const count = segment.fieldCount
  let name: string | undefined
  for (let field = 1; field <= count; field++) {
    const reads = plan[field]
    if (reads?.whole) continue
    const raw = segment.raw(field)
    if (raw === undefined || raw === '' || raw === '""') continue
    if (into.length >= maxResidue) return
    name ??= segment.occurrence === 1 ? segment.name : `${segment.name}[${segment.occurrence}]`
    if (!reads) into.push(`${name}-${field}`)
    else addParts(segment, field, reads, name, into)
  }
}

function addParts(segment: Segment, field: number, reads: Reads, name: string, into: string[]): void {
  const { component, repetition } = segment.message.delimiters
  const whole = segment.raw(field) ?? ''
  // One plain value, whose first component is read: nothing is left over.
  if (reads.components[1] === true && whole.indexOf(component) < 0 && whole.indexOf(repetition) < 0) return
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

function addComponents(segment: Segment, raw: string, reads: Reads, at: string, into: string[]): void {
  const { message } = segment
  if (reads.components[1] === true && raw.indexOf(message.delimiters.component) < 0) return
  message.components(raw).forEach((part, index) => {
    const known = reads.components[index + 1]
    if (known === true || part === '' || part === '""') return
    if (!known) {
      into.push(`${at}.${index + 1}`)
      return
    }
    message.subcomponents(part).forEach((sub, inner) => {
      if (sub !== '' && sub !== '""' && !known.has(inner + 1)) into.push(`${at}.${index + 1}.${inner + 1}`)
    })
  })
}
