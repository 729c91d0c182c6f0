// How the messages of one source are read: its own codes before the tables, its clock, its numbering authorities.
import { createHash } from 'node:crypto'
import { authorityResolver } from '../../canonical/identity/authority.ts'
import type { Site, Source } from '../../canonical/site.ts'
import { readDtm } from '../../hl7/datetime.ts'
import type { Header } from '../../hl7/header.ts'
import { compileRepairs, type Repaired } from '../../hl7/repair.ts'
import type { MapSet } from '../../mappings/engine/compile.ts'
import type { MapContext } from '../../mappings/engine/context.ts'
import type { Translation } from '../../mappings/engine/table.ts'

type Codes = (table: string, code: string) => Translation | undefined

/** 'HL70278' as a code system. */
export const v2System = (number: string): string =>
  `http://terminology.hl7.org/CodeSystem/v2-${number.replace(/^HL7/, '').padStart(4, '0')}`

/** Codes of the sender's own, by v2 table: they are read as the standard code that the site file gives for them. */
export function codesOf(sender: Source, maps: MapSet): Codes {
  const own = Object.entries(sender.codes)
  if (own.length === 0) return () => undefined
  return (name, code) => {
    const table = maps.tables.get(name)
    if (!table) return undefined
    for (const [number, codes] of own) {
      const standard = codes[code]
      if (standard !== undefined && table.sources.has(v2System(number))) return table.translate(standard)
    }
    return undefined
  }
}

const unrepaired: readonly string[] = []
const repairing = new WeakMap<Site, ReadonlyMap<string, (text: string) => Repaired>>()

/** The text of a message as its sender should have written it. Costs nothing where no source has a repair. */
export function repairText(text: string, site: Site): Repaired {
  let known = repairing.get(site)
  if (!known) {
    const all = [...site.sources].filter(([, { repairs }]) => repairs.length > 0)
    known = new Map(all.map(([id, { repairs }]) => [id, compileRepairs(repairs)]))
    repairing.set(site, known)
  }
  if (known.size === 0) return { text, done: unrepaired }
  return known.get(senderIn(text))?.(text) ?? { text, done: unrepaired }
}

/** MSH-3|MSH-4 of a text that begins with MSH, before anything else of it is looked at. */
export function senderIn(text: string): string {
  const start = text.indexOf('MSH')
  if (start < 0) return '|'
  const fields = text.slice(start, start + maxHeaderCharacters).split(text[start + 3] ?? '|')
  const component = fields[1]?.[0] ?? '^'
  const first = (field: number) => fields[field]?.split(component)[0] ?? ''
  return `${first(2)}|${first(3)}`
}

const maxHeaderCharacters = 512

const hashes = new WeakMap<Source, { readonly maps: string; readonly hash: string }>()

/** Names everything that decides how a message of this source is read: rows, tables, its own codes, its repairs. */
export function mapsHashOf(maps: MapSet, sender: Source): string {
  const known = hashes.get(sender)
  if (known?.maps === maps.hash) return known.hash
  const own = JSON.stringify([sender.codes, sender.repairs])
  const hash =
    own === '[{},[]]' ? maps.hash : createHash('sha256').update(`${maps.hash} ${own}`).digest('hex')
  hashes.set(sender, { maps: maps.hash, hash })
  return hash
}

/** What the mapping is told of a source is made once: what it remembers of codes hangs on these very objects. */
const told = new WeakMap<Source, { readonly maps: MapSet; readonly site: Site; readonly of: Told }>()

type Told = Pick<MapContext, 'source' | 'zone' | 'currency' | 'systems' | 'emptyMeansDelete' | 'tables'>

function toldOf(site: Site, sender: Source, maps: MapSet): Told {
  const known = told.get(sender)
  if (known?.maps === maps && known.site === site) return known.of
  const { emptyMeansDelete, codes } = sender
  const of: Told = {
    source: sender.id,
    zone: sender.timezone,
    currency: site.gateway.currency,
    systems: authorityResolver(site, sender),
    ...(emptyMeansDelete.length > 0 && { emptyMeansDelete: new Set(emptyMeansDelete) }),
    ...(Object.keys(codes).length > 0 && { tables: { codes: codesOf(sender, maps) } }),
  }
  told.set(sender, { maps, site, of })
  return of
}

export function mapContext(
  site: Site,
  sender: Source,
  header: Header,
  maps: MapSet,
  lineage: boolean,
): MapContext {
  const of = toldOf(site, sender, maps)
  const offset = header.messageTime === undefined ? undefined : readDtm(header.messageTime)?.offsetMinutes
  return offset === undefined ? { ...of, lineage } : { ...of, messageOffset: offset, lineage }
}
