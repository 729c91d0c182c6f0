// Names for statements whose text depends on the request: searches of the same form share one prepared statement.

/** Prepared statements live as long as their connection, and names are labels of metrics: so there are only some. */
const maxNames = 200
const names = new Map<string, string>()

/** A name for this text; '' (parsed anew each time) for forms that came after the first `maxNames`. */
export function statementName(kind: string, text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= maxNames) return ''
  const name = `${kind}_${names.size}`
  names.set(text, name)
  return name
}
