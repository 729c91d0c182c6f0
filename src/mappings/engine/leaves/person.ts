// People named in passing (HL7 v2.9.1 chapter 2A XCN; FHIR R4 Practitioner, HumanName).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { LinkedValue } from '../linked.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { authority, typeCoding } from './identifier.ts'

const at = {
  reference: mark('reference', '.1'),
  named: mark('reference', '.2'),
  display: mark('display', '.2'),
  id: mark('id', '.1'),
  identifier: mark('identifier.value', '.1'),
}

interface Person {
  readonly id: string | undefined
  readonly system: string | undefined
  readonly type: string | undefined
  readonly name: { readonly [key: string]: Json }
  readonly display: string | undefined
}

function readPerson(parts: readonly string[], run: Run): Person {
  const family = run.text(run.subparts(parts[1] ?? '')[0])
  const given = [run.text(parts[2]), run.text(parts[3])].filter((name) => name !== undefined)
  const prefix = run.text(parts[5])
  const suffix = [run.text(parts[4]), run.text(parts[6]), run.text(parts[20])].filter(
    (name) => name !== undefined,
  )
  const kind = run.text(parts[9])
  const use = kind === undefined ? undefined : run.translate('NameType', kind)?.code
  const id = run.text(parts[0])
  const type = run.text(parts[12])
  return {
    id,
    type,
    system: id === undefined ? undefined : systemOf(parts, type, run),
    name: {
      ...(use !== undefined && { use }),
      ...(family !== undefined && { family }),
      ...(given.length > 0 && { given }),
      ...(prefix !== undefined && { prefix: [prefix] }),
      ...(suffix.length > 0 && { suffix }),
    },
    display: displayOf(family, given),
  }
}

function displayOf(family: string | undefined, given: readonly string[]): string | undefined {
  if (family === undefined) return given.length > 0 ? given.join(' ') : undefined
  return given.length > 0 ? `${family}, ${given.join(' ')}` : family
}

/**
 * The authority's system; a number without one is known to its source only (XCN.8 names the source table).
 */
function systemOf(parts: readonly string[], type: string | undefined, run: Run): string {
  const designator = run.designator(parts[8])
  const named = designator.namespace !== undefined || designator.universalId !== undefined
  // Without an authority only a type that the site ties to a system (NPI) tells more than the source does.
  if (named || type === 'NPI') {
    const system = authority(named ? designator : { namespace: 'NPI' }, type, run)
    if (system !== undefined) return system
  }
  return run.localSystem(run.text(parts[7]) ?? 'practitioner')
}

/** Identifiers of one person that are joined; nobody has more, but messages may. */
const maxIdentifiers = 20
/** People of one field among whom an identifier looks for its owner. */
const maxPeople = 64

/** What the earlier repetitions of the field at work named, for joining those of one person. */
interface Named {
  readonly name: string
  readonly key: string
  readonly systems: string[]
}

const namedIn = new WeakMap<Run, { segment: number; field: number; people: Named[] }>()

function peopleOf(run: Run): Named[] {
  const segment = run.segment?.index ?? 0
  const known = namedIn.get(run)
  if (known?.segment === segment && known.field === run.field) return known.people
  const people: Named[] = []
  namedIn.set(run, { segment, field: run.field, people })
  return people
}

function nameOf({ name: { family, given } }: Person): string {
  return JSON.stringify([family ?? null, given ?? null]).toUpperCase()
}

/** What a whole field said of one person, by its text: messages name the same doctor in many places. */
const readIn = new WeakMap<Run, Map<string, { readonly value: Json; readonly named: boolean }>>()

function practitioner(raw: string, run: Run): Json | undefined {
  // Of several repetitions each may add a number to the person before it.
  if (run.level > 0 || run.segment?.raw(run.field) !== raw) return onePractitioner(raw, run)
  let known = readIn.get(run)
  if (!known) {
    known = new Map()
    readIn.set(run, known)
  }
  const before = known.get(raw)
  if (before) {
    run.mark(before.named ? at.named : at.reference)
    if (isDisplayed(before.value)) run.mark(at.display)
    return before.value
  }
  const value = onePractitioner(raw, run)
  if (value !== undefined) known.set(raw, { value, named: run.text(run.parts(raw)[0]) === undefined })
  return value
}

/** A field whose repetitions are the numbers of one person: the person that the first one names has them all. */
function onePerson(raw: string, run: Run): Json | undefined {
  const value = onePractitioner(raw, run)
  const all = run.segment?.repetitions(run.field) ?? []
  if (value === undefined || all.length < 2) return value
  const [first] = peopleOf(run)
  if (!first) return value
  for (const [index, other] of all.slice(0, maxIdentifiers).entries()) {
    const parts = run.parts(other)
    const person = index === 0 ? undefined : readPerson(parts, run)
    if (person?.id === undefined) continue
    run.repetition = index
    const keys = [first.key, `${person.system ?? ''}|${person.id}`]
    run.linked.meet('Practitioner', keys, run.mention(), values(person, parts, run))
  }
  run.repetition = 0
  return value
}

