// Things that a field names in passing: practitioners, locations, organizations. Equal ones in a message
// are one.
import type { Json, Span, Thing } from '../mapped.ts'

/** Items that one field may add to a list of a linked thing. */
const maxItems = 20

interface LinkedCell {
  readonly path: string
  readonly field: string
  readonly location: string
  value: Json
  spans: readonly Span[]
}

interface Linked {
  readonly type: string
  readonly as: string
  readonly segment: { readonly name: string; readonly occurrence: number }
  readonly cells: LinkedCell[]
  readonly refs: Record<string, string>
}

/** The position that speaks of the thing. */
export interface Mention {
  readonly field: string
  readonly location: string
  readonly segment: { readonly name: string; readonly occurrence: number }
  readonly row: string
  readonly lineage: boolean
}

/** One assertion about a linked thing, with the v2 position it came from. */
export interface LinkedValue {
  readonly path: string
  readonly value: Json
  /** [fhir inside the value, v2 position] of each write: ['[0].value', 'PV1-7[1].1']. */
  readonly spans: readonly (readonly [fhir: string, v2: string])[]
}

export class LinkedThings {
  readonly #byKey = new Map<string, Linked>()
  readonly #all: Linked[] = []
  readonly #counts = new Map<string, number>()

  /** The handle under a key, if it was met. */
  find(type: string, key: string): string | undefined {
    return this.#byKey.get(`${type}|${key}`)?.as
  }

  /** Meets a thing under its keys (the first known one decides), adds what is new, returns the handle. */
  meet(
    type: string,
    keys: readonly string[],
    mention: Mention,
    values: readonly LinkedValue[],
    refs?: Readonly<Record<string, string>>,
  ): string {
    let thing: Linked | undefined
    for (const key of keys) thing ??= this.#byKey.get(`${type}|${key}`)
    if (!thing) {
      const count = (this.#counts.get(type) ?? 0) + 1
      this.#counts.set(type, count)
      thing = {
        type,
        as: `${type.toLowerCase()}:${count}`,
        segment: mention.segment,
        cells: [],
        refs: { ...refs },
      }
      this.#all.push(thing)
    }
    for (const key of keys) if (!this.#byKey.has(`${type}|${key}`)) this.#byKey.set(`${type}|${key}`, thing)
    for (const value of values) add(thing, mention, value)
    return thing.as
  }

  things(): readonly Thing[] {
    return this.#all
  }
}

function add(thing: Linked, mention: Mention, { path, value, spans }: LinkedValue): void {
  const own = thing.cells.find((cell) => cell.path === path && cell.field === mention.field)
  const traced = mention.lineage ? spans : []
  if (!own) {
    const others = thing.cells.some((cell) => cell.path === path && sameText(cell.value, value))
    if (others) return
    const cell: LinkedCell = {
      path,
      field: mention.field,
      location: mention.location,
      value,
      spans: traced.map(([fhir, v2]) => ({ fhir: path + fhir, v2, row: mention.row })),
    }
    thing.cells.push(cell)
    return
  }
  if (!Array.isArray(own.value) || !Array.isArray(value)) return
  if (own.value.length >= maxItems) return
  const known = new Set(own.value.map((item) => JSON.stringify(item)))
  const fresh = value.filter((item) => !known.has(JSON.stringify(item)))
  if (fresh.length === 0) return
  const shift = own.value.length
  own.value = [...own.value, ...fresh]
  own.spans = [
    ...own.spans,
    ...traced.map(([fhir, v2]) => ({ fhir: path + moved(fhir, shift), v2, row: mention.row })),
  ]
}

function moved(fhir: string, shift: number): string {
  return fhir.replace(/^\[(\d+)\]/, (_, index: string) => `[${Number(index) + shift}]`)
}

function sameText(a: Json, b: Json): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
