// What an event does: the one table from trigger events to rules.

import type { Mapped } from '../mappings/mapped.ts'
import type { Times } from './applying.ts'
import { type Applying, cellAt, thingsOf, warn } from './applying.ts'
import { applySiu } from './appointment/schedule.ts'
import type { FhirJson } from './fhir-json.ts'
import { Refusal } from './finding.ts'
import { applyLink } from './identity/link.ts'
import { applyMerges, isMerge } from './identity/merge.ts'
import { applyMoves, isMove } from './identity/moves.ts'
import { applyMfn } from './masters/master-file.ts'
import { applyBar } from './money/account-events.ts'
import { applyDft } from './money/ledger.ts'
import { applyRemoval } from './person/removal.ts'
import { applyQuery } from './query.ts'
import type { Author } from './truth/provenance.ts'
import { applyBedStatus } from './visit/bed-status.ts'
import { applyAdt } from './visit/visit.ts'
import { withVisitNumbers } from './visit/visit-number.ts'

/** Events that undo another: their EVN-6 is the time of what they undo, so EVN-2 orders them. */
const cancellations = new Set(
  ['A11', 'A12', 'A13', 'A25', 'A26', 'A27', 'A32', 'A33', 'A38', 'A52', 'A53', 'A55'].map(
    (each) => `ADT^${each}`,
  ),
)

/** Events that are nothing without a patient. */
const aboutPatients = /^(ADT|BAR|DFT)\^/

/** Applies one mapped message to its draft. Throws Refusal (the sender is told) and Miss (something must be loaded). */
export function applyMapped(sent: Applying): void {
  const applying = withVisitNumbers(sent)
  const latest = latestTime(applying)
  if (statedTimes(applying.mapped, applying.times.receipt).event > latest) {
    const { locations, value } = futureCells(applying.mapped, latest)
    const text = `the event lies in the future (${value}) - taken as happening now`
    warn(applying, 'FUTURE-EVENT', locations, text)
  }
  if (applying.event === 'ADT^A20') {
    applyBedStatus(applying)
    return
  }
  if (aboutPatients.test(applying.event) && thingsOf(applying, 'Patient').length === 0) {
    throw new Refusal('AE', {
      code: '101',
      locations: ['PID^1^3'],
      text: 'the message names no patient (PID-3) - send PID with an identifier',
    })
  }
  if (applying.event === 'QRY^A19') applyQuery(applying)
  else if (isMerge(applying.event)) applyMerges(applying)
  else if (applying.event === 'ADT^A29') applyRemoval(applying)
  else if (isMove(applying.event)) applyMoves(applying)
  else if (applying.event === 'ADT^A24' || applying.event === 'ADT^A37') applyLink(applying)
  else if (applying.event.startsWith('SIU^')) applySiu(applying)
  else if (applying.event.startsWith('DFT^')) applyDft(applying)
  else if (applying.event.startsWith('BAR^')) applyBar(applying)
  else if (applying.event.startsWith('MFN^')) applyMfn(applying)
  else applyAdt(applying)
}

const msPerHour = 3_600_000

const timeCell = (mapped: Mapped, type: string, path: string) =>
  cellAt(
    mapped.things.find((each) => each.type === type),
    path,
  )

function readTime(mapped: Mapped, type: string, path: string): number | undefined {
  const value = timeCell(mapped, type, path)?.value
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** Where the message says that it happens later than `latest`: EVN-6 and EVN-2, else MSH-7. */
function futureCells(mapped: Mapped, latest: number): { locations: string[]; value: string } {
  const event = mapped.event.startsWith('SIU^') ? [] : ['$recorded', '$occurred']
  const said = event.flatMap((path) => timeCell(mapped, 'Event', path) ?? [])
  const late = said.filter(({ value }) => typeof value === 'string' && Date.parse(value) > latest)
  const message = timeCell(mapped, 'Message', '$messageTime')
  const locations = late.length > 0 ? late.map(({ location }) => location) : ['MSH^1^7']
  return { locations, value: String((late.at(-1) ?? message)?.value) }
}

/** The clocks of a message as it states them; `receipt` where it states none. */
function statedTimes(mapped: Mapped, receipt: number): Times {
  const message = readTime(mapped, 'Message', '$messageTime') ?? receipt
  const recorded = readTime(mapped, 'Event', '$recorded') ?? message
  const occurred = cancellations.has(mapped.event)
    ? recorded
    : (readTime(mapped, 'Event', '$occurred') ?? recorded)
  const event = mapped.event.startsWith('SIU^') ? message : occurred
  const demographics =
    readTime(mapped, 'Patient', '$lastUpdate') ?? (mapped.event.startsWith('SIU^') ? message : recorded)
  return { event, demographics, message, receipt }
}

/**
 * The three clocks of a message (semantics, sections 0 and 8); what lies too far in the future happens now. `receipt`
 * in milliseconds.
 */
export function timesOf(mapped: Mapped, receipt: number, futureEventHours: number): Times {
  const { event, demographics, message } = statedTimes(mapped, receipt)
  const clamp = (ms: number) => (ms > receipt + futureEventHours * msPerHour ? receipt : ms)
  return { event: clamp(event), demographics: clamp(demographics), message, receipt }
}

const latestTime = ({ site, times }: Applying): number =>
  times.receipt + site.policy.futureEventHours * msPerHour

interface Operator {
  readonly id?: string
  readonly display?: string
}

const entererPath = "extension('http://portico.example.org/StructureDefinition/entered-by')"

/** Who typed a booking (SCH-20). */
function entererOf(applying: Applying): FhirJson | undefined {
  const [appointment] = thingsOf(applying, 'Appointment')
  const value = cellAt(appointment, entererPath)?.value
  const said = (Array.isArray(value) ? value[0] : value) as { valueReference?: FhirJson } | null | undefined
  return said?.valueReference
}

/** EVN-5, else the source itself, with the reason of EVN-4, the facility of EVN-7 and the enterer of SCH-20. */
export function authorOf(applying: Applying): Author {
  const [event] = thingsOf(applying, 'Event')
  const value = cellAt(event, '$operator')?.value
  const operator = (Array.isArray(value) ? value[0] : value) as Operator | null | undefined
  const reason = cellAt(event, '$reason')?.value
  const facility = cellAt(event, '$facility')?.value
  const enterer = entererOf(applying)
  return {
    id: operator?.id ?? applying.source.id,
    ...(operator?.display ? { display: operator.display } : {}),
    ...(reason ? { reason } : {}),
    ...(typeof facility === 'string' ? { facility } : {}),
    ...(enterer ? { enterer } : {}),
  }
}
