// Slices (http://hl7.org/fhir/R4/profiling.html#slicing): which slice a value is of, by discriminators; how many of each, in
// which order, and whether there may be others. Slices of slices are those of the values of one slice.
import type { Field } from '../elements.ts'
import { type Compiling, compileItem } from './compile.ts'
import { compileMatch, type Match } from './discriminator.ts'
import { type Item, type ItemCheck, type Run, report, within } from './run.ts'
import type { Discriminator, Slicing } from './structure.ts'
import type { ElementTree } from './tree.ts'

interface Slice {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly match: Match
  readonly check: (item: Item, run: Run) => void
  readonly inner: SlicesCheck | undefined
}
type SlicesCheck = (items: readonly Item[], run: Run) => void

/** Slices without a word on how they are told apart. */
function impliedSlicing(name: string, isChoice: boolean): Slicing | undefined {
  const by = (type: string, path: string): Slicing => ({
    discriminators: [{ type, path }],
    rules: 'open',
    ordered: false,
  })
  if (name === 'extension' || name === 'modifierExtension') return by('value', 'url')
  return isChoice ? by('type', '$this') : undefined
}

export function compileSlices(
  name: string,
  tree: ElementTree,
  fields: readonly Field[],
  compiling: Compiling,
): SlicesCheck | undefined {
  const { slices, rules } = tree
  const [field] = fields
  if (!field || (slices.size === 0 && rules.slicing?.rules !== 'closed')) return undefined
  const slicing = rules.slicing ?? impliedSlicing(name, fields.length > 1)
  if (!slicing) {
    compiling.problem(`${name} has slices and no slicing - say by what they are told apart`)
    return undefined
  }
  const discriminators =
    slicing.discriminators.length > 0
      ? slicing.discriminators
      : (impliedSlicing(name, fields.length > 1)?.discriminators ?? [])
  const made: Slice[] = []
  let isWhole = true
  for (const [sliceName, slice] of slices) {
    const one = compileSlice(name, sliceName, slice, { fields, discriminators }, compiling)
    if (one) made.push(one)
    else isWhole = false
  }
  return (items, run) => applySlices(made, slicing, isWhole, { items, run, step: field.name, compiling })
}

function compileSlice(
  name: string,
  sliceName: string,
  slice: ElementTree,
  { fields, discriminators }: { fields: readonly Field[]; discriminators: readonly Discriminator[] },
  compiling: Compiling,
): Slice | undefined {
  const matches: Match[] = []
  for (const discriminator of discriminators) {
    const match = compileMatch(discriminator, slice, fields, compiling)
    if (match === 'unknown') {
      const by = `${discriminator.type} ${discriminator.path}`
      compiling.note(`slice ${sliceName} of ${name} is not checked: ${by} does not tell it apart here`)
      return undefined
    }
    matches.push(match)
  }
  const perType = new Map<string, ItemCheck | undefined>()
  const check = (item: Item, run: Run): void => {
    if (!perType.has(item.type))
      perType.set(item.type, compileItem(slice, item.type, fields[0]?.row, compiling))
    perType.get(item.type)?.(item, run)
  }
  const codes = slice.rules.types?.map(({ code }) => code)
  for (const { type } of fields)
    if (fields.length === 1 || codes?.includes(type))
      perType.set(type, compileItem(slice, type, fields[0]?.row, compiling))
  return {
    name: sliceName,
    min: slice.rules.min ?? 0,
    max: slice.rules.max ?? Number.POSITIVE_INFINITY,
    match: (item, run) => matches.every((match) => match(item, run)),
    check,
    inner: compileSlices(name, slice, fields, compiling),
  }
}

interface Slicable {
  readonly items: readonly Item[]
  readonly run: Run
  readonly step: string
  readonly compiling: Compiling
}

function applySlices(
  slices: readonly Slice[],
  { rules, ordered }: Slicing,
  isWhole: boolean,
  { items, run, step, compiling: { label } }: Slicable,
): void {
  const groups = slices.map((): Item[] => [])
  let last = -1
  let isAtEnd = false
  for (const item of items) {
    const at = slices.findIndex((slice) => slice.match(item, run))
    const slice = slices[at]
    if (!slice) {
      isAtEnd = true
      if (rules === 'closed' && isWhole)
        report(run, item.step, 'structure', `is of no slice, and ${label} allows no others - remove it`)
      continue
    }
    groups[at]?.push(item)
    if (rules === 'openAtEnd' && isAtEnd)
      report(
        run,
        item.step,
        'structure',
        `slice ${slice.name} of ${label} must stand before others - move it`,
      )
    if (ordered && at < last)
      report(run, item.step, 'structure', `slice ${slice.name} of ${label} is out of order - move it`)
    last = Math.max(last, at)
    within(item.step, run, () => slice.check(item, run))
  }
  for (const [at, { name, min, max, inner }] of slices.entries()) {
    const own = groups[at] ?? []
    if (own.length < min)
      report(
        run,
        step,
        'required',
        `needs slice ${name} ${min === 1 ? '' : `${min} times `}by ${label} - add it`,
      )
    if (own.length > max)
      report(
        run,
        step,
        'structure',
        `has slice ${name} more than ${max} times, the limit of ${label} - remove it`,
      )
    inner?.(own, run)
  }
}
