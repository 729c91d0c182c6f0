// Telephone numbers and addresses (HL7 v2.9.1 chapter 2A XTN, SAD; FHIR R4 ContactPoint, Address.line).
import { readDtm } from '../../../hl7/datetime.ts'
import type { Json } from '../../mapped.ts'
import type { Leaves } from '../leaf-type.ts'
import type { Run } from '../run.ts'
import { type MarkStep, mark } from '../trace.ts'

const useUrl = 'http://portico.example.org/StructureDefinition/telecom-use'
const equipmentUrl = 'http://portico.example.org/StructureDefinition/telecom-equipment'
/** Codes of table 0202 that a system and a use of FHIR stand for alone; any other is kept beside them. */
const plainEquipment = new Set(['PH', 'FX', 'CP', 'BP', 'Internet'])
const at = {
  use: mark('use', '.2'),
  system: mark('system', '.3'),
  rank: mark('rank', '.18'),
  sentUse: mark(`extension('${useUrl}').valueCode`, '.2'),
  sentEquipment: mark(`extension('${equipmentUrl}').valueCode`, '.3'),
  value: new Map(['.1', '.4', '.7', '.12'].map((v2) => [v2, mark('value', v2)])),
}

const digits = (text: string): string => (/\D/.test(text) ? text.replace(/\D/g, '') : text)

/**
 * '+1 217 5550134': country code, area code and number, each digits only; an extension as ' x12'. A number with
 * letters (555-CARE), or with no digit at all, stays as sent.
 */
export function phone(country: string, area: string, local: string, extension: string): string {
  const first = digits(area)
  const second = /\p{L}/u.test(local) || digits(local) === '' ? local : digits(local)
  const numbers = first === '' || second === '' ? first + second : `${first} ${second}`
  const code = digits(country)
  const tail = digits(extension) === '' ? '' : ` x${digits(extension)}`
  return (code === '' ? numbers : `+${code} ${numbers}`) + tail
}

/** Area codes there begin with 2 to 9: ten digits that begin with 0 are a number of another country. */
const northAmerican =
  /^(?:\+?(1)[\s.-]*)?\(?([2-9]\d{2})\)?[\s.-]*(\d{3})[\s.-]*(\d{4})(?:\s*(?:x|ext\.?)\s*(\d+))?(?:[BC].*)?$/i

/** XTN.1: [NN] [(999)]999-9999 [X99999] [B99999] [C any text]. Other forms stay as sent. */
export function phoneText(text: string, countryCode: string | undefined): string {
  const match = northAmerican.exec(text)
  if (!match) return text
  const [, country, area = '', prefix = '', line = '', extension = ''] = match
  return phone(country ?? countryCode ?? '', area, prefix + line, extension)
}

interface Found {
  readonly value: string
  readonly from: string
}

function number(parts: readonly string[], run: Run): Found | undefined {
  const countryCode = run.context.countryCode
  const unformatted = run.text(parts[11])
  if (unformatted !== undefined) return { value: phoneText(unformatted, countryCode), from: '.12' }
  const local = run.text(parts[6])
  if (local !== undefined) {
    const country = run.text(parts[4]) ?? countryCode ?? ''
    return { value: phone(country, run.text(parts[5]) ?? '', local, run.text(parts[7]) ?? ''), from: '.7' }
  }
  const text = run.text(parts[0])
  return text === undefined ? undefined : { value: phoneText(text, countryCode), from: '.1' }
}

/** What XTN.2 and XTN.3 say; a cell phone (CP) is a phone of use mobile, NET an e-mail address. */
function kind(parts: readonly string[], run: Run): { system: string | undefined; use: string | undefined } {
  const equipment = run.text(parts[2])
  const purpose = run.text(parts[1])
  const system =
    equipment === undefined ? undefined : translated('TelecommunicationEquipmentType', equipment, run)
  const use = purpose === undefined ? undefined : translated('TelecommunicationUseCode', purpose, run)
  if (equipment?.toUpperCase() === 'CP') return { system: 'phone', use: 'mobile' }
  if (purpose === 'NET') return { system: system ?? 'email', use }
  if (purpose === 'BPN') return { system: system ?? 'pager', use }
  return { system, use }
}

function translated(table: string, code: string, run: Run): string | undefined {
  const translation = run.translate(table, code)
  if (!translation) run.unmapped(code, table, 'W')
  return translation?.code
}