const isDisplayed = (value: Json): boolean => (value as { readonly display?: string }).display !== undefined

function onePractitioner(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const person = readPerson(parts, run)
  const { id, display, system = '' } = person
  if (id === undefined && display === undefined) return undefined
  const name = nameOf(person)
  const key = id === undefined ? `name|${name}` : `${system}|${id}`
  const people = peopleOf(run)
  // 2.3 and later: one repetition per identifier of the same person; an authority gives a person one
  // identifier.
  const same = people.find(
    (one) =>
      display !== undefined &&
      one.name === name &&
      one.systems.length < maxIdentifiers &&
      !one.systems.includes(system),
  )
  if (same) {
    same.systems.push(system)
    run.linked.meet('Practitioner', [same.key, key], run.mention(), values(person, parts, run))
    return undefined
  }
  if (people.length < maxPeople) people.push({ name, key, systems: [system] })
  const handle = run.linked.meet('Practitioner', [key], run.mention(), values(person, parts, run))
  run.mark(id === undefined ? at.named : at.reference)
  if (display !== undefined) run.mark(at.display)
  const reference = `#${handle}`
  return display === undefined ? { reference } : { reference, display }
}

function values(person: Person, parts: readonly string[], run: Run): LinkedValue[] {
  const found: LinkedValue[] = []
  const spans = (list: readonly (readonly [fhir: string, component: number])[]) =>
    run.context.lineage
      ? list
          .filter(([, component]) => run.text(parts[component - 1]) !== undefined)
          .map(([fhir, component]) => [fhir, run.printed(`.${component}`)] as const)
      : []
  const { id, system, type, name, display } = person
  if (id !== undefined && system !== undefined) {
    const coded = type === undefined ? {} : { type: typeCoding(type, run) }
    const from = spans([
      ['[0].value', 1],
      ['[0].system', 9],
      ['[0].type', 13],
    ])
    found.push({ path: 'identifier', value: [{ ...coded, system, value: id }], spans: from })
  }
  if (display !== undefined) {
    const from = nameParts
      .filter(([key]) => name[key] !== undefined)
      .map(([key, at]) => [`[0].${key}`, at] as const)
    found.push({ path: 'name', value: [name], spans: spans(from) })
  }
  return found
}

const nameParts = [
  ['use', 10],
  ['family', 2],
  ['given', 3],
  ['given', 4],
  ['prefix', 6],
  ['suffix', 5],
  ['suffix', 7],
  ['suffix', 21],
] as const

const xcnReads = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 21]

export const personLeaves: Leaves = {
  'XCN[Practitioner]': { yields: 'Reference', links: 'Practitioner', reads: xcnReads, read: practitioner },
  /** AIP-3: what repeats are the numbers of one person. */
  'XCN[Practitioner-One]': {
    yields: 'Reference',
    links: 'Practitioner',
    reads: xcnReads,
    joins: true,
    read: onePerson,
  },
  /** Who did it, for provenance: no resource of its own. */
  'XCN[operator]': {
    yields: '',
    reads: xcnReads,
    read: (raw, run) => {
      const { id, system, display } = readPerson(run.parts(raw), run)
      if (id === undefined && display === undefined) return undefined
      if (id !== undefined) run.mark(at.id)
      if (display !== undefined) run.mark(at.display)
      return {
        ...(id !== undefined && { id }),
        ...(system !== undefined && { system }),
        ...(display !== undefined && { display }),
      }
    },
  },
  /** Who it is, by number and name alone: clerks and callers are no resources. */
  'XCN[who]': {
    yields: 'Reference',
    reads: xcnReads,
    read: (raw, run) => {
      const { id, system, display } = readPerson(run.parts(raw), run)
      if (id === undefined && display === undefined) return undefined
      if (id !== undefined) run.mark(at.identifier)
      if (display !== undefined) run.mark(at.display)
      return {
        ...(id !== undefined && { identifier: { ...(system !== undefined && { system }), value: id } }),
        ...(display !== undefined && { display }),
      }
    },
  },
  /** Who it is as text: the name, else the number. */
  'XCN[string]': {
    yields: 'string',
    reads: [1, 2, 3, 4],
    read: (raw, run) => {
      const { id, display } = readPerson(run.parts(raw), run)
      return display ?? id
    },
  },
  /** The whole name as text. */
  'XPN[full]': {
    yields: 'string',
    reads: [1, 2, 3],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const family = run.text(run.subparts(parts[0] ?? '')[0])
      return displayOf(
        family,
        [run.text(parts[1]), run.text(parts[2])].filter((name) => name !== undefined),
      )
    },
  },
  /** Mother's maiden name: the family name alone. */
  'XPN[string]': {
    yields: 'string',
    reads: [1, 2, 3],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const family = run.text(run.subparts(parts[0] ?? '')[0])
      return (
        family ??
        displayOf(
          undefined,
          [run.text(parts[1]), run.text(parts[2])].filter((n) => n !== undefined),
        )
      )
    },
  },
}
