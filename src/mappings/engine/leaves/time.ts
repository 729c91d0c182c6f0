// Dates and times (HL7 v2.9.1 chapter 2A DTM, TS; FHIR R4 date, dateTime, instant).
import { type Dtm, isDate, readDtm, toFhirDate } from '../../../hl7/datetime.ts'
import type { Leaf, Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { mark } from '../trace.ts'

const zeros = /^0+$/
const midnight = /^\d{8}24(?:00)*(?:[.][0]+)?(?:[+-]\d{4})?$/
const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.(\d{1,4})\d*)?)?(Z|[+-]\d\d:?\d\d)?$/
const longFraction = /^(\d{14}\.\d{4})\d+/

/**
 * The moment that a text names. Zero dates and 24:00 are known habits: a warning; anything else is refused.
 */
function moment(raw: string, run: Run): Dtm | undefined {
  const text = run.head(raw)
  if (text === undefined) return undefined
  const dtm = readDtm(text) ?? readDtm(plain(text))
  if (dtm) return dtm
  const severity = zeros.test(text) || midnight.test(text) ? 'W' : 'E'
  run.wrongType('a date or time', 'YYYYMMDDHHMMSS', severity, text)
  return undefined
}

/** ISO 8601 forms, and more decimals than v2 allows, as DTM. */
function plain(text: string): string {
  const match = iso.exec(text)
  if (!match) return text.replace(longFraction, '$1')
  const [, year, month, day, hour = '', minute = '', second = '', fraction, zone = ''] = match
  const decimals = fraction && second !== '' ? `.${fraction}` : ''
  const offset = zone === 'Z' ? '+0000' : zone.replace(':', '')
  return `${year}${month}${day}${hour}${minute}${second}${decimals}${hour === '' ? '' : offset}`
}

function dateTime(raw: string, run: Run): string | undefined {
  // One moment is said in many fields of a message.
  if (raw === run.time?.raw && run.level === run.time.level) {
    run.passing++
    return run.time.value
  }
  const dtm = moment(raw, run)
  if (!dtm) return undefined
  if (isDate(dtm)) return toFhirDate(dtm)
  const { value, note } = run.dateTime(dtm)
  if (note !== undefined) {
    run.issue({
      kind: 'zone',
      severity: 'W',
      code: '0',
      app: note,
      text:
        note === 'DST-GAP'
          ? `${run.position()} did not exist in ${run.context.zone}, read as ${value} - send the offset`
          : `${run.position()} occurred twice in ${run.context.zone}, read as ${value} - send the offset`,
    })
  } else run.time = { raw, level: run.level, value }
  return value
}

const startOfDay = { hour: 0, minute: 0, second: 0, precision: 'second' } as const

/** A point in time; a date alone is read as its first moment, and says so. */
function instant(raw: string, run: Run): string | undefined {
  const dtm = moment(raw, run)
  if (!dtm) return undefined
  if (!isDate(dtm)) return dateTime(raw, run)
  run.issue({
    kind: 'precision',
    severity: 'I',
    code: '0',
    text: `${run.position()} has no time of day, read as midnight - send the time`,
  })
  return run.dateTime({ ...dtm, ...startOfDay }).value
}

const dateTimeLeaf: Leaf = { yields: 'dateTime', reads: [1], byText: true, read: dateTime }

function period(start: string | undefined, end: string | undefined) {
  if (start === undefined && end === undefined) return undefined
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) }
}

/** So many minutes after a time, with its offset; undefined of a date alone. */
function after(start: string, minutes: number): string | undefined {
  const match = /([+-])(\d\d):(\d\d)$/.exec(start)
  if (!match) return undefined
  const shift = (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]))
  const local = new Date(Date.parse(start) + (minutes + shift) * 60_000)
  if (Number.isNaN(local.getTime()) || local.getUTCFullYear() > 9999) return undefined
  return local.toISOString().slice(0, 19) + match[0]
}

const durationMark = mark('end', '', 2)
const startMark = mark('start', '')
const endMark = mark('end', '', 1)
const ownEndMark = mark('end', '')

export const timeLeaves: Leaves = {
  'DTM[date]': {
    yields: 'date',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const dtm = moment(raw, run)
      return dtm && toFhirDate(dtm)
    },
  },
  'DTM[dateTime]': dateTimeLeaf,
  // PV1-45 repeats up to 2.6: the last discharge holds.
  'DTM[dateTime-Last]': { ...dateTimeLeaf, last: true },
  /** A start whose end is in the field after it: NK1-8/9, GT1-13/14. */
  'DT[Period]': {
    yields: 'Period',
    byText: true,
    reads: [1],
    next: 1,
    read: (raw, run) => {
      const start = dateTime(raw, run)
      if (start !== undefined) run.mark(startMark)
      const other = run.nextField(1)
      const end = other === undefined ? undefined : dateTime(other, run)
      if (end !== undefined) run.mark(endMark)
      return period(start, end)
    },
  },
  /** PR1-5 with the minutes of PR1-7. */
  'DTM[Period-Minutes]': {
    yields: 'Period',
    reads: [1],
    next: 2,
    read: (raw, run) => {
      const start = dateTime(raw, run)
      if (start === undefined) return undefined
      run.mark(startMark)
      const minutes = Number(run.head(run.nextField(2)))
      const end = Number.isFinite(minutes) && minutes >= 0 ? after(start, minutes) : undefined
      if (end !== undefined) run.mark(durationMark)
      return period(start, end)
    },
  },
  /** The end alone, when no start was sent. */
  'DT[Period-End]': {
    yields: 'Period',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const end = dateTime(raw, run)
      if (end !== undefined) run.mark(ownEndMark)
      return period(undefined, end)
    },
  },
  /** A date that was free text in some versions (AL1-6): what is none is told, and the message is taken. */
  'DTM[dateTime-Soft]': {
    yields: 'dateTime',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const text = run.head(raw)
      if (text === undefined) return undefined
      return readDtm(text) || readDtm(plain(text))
        ? dateTime(raw, run)
        : run.wrongType('a date or time', 'YYYYMMDDHHMMSS', 'W')
    },
  },
  /** TM: 0915 is 09:15:00; FHIR times have no offset. */
  'TM[time]': {
    yields: 'time',
    byText: true,
    reads: [1],
    read: (raw, run) => {
      const text = run.head(raw)
      const match = /^([01]\d|2[0-3])([0-5]\d)?([0-5]\d)?(?:[.]\d{1,4})?(?:[+-]\d{4})?$/.exec(text ?? '')
      if (text === undefined) return undefined
      if (!match) return run.wrongType('a time of day', 'HHMM', 'W')
      return `${match[1] ?? '00'}:${match[2] ?? '00'}:${match[3] ?? '00'}`
    },
  },
  'DTM[instant]': { yields: 'instant', reads: [1], read: instant },
}
