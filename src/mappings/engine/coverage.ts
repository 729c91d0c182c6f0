// What the loaded rows cover: events, fields, and the guide's own rows one by one (HL7 v2-to-FHIR, STU 1; mapping, section 8).
import { isMessageMap, isSegmentMap } from './compile.ts'
import { splitName } from './compile-row.ts'
import { borrowedType } from './element-path.ts'
import { leaves } from './leaf.ts'
import type { MapSource, Row } from './row.ts'

/** Trigger events of the front office: all ADT, SIU and DFT of the standard. */
export const frontOfficeEvents: readonly string[] = [
  ...range('ADT^A', 1, 55),
  ...range('ADT^A', 60, 62),
  ...range('SIU^S', 12, 24),
  ...range('SIU^S', 26, 27),
  'DFT^P03',
  'DFT^P11',
]

/** A query is sent under a message type of its own. */
const sentAs: Readonly<Record<string, string>> = { 'ADT^A19': 'QRY^A19' }

function range(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${prefix}${String(from + i).padStart(2, '0')}`)
}

/** Segments of those events with the fields that they have in version 2.8.2. */
export const frontOfficeFields: Readonly<Record<string, number>> = {
  ...{ MSH: 25, EVN: 7, PID: 40, PD1: 22, NK1: 41, PV1: 54, PV2: 50, MRG: 7 },
  ...{ IN1: 55, IN2: 72, IN3: 27, GT1: 57, AUT: 29, RF1: 25 },
  ...{ SCH: 27, TQ1: 14, RGS: 3, AIS: 12, AIG: 14, AIL: 12, AIP: 12, APR: 5, NTE: 8 },
  ...{ FT1: 43, BLG: 4, ACC: 13, DRG: 33, UB1: 0, UB2: 17, PR1: 25, DG1: 26 },
  ...{ AL1: 6, IAM: 30, OBX: 29, PDA: 9, DB1: 8, ARV: 6, ROL: 14, PRT: 22 },
  ...{ MSA: 8, ERR: 12, SFT: 6 },
}

/** A row of the guide, as far as facts go: the field, the path that it writes, the extension in that path. */
export interface GuideRow {
  readonly v2: string
  readonly fhir: string
  readonly url?: string
}
/** Segment map of the guide -> its rows. */
export type Guide = Readonly<Record<string, readonly GuideRow[]>>

/** Why rows of the guide have no row of ours: a rule follows them, or there is a reason not to. Reviewed like code. */
export interface Deviation {
  /** Name of the guide's map; 'PRT[*]' stands for all of a segment. */
  readonly map: string
  /** Its fields; absent = all rows of the map. */
  readonly fields?: readonly string[]
  /** Paths that begin so; absent = all. */
  readonly fhir?: string
  /** Followed, by a rule in place of a row: which one. */
  readonly rule?: string
  /** Not followed: why. One of the two is there. */
  readonly reason?: string
  /** The decision that says so: the field under which it stands. */
  readonly decision?: string
}

/** Why fields have no destination: they are kept as residue. Reviewed like code. */
export interface Residue {
  readonly segment: string
  /** Their numbers; absent = all that no row reads. */
  readonly fields?: readonly number[]
  readonly reason: string
  readonly decision?: string
}

/** A field that no row reads; without a reason it is forgotten. */
export interface Left {
  readonly field: string
  readonly reason?: string
}

/** `implemented`: a row or a rule writes the same element; `none`: the guide itself writes nothing. */
export type GuideStatus = 'implemented' | 'deviating' | 'none' | 'open'

export interface GuideResult extends GuideRow {
  readonly map: string
  readonly status: GuideStatus
  readonly reason?: string
}

export interface SegmentCoverage {
  readonly segment: string
  readonly fields: number
  /** Fields with a destination: an element, an extension, or a fact that a rule reads. */
  readonly mapped: readonly number[]
  /** Read, and without destination on purpose. */
  readonly noted: readonly number[]
  readonly guide: Readonly<Record<GuideStatus, number>>
}

export interface Coverage {
  readonly events: { readonly covered: readonly string[]; readonly missing: readonly string[] }
  /** Events that are served beside those of the front office. */
  readonly others: readonly string[]
  readonly fields: { readonly all: number; readonly mapped: number }
  readonly segments: readonly SegmentCoverage[]
  readonly guide: readonly GuideResult[]
  /** Fields that are residue. */
  readonly left: readonly Left[]
  /** Deviations that no row needs. */
  readonly idle: readonly Deviation[]
}

/** What the maps cover; they are overlaid, so that parts stand in their messages. */
export function coverageOf(
  sources: readonly MapSource[],
  guide: Guide,
  deviations: readonly Deviation[],
  residue: readonly Residue[] = [],
): Coverage {
  const served = new Set(sources.flatMap(({ events }) => events ?? []))
  const isServed = (event: string) => served.has(event) || served.has(sentAs[event] ?? '')
  const covered = frontOfficeEvents.filter(isServed)
  const written = writtenFields(sources)
  const used = new Set<Deviation>()
  const results = Object.entries(guide).flatMap(([map, rows]) =>
    rows.map((row) => judge(map, row, written, deviations, used)),
  )
  const segments = Object.entries(frontOfficeFields).map(([segment, fields]) =>
    segmentCoverage(segment, fields, written, results),
  )
  const known = new Set([...frontOfficeEvents, ...Object.values(sentAs)])
  return {
    events: { covered, missing: frontOfficeEvents.filter((event) => !isServed(event)) },
    others: [...served].filter((event) => !known.has(event)).sort(),
    fields: {
      all: segments.reduce((sum, { fields }) => sum + fields, 0),
      mapped: segments.reduce((sum, { mapped }) => sum + mapped.length, 0),
    },
    segments,
    guide: results,
    left: segments.flatMap((each) => leftOf(each, residue)),
    idle: deviations.filter((each) => !used.has(each)),
  }
}

/** A row that some message uses, with the resource and the path that it writes. */
interface Written {
  readonly resource: string
  readonly path: string
  readonly row: Row
}

/** 'PID-5' -> what is written of it. */
function writtenFields(sources: readonly MapSource[]): ReadonlyMap<string, readonly Written[]> {
  const used = new Set(
    sources
      .filter(isMessageMap)
      .flatMap(({ rows }) => rows.map(({ v2, fhir, via }) => via ?? `${v2}[${fhir}]`)),
  )
  const found = new Map<string, Written[]>()
  const add = (field: string, written: Written) => found.set(field, [...(found.get(field) ?? []), written])
  for (const source of sources) {
    if (!isSegmentMap(source) || !used.has(source.map)) continue
    const target = splitName(source.map).target
    const [resource = '', ...part] = borrowedType(target).split('.')
    for (const row of source.rows) {
      const [, segment = '', field = ''] = /^([A-Z0-9]{3})-(\d+)/.exec(row.v2) ?? []
      const written: Written = { resource, path: [...part, row.fhir].join('.'), row }
      add(`${segment}-${field}`, written)
      const next = row.via === undefined ? 0 : (leaves.get(row.via)?.next ?? 0)
      for (let i = 1; i <= next; i++) add(`${segment}-${Number(field) + i}`, written)
    }
  }
  return found
}

const isNoted = ({ row }: Written): boolean => row.fhir === '-'

function segmentCoverage(
  segment: string,
  fields: number,
  written: ReadonlyMap<string, readonly Written[]>,
  results: readonly GuideResult[],
): SegmentCoverage {
  const numbers = Array.from({ length: fields }, (_, i) => i + 1)
  const rows = (number: number) => written.get(`${segment}-${number}`) ?? []
  const mapped = numbers.filter((number) => rows(number).some((each) => !isNoted(each)))
  const noted = numbers.filter((number) => !mapped.includes(number) && rows(number).some(isNoted))
  const guide = { implemented: 0, deviating: 0, none: 0, open: 0 }
  for (const { map, status } of results) if (map.startsWith(`${segment}[`)) guide[status]++
  return { segment, fields, mapped, noted, guide }
}

function leftOf({ segment, fields, mapped, noted }: SegmentCoverage, residue: readonly Residue[]): Left[] {
  const read = new Set([...mapped, ...noted])
  return Array.from({ length: fields }, (_, i) => i + 1).flatMap((number) => {
    if (read.has(number)) return []
    const listed = residue.find(
      (each) => each.segment === segment && (each.fields === undefined || each.fields.includes(number)),
    )
    return [{ field: `${segment}-${number}`, ...(listed && { reason: listed.reason }) }]
  })
}

/** 'location[2].location(Location)' -> 'location.location'. */
const plainPath = (path: string): string =>
  path
    .replace(/\[\d*\]|\(.*\)/g, '')
    .replace(/["=].*$/, '')
    .trim()

function judge(
  map: string,
  row: GuideRow,
  written: ReadonlyMap<string, readonly Written[]>,
  deviations: readonly Deviation[],
  used: Set<Deviation>,
): GuideResult {
  const path = plainPath(row.fhir)
  if (path === '' || /local implementation/.test(path)) return { map, ...row, status: 'none' }
  const ours = written.get(row.v2) ?? []
  const resource = splitName(map).target.replace(/-.*$/, '')
  if (ours.some((each) => each.resource === resource && writesSame(each, path, row.url)))
    return { map, ...row, status: 'implemented' }
  const listed = deviations.find((each) => explains(each, map, row))
  if (listed) used.add(listed)
  if (listed?.rule !== undefined) return { map, ...row, status: 'implemented', reason: listed.rule }
  const reason = listed?.reason ?? ours.find((each) => each.row.deviates)?.row.deviates
  return reason === undefined ? { map, ...row, status: 'open' } : { map, ...row, status: 'deviating', reason }
}

/** The same element; a fact is what a rule makes the element of. */
function writesSame({ path, row }: Written, guided: string, url: string | undefined): boolean {
  if (row.fhir === '-' || row.deviates !== undefined) return false
  if (row.fhir.startsWith('$')) return true
  if (url !== undefined) return path.includes(`'${url}'`)
  // Some extensions of the guide have no address; one of ours will do.
  if (/^extension\?/.test(guided)) return path.includes('extension(')
  const first = (text: string) => text.replace(/[.([].*$/, '')
  return first(path) === first(guided)
}

function explains({ map, fields, fhir }: Deviation, guided: string, row: GuideRow): boolean {
  if (map !== guided && !(map.endsWith('[*]') && guided.startsWith(map.slice(0, -2)))) return false
  if (fields && !fields.includes(row.v2)) return false
  return fhir === undefined || plainPath(row.fhir).startsWith(fhir)
}
