// What a country asks for: race and ethnicity as US Core 6.1 has them (us-core-race, us-core-ethnicity).
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'

/** The profile has room for so many categories of race, and for one of ethnicity. */
const maxRaces = 5
const written = mark('extension', '.1')

/** Categories, detailed codes and a text of all repetitions of the field; undefined when nothing is said. */
function backgroundOf(run: Run, categories: string, details: string, most: number): Json | undefined {
  const repetitions = run.segment?.repetitions(run.field) ?? []
  const found = new Map<string, Json>()
  const detailed = new Map<string, Json>()
  const texts: string[] = []
  for (const raw of repetitions) {
    const parts = run.parts(raw)
    const code = run.text(parts[0])
    const category = code === undefined ? undefined : run.translate(categories, code)
    const detail = code === undefined ? undefined : run.translate(details, code)
    if (category?.code !== undefined && found.size < most)
      found.set(category.code, { url: 'ombCategory', valueCoding: codingOf(category) })
    if (detail?.code !== undefined)
      detailed.set(detail.code, { url: 'detailed', valueCoding: codingOf(detail) })
    const text = run.text(parts[8]) ?? run.text(parts[1]) ?? detail?.display ?? category?.display ?? code
    if (text !== undefined) texts.push(text)
  }
  if (texts.length === 0) return undefined
  run.mark(written)
  const text = { url: 'text', valueString: texts.join(', ') }
  return { extension: [...found.values(), ...detailed.values(), text] }
}

const codingOf = ({
  system,
  code,
  display,
}: {
  readonly system?: string
  readonly code?: string
  readonly display?: string
}): Json => ({
  ...(system !== undefined && { system }),
  ...(code !== undefined && { code }),
  ...(display !== undefined && { display }),
})

export const realmLeaves: Leaves = {
  /** All repetitions of the field are one race: table Race[OmbCategory] and Race[Detailed]. */
  'CWE[us-core-race]': {
    yields: 'Extension',
    reads: [1, 2, 3, 9],
    joins: true,
    read: (_, run) => backgroundOf(run, 'Race[OmbCategory]', 'Race[Detailed]', maxRaces),
  },
  'CWE[us-core-ethnicity]': {
    yields: 'Extension',
    reads: [1, 2, 3, 9],
    joins: true,
    read: (_, run) => backgroundOf(run, 'EthnicGroup[OmbCategory]', 'EthnicGroup[Detailed]', 1),
  },
}