/** A telephone number, an e-mail address, or both of one repetition; each value once. */
function contactPoints(raw: string, run: Run): Json | undefined {
  const parts = run.parts(raw)
  const { system, use } = kind(parts, run)
  const email = run.text(parts[3])
  const called = number(parts, run)
  const rest = extras(parts, use, run)
  const items: Json[] = []
  // Of an e-mail address XTN.4 is the one that counts; senders repeat it in XTN.1.
  if (called && !(system === 'email' && email !== undefined && email !== called.value)) {
    const guess = called.value.includes('@') ? 'email' : 'phone'
    note(parts, called.from, { ...rest, system }, run)
    items.push(point(rest, system ?? guess, called.value))
  }
  if (email !== undefined && email !== called?.value) {
    if (items.length > 0) run.item()
    note(parts, '.4', { ...rest, system }, run)
    const kept = system === undefined || items.length > 0 || system === 'phone' ? 'email' : system
    items.push(point(rest, kept, email))
  }
  return items.length > 1 ? items : items[0]
}

/** Whence it comes: what no table has is kept as it was sent, and says nothing of use or system. */
function note(parts: readonly string[], from: string, { system, use, rank, sent }: Noted, run: Run): void {
  const value = at.value.get(from)
  if (value) run.mark(value)
  if (use !== undefined && parts[1]) run.mark(at.use)
  if (system !== undefined && parts[2]) run.mark(at.system)
  if (rank !== undefined) run.mark(at.rank)
  for (const each of sent) run.mark(each)
}

interface Noted extends Pick<Extras, 'use' | 'rank' | 'sent'> {
  readonly system: string | undefined
}

/** What stands beside the value of a contact point. */
interface Extras {
  /** Of what is kept as it was sent. */
  readonly sent: readonly MarkStep[]
  readonly extension: Json | undefined
  readonly use: string | undefined
  readonly rank: number | undefined
  readonly period: Json | undefined
}

function extras(parts: readonly string[], use: string | undefined, run: Run): Extras {
  const sent = run.text(parts[1])
  const equipment = run.text(parts[2])
  const kept: Json[] = []
  const marks: MarkStep[] = []
  if (sent !== undefined && use === undefined && sent !== 'NET') {
    kept.push({ url: useUrl, valueCode: sent })
    marks.push(at.sentUse)
  }
  if (equipment !== undefined && !plainEquipment.has(equipment)) {
    kept.push({ url: equipmentUrl, valueCode: equipment })
    marks.push(at.sentEquipment)
  }
  const start = day(parts[12], run)
  const end = day(parts[13], run)
  const rank = Number(run.text(parts[17]) ?? '0')
  return {
    sent: marks,
    extension: kept.length > 0 ? kept : undefined,
    use,
    rank: Number.isInteger(rank) && rank > 0 ? rank : undefined,
    period: (start ?? end) === undefined ? undefined : { ...(start && { start }), ...(end && { end }) },
  }
}

function point({ extension, use, rank, period }: Extras, system: string, value: string): Json {
  const made: Record<string, Json> = {}
  if (extension) made.extension = extension
  made.system = system
  made.value = value
  if (use !== undefined) made.use = use
  if (rank !== undefined) made.rank = rank
  if (period) made.period = period
  return made
}

function day(raw: string | undefined, run: Run): string | undefined {
  const text = run.text(raw)
  const dtm = text === undefined ? undefined : readDtm(text)
  return dtm && run.dateTime(dtm).value
}

const telecomReads = [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 18]

/** An organization has no home (FHIR org-3): what is said to be one has the use that the row gives it. */
function homeless(point: Json): Json {
  const { use, ...others } = point as { readonly use?: string }
  return use === undefined || use === 'home' ? others : { ...others, use }
}

export const contactLeaves: Leaves = {
  'XTN[ContactPoint-Organization]': {
    yields: 'ContactPoint',
    byText: true,
    reads: telecomReads,
    several: true,
    read: (raw, run) => {
      const made = contactPoints(raw, run)
      if (made === undefined) return undefined
      return Array.isArray(made) ? (made as readonly Json[]).map(homeless) : homeless(made)
    },
  },
  /** Where only one fits, such as an extension. */
  'XTN[ContactPoint-One]': {
    yields: 'ContactPoint',
    byText: true,
    reads: telecomReads,
    read: (raw, run) => {
      const made = contactPoints(raw, run)
      return Array.isArray(made) ? (made as readonly Json[])[0] : made
    },
  },
  'XTN[ContactPoint]': {
    yields: 'ContactPoint',
    byText: true,
    reads: telecomReads,
    several: true,
    read: contactPoints,
  },
  /** SAD: its first part is the whole line; street and number are added only when it lacks them. */
  'SAD[string]': {
    yields: 'string',
    byText: true,
    reads: [1, 2, 3],
    read: (raw, run) => {
      const parts = run.parts(raw)
      const [line, street, dwelling] = [run.text(parts[0]), run.text(parts[1]), run.text(parts[2])]
      if (line === undefined) return [dwelling, street].filter(Boolean).join(' ') || undefined
      const missing = [dwelling, street].filter((part) => part !== undefined && !line.includes(part))
      return missing.length === 0 ? line : `${line} ${missing.join(' ')}`
    },
  },
}
