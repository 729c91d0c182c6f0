// The HL7 table that the codes of a field are of (HL7 v2.9.1 chapter 2C), by segment and field.
import { codeTables } from './v2.generated.ts'

const tablesOf = new Map<string, ReadonlyMap<number, string>>()

function read(segment: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const each of (codeTables[segment] ?? '').split(' ')) {
    const [field, table] = each.split(':')
    if (table !== undefined) found.set(Number(field), table)
  }
  return found
}

/** '0069' of PV1-10; undefined when no version names a table. */
export function tableOfField(segment: string, field: number): string | undefined {
  if (codeTables[segment] === undefined) return undefined
  let known = tablesOf.get(segment)
  if (!known) {
    known = read(segment)
    tablesOf.set(segment, known)
  }
  return known.get(field)
}
