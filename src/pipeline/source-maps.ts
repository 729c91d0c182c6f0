// How the messages of one source are read: its own codes before the tables, its clock, its numbering authorities.
import { createHash } from 'node:crypto'
import { authorityResolver } from '../canonical/authority.ts'
import type { Site, Source } from '../canonical/site.ts'
import { readDtm } from '../hl7/datetime.ts'
import type { Header } from '../hl7/header.ts'
import type { MapSet } from '../mappings/engine/compile.ts'
import type { MapContext } from '../mappings/engine/context.ts'
import type { Translation } from '../mappings/engine/table.ts'

type Codes = (table: string, code: string) => Translation | undefined

/** Codes of the sender's own, by v2 table: they are read as the standard code that the site file gives for them. */
export function codesOf(sender: Source, maps: MapSet): Codes {
  const own = Object.entries(sender.codes)
  if (own.length === 0) return () => undefined
  return (name, code) => {
    const table = maps.tables.get(name)
    if (!table) return undefined
    for (const [number, codes] of own) {
      const standard = codes[code]
      const system = `http://terminology.hl7.org/CodeSystem/v2-${number.replace(/^HL7/, '').padStart(4, '0')}`
      if (standard !== undefined && table.sources.has(system)) return table.translate(standard)
    }
    return undefined
  }
}

const hashes = new WeakMap<Source, { readonly maps: string; readonly hash: string }>()

/** Names everything that decides how a message of this source is read: rows, tables, and its own codes. */
export function mapsHashOf(maps: MapSet, sender: Source): string {
  const known = hashes.get(sender)
  if (known?.maps === maps.hash) return known.hash
  const own = JSON.stringify(sender.codes)
  const hash = own === '{}' ? maps.hash : createHash('sha256').update(`${maps.hash} ${own}`).digest('hex')
  hashes.set(sender, { maps: maps.hash, hash })
  return hash
}

export function mapContext(
  site: Site,
  sender: Source,
  header: Header,
  maps: MapSet,
  lineage: boolean,
): MapContext {
  const offset = header.messageTime === undefined ? undefined : readDtm(header.messageTime)?.offsetMinutes
  return {
    source: sender.id,
    zone: sender.timezone,
    ...(offset === undefined ? {} : { messageOffset: offset }),
    currency: site.gateway.currency,
    systems: authorityResolver(site, sender),
    emptyMeansDelete: new Set(sender.emptyMeansDelete),
    tables: { codes: codesOf(sender, maps) },
    lineage,
  }
}
