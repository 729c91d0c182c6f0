// Names for statements whose text depends on the request: searches of the same form may share one prepared statement.
import type { Filter } from '../fhir/filter.ts'

/** Prepared statements live as long as their connection, and names are labels of metrics: so there are only some. */
const maxNames = 100
const names = new Map<string, string>()

/**
 * A name for a statement with these conditions. '' = planned anew each time: for forms that came after the first
 * `maxNames`, and where the best plan depends on the values. How much a range, a prefix or a code selects differs by
 * orders of magnitude; a plan made once for all of them is a bad one for most.
 */
export function statementName(kind: string, text: string, filters: readonly Filter[]): string {
  if (!filters.every(isSelective)) return ''
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= maxNames) return ''
  const name = `${kind}_${names.size}`
  names.set(text, name)
  return name
}

/** Finds few, whatever its value. */
function isSelective(filter: Filter): boolean {
  switch (filter.kind) {
    case 'id':
      return true
    case 'identifier':
      return !filter.not && filter.values.every(({ code }) => code !== undefined)
    case 'chain':
      return filter.alternatives.every((each) => isSelective(each.filter))
    default:
      return false
  }
}
