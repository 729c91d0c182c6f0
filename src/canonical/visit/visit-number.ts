// Sources that put the visit's number where the account's belongs (pid18IsVisit of the site; semantics, section 10).
import type { Cell, Json, Thing } from '../../mappings/mapped.ts'
import type { Applying } from '../applying.ts'
import { isObject } from '../truth/event-elements.ts'

const visitNumber: Json = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'VN' }],
}

/** The message as its source means it: PID-18 names the visit, and there is no account. */
export function withVisitNumbers(applying: Applying): Applying {
  if (!applying.source.pid18IsVisit) return applying
  const { mapped } = applying
  const accounts = new Map(
    mapped.things.filter((each) => each.type === 'Account').map((each) => [each.as, each]),
  )
  if (accounts.size === 0) return applying
  const things = mapped.things
    .filter((each) => !accounts.has(each.as))
    .map((each) => {
      const account = each.type === 'Encounter' ? accounts.get(each.refs.account ?? '') : undefined
      return account ? named(each, account) : each
    })
  return { ...applying, mapped: { ...mapped, things } }
}

/** PV1-19 may say the same once more, or add a number. */
function named(visit: Thing, account: Thing): Thing {
  const numbers = account.cells
    .filter((each) => each.path === 'identifier')
    .map((each): Cell => ({ ...each, value: asVisitNumbers(each.value) }))
  return { ...visit, cells: [...numbers, ...visit.cells] }
}

const asVisitNumbers = (value: Json): Json =>
  Array.isArray(value)
    ? (value as readonly Json[]).map((each) => (isObject(each) ? { ...each, type: visitNumber } : each))
    : value
