// Contributions as they are stored: what all assertions of one message share is written once.
import type { Json } from '../mappings/mapped.ts'
import type { Assertion, CellKey, Contribution, Part } from './contribution.ts'

/**
 * Short names, since there is one row for every source of every thing:
 * i message, t and m times, e event, v values by key, s shapes by key, o assertions of earlier messages, p parts, d data.
 */
export interface PackedContribution {
  readonly i: string
  readonly e?: string
  readonly t?: number
  readonly m?: number
  readonly v?: Readonly<Record<CellKey, Json>>
  readonly s?: Readonly<Record<CellKey, string>>
  readonly o?: Readonly<Record<CellKey, Assertion>>
  readonly p?: readonly Part[]
  readonly d?: Json
}

export function pack(contribution: Contribution): PackedContribution {
  const { i, event, parts, data, cells } = contribution
  const common = commonTimes(contribution)
  const v: Record<CellKey, Json> = {}
  const s: Record<CellKey, string> = {}
  const o: Record<CellKey, Assertion> = {}
  for (const [key, cell] of Object.entries(cells)) {
    if (common && cell.i === i && cell.t === common.t && cell.m === common.m) {
      v[key] = cell.v
      if (cell.s !== undefined) s[key] = cell.s
    } else o[key] = cell
  }
  return {
    i,
    ...(event === undefined ? {} : { e: event }),
    ...(common ?? {}),
    ...(isEmpty(v) ? {} : { v }),
    ...(isEmpty(s) ? {} : { s }),
    ...(isEmpty(o) ? {} : { o }),
    ...(parts === undefined ? {} : { p: parts }),
    ...(data === undefined ? {} : { d: data }),
  }
}

const isEmpty = (record: object): boolean => {
  for (const _key in record) return false
  return true
}

/** Times of an event, else of the message that stated most recently. */
function commonTimes({ t, m, i, cells }: Contribution): { t: number; m: number } | undefined {
  if (t !== undefined && m !== undefined) return { t, m }
  const newest = Object.values(cells).find((each) => each.i === i)
  return newest && { t: newest.t, m: newest.m }
}

export function unpack(source: string, key: string, packed: PackedContribution): Contribution {
  const { i, e, t, m, v, s, o, p, d } = packed
  const cells: Record<CellKey, Assertion> = { ...o }
  for (const [cell, value] of Object.entries(v ?? {})) {
    const shape = s?.[cell]
    cells[cell] = { v: value, t: t ?? 0, m: m ?? 0, i, ...(shape === undefined ? {} : { s: shape }) }
  }
  // Only events have times of their own; for the others the times are those of their assertions.
  const times = e !== undefined && t !== undefined && m !== undefined ? { event: e, t, m } : {}
  return {
    source,
    key,
    ...times,
    i,
    cells,
    ...(p === undefined ? {} : { parts: p }),
    ...(d === undefined ? {} : { data: d }),
  }
}
