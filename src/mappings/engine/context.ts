// What mapping is told from outside, so that it stays a pure function of the message, the rows and this.
import type { Segment } from '../../hl7/message.ts'
import type { MessageRow } from './message-map.ts'
import type { Translation } from './table.ts'

/** An assigning authority as sent: HD.1, HD.2, HD.3. */
export interface Designator {
  readonly namespace?: string
  readonly universalId?: string
  readonly universalIdType?: string
}

/** The identifier system of an authority; `registered` = the site or an OID, UUID or URI vouches for it. */
export interface Authority {
  readonly system: string
  readonly registered: boolean
}

export interface MapContext {
  /** MSH-3|MSH-4 of the source: 'ADT1|GHH'. */
  readonly source: string
  /** IANA zone of times without offset, when MSH-7 has none either. */
  readonly zone: string
  /** Minutes east of UTC, when MSH-7 says so. */
  readonly messageOffset?: number
  /** Currency of amounts that have none: 'USD'. */
  readonly currency?: string
  /** Country calling code of telephone numbers that have none: '1'. Unset: none is added. */
  readonly countryCode?: string
  /**
   * Identifier system of an authority for this source; `type` is the CX.5. Called for absent authorities
   * too.
   */
  readonly systems: (authority: Designator, type?: string) => Authority | undefined
  /** Code tables of the source and the site, asked before the base tables. */
  readonly tables?: { codes(table: string, code: string): Translation | undefined }
  /** Fields ('PID-13') whose emptiness means delete; default none. */
  readonly emptyMeansDelete?: ReadonlySet<string>
  /** Told of each row of the message map that a segment met: which conditions held, undefined when its own did not. */
  readonly applied?: (segment: Segment, row: MessageRow, held: number | undefined) => void
  /** Record spans. */
  readonly lineage: boolean
}
