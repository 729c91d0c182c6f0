// What becomes of a source's contribution when it states something: newer replaces older, cell by cell (semantics, section 8.4).

import { sameContent } from '../fhir-json.ts'
import { contradicts } from '../person/contact-points.ts'
import {
  type Assertion,
  type CellKey,
  type Contribution,
  compareAssertions,
  splitKey,
} from './contribution.ts'
import { choiceOf } from './latest.ts'
import { contributionKey } from './world.ts'

type Cells = Readonly<Record<CellKey, Assertion>>

/** Latest-wins groups of a person are compared with the winning source, too. */
const latestGroups = new Set(['address', 'telecom', 'maritalStatus', 'communication'])

export interface Stated {
  /** The source's cells afterwards; undefined when nothing was taken. */
  readonly next: Cells | undefined
  /** Cells that differ from something newer. */
  readonly stale: CellKey[]
  /** Said again by the only one who speaks of it: later now, but nothing that shows can differ. */
  readonly echo: boolean
}

/** Merges cells into what `source` has said of a thing, of which `all` has been said. */
export function stateCells(
  rtype: string,
  source: string,
  all: ReadonlyMap<string, Contribution>,
  cells: Cells,
  key = '',
): Stated {
  const own = all.get(contributionKey(source, key))
  const next: Record<CellKey, Assertion> = { ...own?.cells }
  const stale: CellKey[] = []
  const entries = Object.entries(cells)
  if (own === undefined && entries.length === 0) return { next: undefined, stale, echo: true }
  let stated = own === undefined
  let news = stated
  for (const [at, cell] of entries) {
    const known = next[at]
    const same = known !== undefined && sameContent(known.v, cell.v)
    if (known && compareAssertions(known, cell) <= 0) {
      if (known.t > cell.t && !same) stale.push(at)
      continue
    }
    const late = known === undefined && own !== undefined && contradictsForm(own.cells, at, cell)
    if (late || losesToOthers(rtype, source, all, at, cell)) stale.push(at)
    next[at] = cell
    stated = true
    news ||= !same
  }
  // What was removed comes back with anything that is said later.
  const echo = !news && !('$removed<EVN-1' in next) && isAlone(source, all) && !isReordered(next, cells)
  return { next: stated ? next : undefined, stale, echo }
}

/** Another form of the same choice says the opposite, and later: a time of death after a no (PID-29 and PID-30). */
function contradictsForm(own: Cells, at: CellKey, cell: Assertion): boolean {
  const choice = choiceOf(splitKey(at).path)
  if (choice === undefined) return false
  const affirms = ({ v }: Assertion) => v !== null && v !== false
  return Object.entries(own).some(
    ([key, other]) =>
      other.t > cell.t && choiceOf(splitKey(key).path) === choice && affirms(other) !== affirms(cell),
  )
}

function isAlone(source: string, all: ReadonlyMap<string, Contribution>): boolean {
  for (const each of all.values()) if (each.source !== source) return false
  return true
}

/** True when one of several cells about one element is said again without the others: it may win over them now. */
function isReordered(next: Cells, cells: Cells): boolean {
  const said = new Set(Object.keys(cells).map(rootOf))
  for (const key in next) if (!(key in cells) && said.has(rootOf(key))) return true
  return false
}

/** 'period' of 'period.start<IN1-12', 'multipleBirth' of 'multipleBirthBoolean<PID-24'; identifiers are told apart. */
function rootOf(key: CellKey): string {
  const { path, field } = splitKey(key)
  // ':system|value|type': a number is one, whatever its type.
  if (path === 'identifier') return `identifier${field.slice(field.indexOf(':')).split('|', 2).join('|')}`
  return choiceOf(path) ?? path.replace(/[.].*$/s, '')
}

function losesToOthers(
  rtype: string,
  source: string,
  all: ReadonlyMap<string, Contribution>,
  key: CellKey,
  cell: Assertion,
): boolean {
  const { path, field } = splitKey(key)
  if (rtype !== 'Patient' || !latestGroups.has(path)) return false
  for (const each of all.values()) {
    if (each.source === source || each.key !== '') continue
    for (const [at, other] of Object.entries(each.cells)) {
      const rival = splitKey(at)
      if (other.t <= cell.t || rival.path !== path) continue
      if (contradicts({ ...other, ...rival, source: each.source }, { ...cell, path, field, source }))
        return true
    }
  }
  return false
}
