// People named in passing (HL7 v2.9.1 chapter 2A XCN; FHIR R4 Practitioner, HumanName).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Named } from '../people.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'
import { displayOf, readPerson, valuesOf } from './read-person.ts'

const at = {
  reference: mark('reference', '.1'),
  named: mark('reference', '.2'),
  display: mark('display', '.2'),
  id: mark('id', '.1'),
  identifier: mark('identifier.value', '.1'),
}

/** Identifiers of one person that are joined; nobody has more, but messages may. */
const maxIdentifiers = 20
/** People of one field among whom an identifier looks for its owner. */
const maxPeople = 64

const peopleOf = (run: Run): Named[] => run.people.of(run.segment?.index ?? 0, run.field)

function practitioner(raw: string, run: Run): Json | undefined {
  // Of several repetitions each may add a number to the person before it.
  if (run.level > 0 || run.segment?.raw(run.field) !== raw) return onePractitioner(raw, run)
  const known = run.people.said
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
    const person = index === 0 ? undefined : readPerson(other, run)
    if (person?.id === undefined) continue
    run.repetition = index
    const keys = [first.key, `${person.system ?? ''}|${person.id}`]
    run.linked.meet('Practitioner', keys, run.mention(), valuesOf(person, run))
  }
  run.repetition = 0
  return value
}

const isDisplayed = (value: Json): boolean => (value as { readonly display?: string }).display !== undefined

function onePractitioner(raw: string, run: Run): Json | undefined {
  const person = readPerson(raw, run)
  const { id, display, called: name, system = '' } = person
  if (id === undefined && display === undefined) return undefined
  const key = id === undefined ? `name|${name}` : `${system}|${id}`
  const people = peopleOf(run)
  const kind = `${system}|${person.said.type ?? ''}`
  // 2.3 and later: one repetition per identifier of the same person; an authority gives a person one identifier
  // of each type.
  const same = people.find(
    (one) =>
      display !== undefined &&
      one.name === name &&
      one.kinds.length < maxIdentifiers &&
      !one.kinds.includes(kind),
  )
  if (same) {
    same.kinds.push(kind)
    run.linked.meet('Practitioner', [same.key, key], run.mention(), valuesOf(person, run))
    return undefined
  }
  if (people.length < maxPeople) people.push({ name, key, kinds: [kind] })
  const handle = run.linked.meet('Practitioner', [key], run.mention(), valuesOf(person, run))
  run.mark(id === undefined ? at.named : at.reference)
  if (display !== undefined) run.mark(at.display)
  const reference = `#${handle}`
  return display === undefined ? { reference } : { reference, display }
}

const xcnReads = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 17, 19, 20, 21]

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
      const { id, system, display } = readPerson(raw, run)
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
      const { id, system, display } = readPerson(raw, run)
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
      const { id, display } = readPerson(raw, run)
      return display ?? id
    },
  },
  /** The whole name as text. */
  'XPN[full]': {
    yields: 'string',
    byText: true,
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
    byText: true,
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
