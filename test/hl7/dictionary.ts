// Message structures of hl7v2-dictionary in the notation of src/hl7/structures.generated.ts.
// `node test/hl7/dictionary.ts > src/hl7/structures.generated.ts` writes that file; a test compares the two.
import { dictionaries, type HL7MessageSegmentsDefinition } from 'hl7v2-dictionary'

// Families whose groups something here reads. Everything else is arranged without groups.
const FAMILIES = /^(?:ACK|ADT|BAR|DFT|MDM|MFN_M0[25]|ORU|SIU|VXU)(?:_|$)/

// The dictionary keys segments by name, so a structure that names one twice lost it; the swap and link events
// name the whole patient twice, which is a repeating group in all but name.
const TWO_PATIENTS = new Set(['ADT_A17', 'ADT_A24', 'ADT_A37'])
const SENT_TWICE = ['ARV', 'ROL']

interface Node {
  readonly name: string
  readonly optional: boolean
  readonly repeats: boolean
  readonly children?: readonly Node[]
}

function nodesOf(definitions: Readonly<Record<string, HL7MessageSegmentsDefinition>>): Node[] {
  const nodes = Object.entries(definitions)
    .sort(([, a], [, b]) => a.idx - b.idx)
    .map(([name, definition]) => ({
      name,
      optional: !definition.min,
      repeats: definition.max !== 1,
      ...(definition.segments && { children: nodesOf(definition.segments) }),
    }))
  const pd1 = nodes.findIndex((node) => node.name === 'PD1')
  if (pd1 < 0) return nodes
  const again = SENT_TWICE.map((name) => nodes.findIndex((node) => node.name === name))
    .filter((at) => at > pd1 + 2)
    .flatMap((at) => nodes[at] ?? [])
  return [...nodes.slice(0, pd1 + 1), ...again, ...nodes.slice(pd1 + 1)]
}

function withTwoPatients(nodes: readonly Node[]): Node[] {
  const pid = nodes.findIndex((node) => node.name === 'PID')
  const patient: Node = { name: 'PATIENT', optional: false, repeats: true, children: nodes.slice(pid) }
  return [...nodes.slice(0, pid), patient]
}

function print(nodes: readonly Node[]): string {
  return nodes
    .map((node) => {
      let text = node.children ? `${node.name}: ${print(node.children)}` : node.name
      if (node.repeats) text = `{${text}}`
      else if (node.children) text = `(${text})`
      return node.optional ? `[${text}]` : text
    })
    .join(' ')
}

/** Structure id -> definition, from the newest version that has it; ids that only repeat another are left out. */
export function structuresOfDictionary(structureOf: (type: string, event: string) => string | undefined) {
  const structures = new Map<string, string>()
  for (const dictionary of Object.values(dictionaries)) {
    for (const [id, message] of Object.entries(dictionary.messages)) {
      const [type = '', event = ''] = id.split('_')
      const own = structureOf(type, event)
      if (!FAMILIES.test(id) || (own !== undefined && own !== id) || !message.segments) continue
      const nodes = nodesOf(message.segments)
      structures.set(id, print(TWO_PATIENTS.has(id) ? withTwoPatients(nodes) : nodes))
    }
  }
  return new Map([...structures].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The text of the generated file. */
export function printStructures(structures: ReadonlyMap<string, string>): string {
  const lines = [...structures].map(([id, text]) => `  ${id}:\n    '${text}',`)
  return [
    '// Message structures, made from hl7v2-dictionary by test/hl7/dictionary.ts (HL7 v2 chapters 3, 6, 7, 9, 10).',
    '// Notation: [optional] {repeating} (group) with `NAME:` before the content of a group.',
    'export const STRUCTURES: Readonly<Record<string, string>> = {',
    ...lines,
    '}',
    '',
  ].join('\n')
}

if (import.meta.main) {
  const { structureOf } = await import('../../src/hl7/structure.ts')
  process.stdout.write(printStructures(structuresOfDictionary(structureOf)))
}
