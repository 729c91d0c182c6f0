// What holds of every state, whatever was said: the invariants of the specification that one look at a store can check.
import assert from 'node:assert/strict'
import Big from 'big.js'
import type { TestDatabase } from '../database.ts'
import type { Listener } from './histories.ts'

interface Reference {
  readonly reference: string
}
interface Period {
  readonly start?: string
  readonly end?: string
}
interface Shown {
  readonly resourceType: string
  readonly id?: string
  readonly active?: boolean
  readonly status?: string
  readonly identifier?: readonly { readonly system: string; readonly value: string; readonly use?: string }[]
  readonly account?: readonly Reference[]
  readonly request?: Reference
  readonly priceOverride?: { readonly value: number }
  readonly amount?: { readonly value: number }
  readonly coverage?: readonly { readonly coverage: Reference; readonly priority?: number }[]
  readonly period?: Period
  readonly statusHistory?: readonly { readonly status: string; readonly period: Period }[]
  readonly location?: readonly { readonly period?: Period }[]
  readonly extension?: readonly {
    readonly url: string
    readonly extension?: readonly { readonly url: string; readonly valueMoney?: { readonly value: number } }[]
  }[]
}
type All = readonly (readonly [key: string, body: Shown])[]

/** I4, I8, I17, I18 of what is shown. */
export function checkShown(state: ReadonlyMap<string, string>): void {
  const all = [...state].map(([key, text]) => [key, JSON.parse(text) as Shown] as const)
  checkHolders(all)
  for (const [key, body] of all) {
    if (body.resourceType === 'Account') checkBalance(key, body, all)
    if (body.resourceType === 'Account') checkOrder(key, body, all)
    if (body.resourceType === 'Encounter') checkPeriods(key, body)
  }
}

/** I4: an identifier is on one active patient at most. */
function checkHolders(all: All): void {
  const holders = new Map<string, string>()
  for (const [key, body] of all) {
    if (body.resourceType !== 'Patient' || body.active === false) continue
    for (const { system, value, use } of body.identifier ?? []) {
      if (use === 'old' || system.endsWith('us-ssn')) continue
      assert.equal(holders.get(`${system}|${value}`) ?? key, key, `I4: ${value} is on two patients`)
      holders.set(`${system}|${value}`, key)
    }
  }
}

/** I8: the balance is the sum of the lines: charges as priced, payments negative. */
function checkBalance(key: string, account: Shown, all: All): void {
  let sum = new Big(0)
  for (const [, { account: accounts, request, priceOverride, amount }] of all) {
    if (accounts?.[0]?.reference === key && priceOverride) sum = sum.plus(priceOverride.value)
    if (request?.reference === key && amount) sum = sum.minus(amount.value)
  }
  const balance = account.extension
    ?.find((each) => each.url.endsWith('Account.balance'))
    ?.extension?.find((each) => each.url === 'amount')?.valueMoney?.value
  assert.equal(new Big(balance ?? 0).toFixed(3), sum.toFixed(3), `I8: ${key} is not the sum of its ledger`)
}

/** I17: no two policies in force have one place in the order of an account. */
function checkOrder(key: string, account: Shown, all: All): void {
  const inForce = new Set(all.flatMap(([each, { status }]) => (status === 'active' ? [each] : [])))
  const places = (account.coverage ?? []).flatMap(({ coverage, priority }) =>
    priority !== undefined && inForce.has(coverage.reference) ? [priority] : [],
  )
  assert.equal(new Set(places).size, places.length, `I17: ${key} has two coverages in one place`)
}

const ms = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : Date.parse(text)
const { NEGATIVE_INFINITY: always, POSITIVE_INFINITY: never } = Number

/** I18: places lie within the visit, and its states follow each other without a gap. */
function checkPeriods(key: string, { period, location, statusHistory }: Shown): void {
  for (const each of location ?? []) {
    assert.ok(
      ms(each.period?.start, never) >= ms(period?.start, always) &&
        ms(each.period?.end, always) <= ms(period?.end, never),
      `I18: ${key} has a place outside of it`,
    )
  }
  for (const [i, each] of (statusHistory ?? []).entries()) {
    const before = statusHistory?.[i - 1]
    if (before) assert.equal(each.period.start, before.period.end, `I18: ${key} has a gap in its states`)
  }
}

/** I5: what was merged leads to its survivor in one hop, and never in a circle. */
export async function checkAliases(store: TestDatabase, tenant: number): Promise<void> {
  const rows = await store.db.read.query<{ n: number }>(
    'test_aliases',
    `select count(*)::int as n from merge a join merge b
     on b.tenant = a.tenant and b.rtype = a.rtype and b.source_id = a.target_id where a.tenant = $1`,
    [tenant],
  )
  assert.equal(rows[0]?.n, 0, 'I5: an alias needs more than one hop')
}

/** Elements of a person that a message says, as opposed to those that follow. */
const said = [
  'name',
  'gender',
  'birthDate',
  'address',
  'telecom',
  'maritalStatus',
  'communication',
  'contact',
  'identifier',
]

/** I11: every element of a person that is shown was said by a message that is in the log. */
export async function checkLineage(
  store: TestDatabase,
  listens: Listener,
  state: ReadonlyMap<string, string>,
  tenant: number,
): Promise<void> {
  const rows = await store.db.read.query<{ id: string }>(
    'test_log',
    'select id::text as id from message where tenant = $1',
    [tenant],
  )
  const log = new Set(rows.map(({ id }) => id))
  for (const [key, text] of state) {
    if (!key.startsWith('Patient/')) continue
    const body = JSON.parse(text) as Record<string, unknown>
    const entries = (await listens.engine.lineage('Patient', key.slice('Patient/'.length), undefined)) ?? []
    const known = new Set(entries.filter((each) => log.has(each.messageId)).map((each) => each.path))
    for (const element of said)
      if (body[element] !== undefined) assert.ok(known.has(element), `I11: ${key} ${element} from nowhere`)
  }
}
