// Why a value is what it is: who said what, when, by which field and row, and why one statement won.

import { type Statement, statementsByPath } from '../canonical/latest.ts'
import { masterTypes, rankMaster } from '../canonical/master.ts'
import { countedOf } from '../canonical/patient.ts'
import { type Site, trustIn } from '../canonical/site.ts'
import type { Queryable } from '../store/db.ts'
import { loadShapes, loadThings, type ShapeRow } from '../store/truth.ts'
import type { LineageEntry } from './gateway.ts'
import { isoIn } from './iso.ts'
import { contributionOf } from './load.ts'

/** Elements of a person that the most trusted source decides; all others go by time. */
const byTrust = new Set(['name', 'birthDate', 'gender'])

/** Every statement about the elements of a resource, winners first; undefined when the resource is not known. */
export async function lineageOf(
  db: Queryable,
  tenant: number,
  site: Site,
  rtype: string,
  id: string,
  path: string | undefined,
): Promise<readonly LineageEntry[] | undefined> {
  const { entities, contributions } = await loadThings(db, tenant, [{ rtype, id }])
  if (entities.length === 0) return undefined
  const said = contributions.map(contributionOf).filter((each) => each.data === undefined)
  const all = rtype === 'Patient' ? countedOf(said) : said
  const chosen = [...statementsByPath(all)].filter(
    ([element]) => path === undefined || element === path || element.startsWith(`${path}.`),
  )
  const ids = chosen.flatMap(([, statements]) => statements.flatMap(({ s }) => (s === undefined ? [] : [s])))
  const shapes = new Map(
    (await loadShapes(db, tenant, [...new Set(ids)])).map(({ id: shape, spans }) => [shape, spans]),
  )
  return chosen.flatMap(([element, statements]) => entriesOf(rtype, element, statements, site, shapes))
}

function entriesOf(
  rtype: string,
  element: string,
  statements: readonly Statement[],
  site: Site,
  shapes: ReadonlyMap<string, ShapeRow['spans']>,
): LineageEntry[] {
  const trust = (source: string) => trustIn(site, source)
  const trusted = masterTypes.has(rtype) || (rtype === 'Patient' && byTrust.has(element))
  const master = masterTypes.has(rtype)
  const ranked = master
    ? rankMaster(statements, trust)
    : trusted
      ? [...statements].sort((a, b) => trust(b.source) - trust(a.source))
      : statements
  const [winner] = ranked
  return ranked.map((each) => {
    const wins = master ? each === winner : each.source === winner?.source
    const [span] = (each.s === undefined ? undefined : shapes.get(each.s)) ?? []
    return {
      path: element,
      source: each.source,
      at: isoIn(each.t, site.gateway.timezone),
      messageId: each.i,
      v2: span?.v2 ?? each.field,
      ...(span ? { row: span.row } : {}),
      wins,
      why: wins
        ? trusted
          ? 'most trusted, then latest'
          : 'latest'
        : trusted
          ? 'less trusted or older'
          : 'older',
    }
  })
}
