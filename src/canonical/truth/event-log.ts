// The log of one visit or appointment: its contributions in the order in which things happened, whatever the
// order in which they arrived (semantics, sections 0, 8.5 and 8.6).
import type { Json } from '../../mappings/mapped.ts'
import {
  type Assertion,
  type CellKey,
  type Contribution,
  compareMessages,
  type Part,
  splitKey,
} from './contribution.ts'

/** What one field says, inside the step that says it. */
export interface StepCell {
  readonly key: CellKey
  /** Element path: 'hospitalization.admitSource', '$location'. */
  readonly path: string
  /** 'PV1-14', 'FHIR'. */
  readonly field: string
  readonly v: Json
}

/** One event, or what one client wrote at one time. */
export interface Step {
  readonly source: string
  /** 'A01', 'S13'; 'FHIR' for a client's write; '' for anything else. */
  readonly code: string
  /** Milliseconds since the epoch: business time, then time of the message. */
  readonly t: number
  readonly m: number
  /** Message or request. */
  readonly i: string
  /** Decides between events of one time: what opens comes before what closes, what cancels comes last. */
  readonly rank: number
  readonly cells: readonly StepCell[]
  readonly parts: readonly Part[]
}

export type RankOf = (code: string) => number

/** Who said what won. `key` names the cell; 'status<MSH-9' stands for the trigger event itself. */
export interface Winner {
  readonly source: string
  readonly i: string
  readonly t: number
  readonly key: CellKey
}

export const winnerOf = (step: Step, key: CellKey): Winner => ({
  source: step.source,
  i: step.i,
  t: step.t,
  key,
})

/** Earlier first. */
export function compareSteps(a: Step, b: Step): number {
  return (
    a.t - b.t || a.m - b.m || a.rank - b.rank || compareMessages(a.i, b.i) || compareText(a.source, b.source)
  )
}

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** 'ADT^A01' -> 'A01'. */
export const eventCode = (event: string): string => event.slice(event.indexOf('^') + 1)

/** The steps of a thing, earliest first. Projections make none; one contribution counts once. */
export function stepsOf(contributions: readonly Contribution[], rankOf: RankOf): Step[] {
  const once = new Map<string, Contribution>()
  for (const each of contributions) {
    if (each.data !== undefined) continue
    const key = `${each.source}\u0001${each.key}`
    const known = once.get(key)
    if (!known || timesOf(each) > timesOf(known)) once.set(key, each)
  }
  return [...once.values()].flatMap((each) => stepsOfOne(each, rankOf)).sort(compareSteps)
}

/** Two contributions with one key are two states of one: the later stands. */
function timesOf(contribution: Contribution): number {
  return Math.max(contribution.t ?? 0, ...Object.values(contribution.cells).map((each) => each.t))
}

function stepsOfOne(contribution: Contribution, rankOf: RankOf): Step[] {
  const { source, event, parts } = contribution
  const cells = Object.entries(contribution.cells)
  if (event === undefined || event === 'FHIR') return writesOf(contribution, cells, rankOf)
  const [first] = cells
  const code = eventCode(event)
  const t = contribution.t ?? first?.[1].t ?? 0
  const m = contribution.m ?? first?.[1].m ?? t
  const own = cells.map(([key, { v }]) => ({ key, ...splitKey(key), v }))
  return [{ source, code, t, m, i: contribution.i, rank: rankOf(code), cells: own, parts: parts ?? [] }]
}

/** State that one source keeps up to date: a step for each time at which it said something. */
function writesOf(contribution: Contribution, cells: [CellKey, Assertion][], rankOf: RankOf): Step[] {
  const byTime = new Map<string, { at: Assertion; cells: StepCell[] }>()
  for (const [key, assertion] of cells) {
    const cell = { key, ...splitKey(key), v: assertion.v }
    const at = `${assertion.t}|${assertion.m}|${assertion.i}|${cell.field === 'FHIR'}`
    const group = byTime.get(at)
    if (group) group.cells.push(cell)
    else byTime.set(at, { at: assertion, cells: [cell] })
  }
  return [...byTime.values()].map(({ at: { t, m, i }, cells: own }) => {
    const code = own[0]?.field === 'FHIR' ? 'FHIR' : ''
    return { source: contribution.source, code, t, m, i, rank: rankOf(code), cells: own, parts: [] }
  })
}

/** Value of the first cell with this path; undefined when the step does not speak of it. */
export const said = (step: Step, path: string): Json | undefined =>
  step.cells.find((each) => each.path === path)?.v

/** 'PV1-7' < 'PV1-19' < 'PV2-3': segments by name, fields by number. */
export function compareFields(a: string, b: string): number {
  const [left = '', leftNumber = '0'] = a.split('-')
  const [right = '', rightNumber = '0'] = b.split('-')
  return (
    compareText(left, right) ||
    Number.parseInt(leftNumber, 10) - Number.parseInt(rightNumber, 10) ||
    compareText(a, b)
  )
}
