// What messages make of an empty store, in the words of the decision tables: the maps and rules of the program on the
// demo site, FHIRPath over the resources, references by the number or name of what they point to.
import { join } from 'node:path'
import { openSite } from '../../src/cli/reading.ts'
import { preview } from '../../src/pipeline/reading/preview.ts'
import { readPayload } from '../../src/pipeline/reading/receive.ts'
import { evaluate } from '../fhir/fhirpath.ts'

/** Each its event and its segments. */
export type Messages = readonly (readonly string[])[]

/** A row of mapping-decisions.csv and what shows that it holds. */
export interface Decision {
  /** Row of the table, from 1. */
  readonly n: number
  /** Its first column, word for word. */
  readonly field: string
  /** What was decided, in short. */
  readonly decided: string
  /** Messages in order: the event, then segments as 'PID 3=M1^^^RGH^MR;5=DOE^JANE'. */
  readonly hears?: Messages
  /**
   * FHIRPath -> its values, all of them and in order; a single one stands alone, [] is none. ext('x') is an extension of
   * ours, std('x') one of HL7's; codes() of a concept and pair() of a Coding are 'system|code', without the address of
   * terminology.hl7.org.
   */
  readonly gives?: Readonly<Record<string, unknown>>
  /** Warnings and errors of the last message: 'W STALE PID^1^11'. */
  readonly says?: readonly string[]
  /** Positions of the last message that are kept as residue. */
  readonly residue?: readonly string[]
  /** Where it is shown already: file of a test, name of the test. */
  readonly shown?: readonly (readonly [file: string, name: string])[]
  /** What we do otherwise, and why. */
  readonly departs?: string
}

export interface Heard {
  readonly resources: readonly Resource[]
  readonly errors: readonly string[]
  readonly residue: readonly string[]
}

type Resource = Readonly<Record<string, unknown>>

/** A person with an account, and a visit of an inpatient. */
export const pid = 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;18=A1^^^RGHACCT^AN'
export const pv1 = 'PV1 2=I;19=V1^^^RGHVN^VN'

const root = join(import.meta.dirname, '../..')
const open = openSite(join(root, 'profiles/sites/demo/site.json'), {})
/** After all messages, so that none of them lies in the future. */
const now = new Date('2026-12-01T12:00:00Z')

/** Who says it, by the first letters of the event: the owner of its numbers. */
const senders: Readonly<Record<string, string>> = { SIU: 'SCHED1|RGH', DFT: 'BILL1|RGH', BAR: 'BILL1|RGH' }

/** 'PID 3=X;5=Y' is PID|||X||Y. */
function segmentOf(written: string): string {
  const [name = '', ...rest] = written.split(' ')
  const fields: string[] = []
  for (const part of rest.join(' ').split(';')) {
    const at = part.indexOf('=')
    fields[Number(part.slice(0, at)) - 1] = part.slice(at + 1)
  }
  return [name, ...Array.from(fields, (each) => each ?? '')].join('|')
}

/** The messages are a minute apart, from 8 o'clock of 2 March 2026. */
function messageOf([event = '', ...segments]: readonly string[], place: number): string {
  const time = `202603020${8 + Math.floor(place / 60)}${String(place % 60).padStart(2, '0')}00`
  const sender = senders[event.slice(0, 3)] ?? 'ADT1|RGH'
  const isTold = segments.some((each) => each.startsWith('EVN'))
  if (segments[0]?.startsWith('MSH')) {
    // MSH-1 is the separator itself.
    return segments.map(segmentOf).join('\r').replace('||', '|')
  }
  const head = `MSH|^~\\&|${sender}|PORTICO|RGH|${time}||${event}|D${place}|P|2.8.2`
  const evn = isTold || !event.startsWith('ADT') ? [] : [`EVN||${time}`]
  return [head, ...evn, ...segments.map(segmentOf)].join('\r')
}

/** Applies the messages in order. */
export function hear(messages: Messages): Heard {
  const items = messages.flatMap((each, i) => {
    const read = readPayload(
      { raw: Buffer.from(messageOf(each, i)), channel: 'file', peer: 'decision' },
      {
        site: () => open.site,
        maps: () => open.maps,
        now: () => now,
        newControlId: () => `G${i}`,
        lineage: false,
      },
    )
    return 'fault' in read ? [read.fault] : read.items
  })
  const { resources, results } = preview(items, open.site)
  return {
    resources: labelled(JSON.parse(JSON.stringify(resources)) as Resource[]),
    errors: (results.at(-1)?.errors ?? []).map(({ severity, code, app, locations }) =>
      [severity, app ?? code, ...(locations ?? [])].join(' '),
    ),
    residue: items.at(-1)?.mapped?.residue ?? [],
  }
}

/** References by the first number or the name of their target: 'Practitioner/88', 'Location/3N-101-A'. */
function labelled(resources: readonly Resource[]): readonly Resource[] {
  const names = new Map(
    resources.map((each) => [`${String(each.resourceType)}/${String(each.id)}`, labelOf(each)]),
  )
  const text = JSON.stringify(resources).replaceAll(
    /"([A-Z]\w+)\/([0-9a-f-]{36})"/g,
    (whole, type: string, id: string) => {
      const name = names.get(`${type}/${id}`)
      return name === undefined ? whole : JSON.stringify(`${type}/${name}`)
    },
  )
  return JSON.parse(text) as Resource[]
}

function labelOf(resource: Resource): string {
  const [found] = evaluate(
    resource,
    'identifier.value | subscriberId | name.ofType(string) | name.family | code.text | code.coding.code',
  )
  return String(found ?? '')
}

const terminology = 'http://terminology.hl7.org/CodeSystem/'

const expanded = (path: string): string =>
  path
    .replaceAll(/\bext\('([^']+)'\)/g, "extension('http://portico.example.org/StructureDefinition/$1')")
    .replaceAll(/\bstd\('([^']+)'\)/g, "extension('http://hl7.org/fhir/StructureDefinition/$1')")
    .replaceAll('.codes()', '.coding.pair()')
    .replaceAll('.pair()', ".select(system & '|' & code)")

/** Values of an expression that begins with a type of resource, over all resources of that type. */
export function valuesOf({ resources }: Heard, path: string): unknown[] {
  const type = /^\w+/.exec(path)?.[0]
  const values = resources
    .filter(({ resourceType }) => resourceType === type)
    .flatMap((each) => evaluate(each, expanded(path)))
    .map((each) =>
      typeof each === 'string' && each.startsWith(terminology) ? each.slice(terminology.length) : each,
    )
  return JSON.parse(JSON.stringify(values)) as unknown[]
}
