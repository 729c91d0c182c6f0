// Contributions as a test writes them: one line per event, times as text.
import type { Assertion, Contribution, Part } from '../../src/canonical/truth/contribution.ts'
import type { Json } from '../../src/mappings/mapped.ts'

export interface Said {
  /** Message id; must be unique where it matters. */
  readonly i?: string
  readonly source?: string
  /** Message time when it differs from the event's. */
  readonly m?: string
  readonly parts?: readonly Part[]
}

export const ms = (text: string): number => {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new Error(`${text} is no time`)
  return at
}

/** An event of a source: event('ADT^A01', '2026-03-03T10:00:00-06:00', { 'class<PV1-2': ... }). */
export function event(
  code: string,
  at: string,
  cells: Readonly<Record<string, Json>> = {},
  said: Said = {},
): Contribution {
  const t = ms(at)
  const m = said.m === undefined ? t : ms(said.m)
  const i = said.i ?? `${code}@${at}`
  const asserted: Record<string, Assertion> = {}
  for (const [key, v] of Object.entries(cells)) asserted[key] = { v, t, m, i }
  const { source = 'ADT1|GHH', parts } = said
  return { source, key: i, event: code, t, m, i, cells: asserted, ...(parts ? { parts } : {}) }
}

/** What a client wrote: { status: 'finished' } becomes the cell 'status<FHIR'. */
export function write(at: string, elements: Readonly<Record<string, Json>>, said: Said = {}): Contribution {
  const cells = Object.fromEntries(Object.entries(elements).map(([path, v]) => [`${path}<FHIR`, v]))
  return event('FHIR', at, cells, { source: 'frontdesk', ...said })
}

/** A part of an SIU message. */
export function part(
  segment: 'AIS' | 'AIG' | 'AIL' | 'AIP',
  cells: Readonly<Record<string, Json>>,
  action?: string,
  occurrence = 1,
): Part {
  const type = segment === 'AIS' ? 'Appointment.service' : 'Appointment.participant'
  return { type, segment, occurrence, cells, ...(action === undefined ? {} : { action }) }
}

/** What a visit tells its appointment. */
export function visit(id: string, events: readonly (readonly [event: string, at: string])[]): Contribution {
  const data = events.map(([each, at]) => ({ event: each, t: ms(at) }))
  return { source: 'gateway', key: `visit:${id}`, i: `visit-${id}`, cells: {}, data }
}

export const sameReference = { survivor: (reference: string): string => reference }
