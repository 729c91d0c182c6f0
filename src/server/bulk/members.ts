// The patients of a Group (http://hl7.org/fhir/R4/group.html): those who are members now, also by Groups in it.
import { isObject, type JsonObject, primitiveText } from '../../fhir/types.ts'
import { bulkLimits } from './limits.ts'

type Read = (ids: readonly string[]) => Promise<readonly JsonObject[]>

const entity = /^(Patient|Group)\/([A-Za-z0-9.-]{1,64})$/

export async function memberIds(group: string, at: Date, read: Read): Promise<string[]> {
  const patients = new Set<string>()
  const seen = new Set<string>()
  let next = [group]
  for (let depth = 0; next.length > 0 && depth < bulkLimits.maxGroupDepth; depth++) {
    const bodies = await read(next)
    for (const id of next) seen.add(id)
    const inside = new Set<string>()
    for (const [type, id] of bodies.flatMap((body) => membersIn(body, at)))
      (type === 'Patient' ? patients : inside).add(id)
    next = [...inside].filter((id) => !seen.has(id))
  }
  return [...patients]
}

function membersIn({ member }: JsonObject, at: Date): [type: string, id: string][] {
  const list: readonly unknown[] = Array.isArray(member) ? member : []
  return list.filter(isObject).flatMap((each): [string, string][] => {
    const period = isObject(each.period) ? each.period : {}
    const isOver = typeof period.end === 'string' && endOf(period.end) < at.getTime()
    if (each.inactive === true || isOver || !isObject(each.entity)) return []
    const [, type, id] = entity.exec(primitiveText(each.entity.reference)) ?? []
    return type !== undefined && id !== undefined ? [[type, id]] : []
  })
}

/** A date of any precision lasts to its end; a day more or less of a zone does not matter for a membership. */
function endOf(text: string): number {
  if (text.length > 10) return Date.parse(text)
  const [year = 0, month = 12, day = 31] = text.split('-').map(Number)
  return Date.UTC(year, month - 1, Math.min(day, 31) + 1)
}
