// Each value that mapping wrote, with its FHIR path, its v2 position and its row. Pure.
import type { Cell, Json, Mapped, Thing } from '../mappings/mapped.ts'

export interface ExplainedValue {
  /** 'Patient.name[0].family'; facts that only the rules read have a $: 'Encounter.$class'. */
  readonly path: string
  /** JSON text of what is no string, '(deleted)' for "". */
  readonly value: string
  /** 'PID-5[1].1.1' */
  readonly v2: string
  /** 'XPN[HumanName]#3' */
  readonly row: string
  /** Handle of the thing: tells two of one type apart. */
  readonly thing: string
}

/** All written values in the order of things and cells. */
export function explainMapped({ things }: Mapped): ExplainedValue[] {
  return things.flatMap(explainThing)
}

function explainThing(thing: Thing): ExplainedValue[] {
  const counts = new Map<string, number>()
  return thing.cells.flatMap((cell) => {
    // Fields that assert the same element (PID-13, PID-14) are numbered through, as in the resource.
    const shift = counts.get(cell.path) ?? 0
    if (Array.isArray(cell.value)) counts.set(cell.path, shift + cell.value.length)
    return explainCell(thing, cell, shift)
  })
}

function explainCell(thing: Thing, cell: Cell, shift: number): ExplainedValue[] {
  const at = (path: string) => `${thing.type}.${path}`
  if (cell.value === null || cell.spans.length === 0) {
    const [span] = cell.spans
    const place = { v2: span?.v2 ?? cell.field, row: span?.row ?? '' }
    return [{ path: at(cell.path), value: show(cell.value), ...place, thing: thing.as }]
  }
  return cell.spans.map(({ fhir, v2, row }) => {
    const inner = fhir.startsWith(cell.path) ? fhir.slice(cell.path.length) : fhir
    const moved = inner.replace(/^\[(\d+)\]/, (_, index: string) => `[${Number(index) + shift}]`)
    return { path: at(cell.path + moved), value: show(valueAt(cell.value, inner)), v2, row, thing: thing.as }
  })
}

const STEP = /^(?:\.?([A-Za-z_$][\w$]*)(?:\('([^']*)'\))?|\[(\d+)\])/

/** The value at '[0].given[1]' or ".extension('url').valueCode"; undefined when there is none. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  let at = value
  let rest = path
  while (rest !== '' && at !== undefined) {
    const match = STEP.exec(rest)
    if (!match) return undefined
    const [all, name, url, index] = match
    rest = rest.slice(all.length)
    if (index !== undefined) at = Array.isArray(at) ? at[Number(index)] : Number(index) === 0 ? at : undefined
    else if (name !== undefined) at = member(at, name, url)
  }
  return at
}

function member(value: Json, name: string, url: string | undefined): Json | undefined {
  const owner = Array.isArray(value) ? value[0] : value
  if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) return undefined
  const found: Json | undefined = Object.hasOwn(owner, name)
    ? (owner as { [key: string]: Json })[name]
    : undefined
  if (url === undefined) return found
  const list: readonly Json[] = Array.isArray(found) ? found : []
  return list.find((each) => typeof each === 'object' && each !== null && 'url' in each && each.url === url)
}

function show(value: Json | undefined): string {
  if (value === undefined) return ''
  if (value === null) return '(deleted)'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** True at or below `wanted`: 'Patient.name' takes in 'Patient.name[0].family'. Indexes count when given. */
export function isBelow(path: string, wanted: string): boolean {
  const own = wanted.includes('[') ? path : path.replace(/\[\d+\]/g, '')
  if (!own.startsWith(wanted)) return false
  const next = own.charAt(wanted.length)
  return next === '' || next === '.' || next === '['
}
