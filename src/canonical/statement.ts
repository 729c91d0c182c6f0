// What becomes of a source's contribution when it states something: newer replaces older, cell by cell (semantics, section 8.4).
import {
  type Assertion,
  type CellKey,
  type Contribution,
  compareAssertions,
  splitKey,
} from './contribution.ts'
import { canonicalText } from './fhir-json.ts'
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
): Stated {
  const own = all.get(contributionKey(source, ''))
  const next: Record<CellKey, Assertion> = { ...own?.cells }
  const stale: CellKey[] = []
  const entries = Object.entries(cells)
  if (own === undefined && entries.length === 0) return { next: undefined, stale, echo: true }
  let stated = own === undefined
  let news = stated
  for (const [key, cell] of entries) {
    const known = next[key]
    const same = known !== undefined && canonicalText(known.v) === canonicalText(cell.v)
    if (known && compareAssertions(known, cell) <= 0) {
      if (known.t > cell.t && !same) stale.push(key)
      continue
    }
    if (losesToOthers(rtype, source, all, key, cell)) stale.push(key)
    next[key] = cell
    stated = true
    news ||= !same
  }
  return { next: stated ? next : undefined, stale, echo: !news && isAlone(source, all) }
}

function isAlone(source: string, all: ReadonlyMap<string, Contribution>): boolean {
  for (const each of all.values()) if (each.source !== source) return false
  return true
}

function losesToOthers(
  rtype: string,
  source: string,
  all: ReadonlyMap<string, Contribution>,
  key: CellKey,
  cell: Assertion,
): boolean {
  const { path } = splitKey(key)
  if (rtype !== 'Patient' || !latestGroups.has(path)) return false
  for (const each of all.values()) {
    if (each.source === source || each.key !== '') continue
    for (const [other, { v, t }] of Object.entries(each.cells)) {
      if (t > cell.t && splitKey(other).path === path && canonicalText(v) !== canonicalText(cell.v))
        return true
    }
  }
  return false
}

/** Merges cells of which only the first time counts; undefined when nothing is new. */
export function stateFirst(own: Contribution | undefined, cells: Cells): Cells | undefined {
  const news = Object.entries(cells).filter(([key, cell]) => {
    const known = own?.cells[key]
    return !known || compareAssertions(known, cell) < 0
  })
  return news.length > 0 ? { ...own?.cells, ...Object.fromEntries(news) } : undefined
}
