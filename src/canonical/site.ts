// What makes one installation different from another, as the rules read it (profiles/sites/site.schema.json).
import type { Repair } from '../hl7/repair.ts'

export interface Authority {
  readonly namespace: string
  readonly system: string
  readonly aliases: readonly string[]
  /** HL7 table 0203; the first is assumed where a message names none. */
  readonly types: readonly string[]
  /** Source id 'APP|FAC', 'gateway', or undefined when nobody that the site knows. */
  readonly owner?: string
  readonly caseInsensitive: boolean
  readonly stripLeadingZeros: boolean
}

export interface Source {
  /** 'APP|FAC' as in MSH-3|MSH-4. */
  readonly id: string
  readonly token: string
  /** Addresses and networks that it may send from over MLLP without a certificate. */
  readonly peers?: readonly string[]
  /** Common name of its certificate, for MLLP over TLS. */
  readonly certificate?: string
  readonly trust: number
  readonly timezone: string
  readonly acknowledge: 'after-processing' | 'after-commit'
  /** Original mode, enhanced mode, or what each message asks for in MSH-15 and MSH-16. */
  readonly ackMode?: 'original' | 'enhanced' | 'auto'
  /** Character set (HL7 table 0211) of messages that name none. */
  readonly charset?: string
  readonly defaultAuthority: Readonly<Record<string, string>>
  readonly codes: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What it does wrong, put right before its messages are read. */
  readonly repairs: readonly Repair[]
  readonly emptyMeansDelete: readonly string[]
  readonly zeroLengthListMeansDelete: boolean
  readonly strictPam: boolean
  readonly a40UpdatesDemographics: boolean
  readonly a08CanDischarge: boolean
  readonly pid18IsVisit: boolean
  readonly visitKey?: string
  readonly in1_17Direction: 'insured-to-patient' | 'patient-to-insured'
  readonly coMeaning: 'paid' | 'due'
  readonly ajSign: 'as-sent' | 'inverted'
}

export interface Client {
  readonly id: string
  readonly token: string
  readonly trust: number
  /** SMART v2 scopes: 'user/Patient.rus', 'system/*.cruds'. */
  readonly scopes: readonly string[]
  readonly restricted: boolean
  readonly breakGlass: boolean
  readonly hl7v2: boolean
  readonly admin: boolean
}

export interface Subscriber {
  readonly id: string
  readonly address: string
  /** What it may know of protected patients; 'full' when absent. */
  readonly protectedPatients?: 'full' | 'alias' | 'none'
  readonly feeds: readonly ('adt-person' | 'adt-visit' | 'siu' | 'srm' | 'dft')[]
  readonly ownEvents: readonly string[]
}

export interface ScheduleRule {
  readonly id: string
  readonly owner: string
  readonly actor: {
    readonly type: string
    readonly system: string
    readonly value: string
    readonly name?: string
  }
  /** Appointments that may run at a time; 1 when absent. */
  readonly capacity?: number
}

export interface Site {
  readonly gateway: {
    readonly application: string
    readonly facility: string
    readonly timezone: string
    readonly currency: string
    /** Country profile that is laid over the mappings of the program: 'us-core'. */
    readonly realm?: string
  }
  readonly authorities: readonly Authority[]
  readonly sources: ReadonlyMap<string, Source>
  readonly clients: ReadonlyMap<string, Client>
  readonly subscribers: readonly Subscriber[]
  readonly schedules: readonly ScheduleRule[]
  readonly policy: {
    readonly autoLink: 'off' | 'certain'
    readonly mergeFill: boolean
    readonly acceptForeignIds: boolean
    readonly allowUnconditional: boolean
    readonly allowClientIds: boolean
    readonly conditionalDelete: 'single' | 'multiple'
    /** Origins of pages that may call the FHIR API from a browser; '*' is any. */
    readonly browserOrigins: readonly string[]
    /** What becomes of a resource that claims a profile which is not loaded. */
    readonly unknownProfiles: 'accept' | 'refuse'
    readonly parkHours: number
    readonly futureEventHours: number
  }
  /** sha256 of the file, hexadecimal: recorded with what it decided. */
  readonly hash: string
}

/** Weight of what a source or a client says, 0 to 100; 50 for who is not in the site file any more. */
export const trustIn = (site: Site, source: string): number =>
  site.sources.get(source)?.trust ?? site.clients.get(source)?.trust ?? 50
