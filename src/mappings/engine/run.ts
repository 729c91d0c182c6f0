// One message on its way through the rows: where we are, what was noticed, which linked things were met.
import { type Dtm, type FhirDateTime, isDate, toFhirDateTime } from '../../hl7/datetime.ts'
import type { Message, Segment } from '../../hl7/message.ts'
import type { Json, MapIssue } from '../mapped.ts'
import { tableOfField } from './code-tables.ts'
import type { CompiledRow } from './compile-row.ts'
import type { Designator, MapContext } from './context.ts'
import { LinkedThings, type Mention } from './linked.ts'
import { People } from './people.ts'
import { maxResidue } from './reads.ts'
import { type RefusedValue, refusedValue } from './refused-values.ts'
import { type Memory, memoryOf } from './remembered.ts'
import type { Tables, Translation } from './table.ts'
import type { EnterStep, MarkStep, TraceNode } from './trace.ts'

/** Issues kept per message; more say nothing new. */
export const maxIssues = 200

/** Of a value that cannot be read the sender sees the beginning. */
const shownCharacters = 40

/** State of one mapping; made per message, handed to every leaf. */
export class Run {
  readonly message: Message
  readonly context: MapContext
  readonly tables: Tables
  readonly issues: MapIssue[] = []
  readonly linked: LinkedThings
  readonly people = new People()
  /** First part of the source: the sending application. */
  readonly application: string
  readonly facility: string
  readonly #component: string
  readonly #subcomponent: string

  // Where the row at work stands; set by the compiled rows.
  segment: Segment | undefined
  occurrence = 1
  field = 0
  /** 0-based. */
  repetition = 0
  /** 0 = a repetition is read, 1 = a component. */
  level = 0
  table = ''
  row = ''
  /** What is written is beside the point: what is wrong with it is told, and the message is taken. */
  soft = false
  /** How often something came up that holds for this message alone: an issue, or a time by its clock. */
  passing = 0
  /** How often it was a warning: what a leaf makes nothing of then is left over. */
  warned = 0
  readonly refused: RefusedValue[] = []
  node: TraceNode | undefined
  /** The row whose leaf is at work: it enters the lineage with the first mark, for most leaves make none. */
  entering: EnterStep | undefined
  /** Where its entry stands, once it has one. */
  entry: TraceNode | undefined

  /** What is remembered of the source's words, and its number there. */
  readonly memory: Memory
  readonly speaker: number
  /** The last time of day that was read, in its zone. */
  time: { readonly raw: string; readonly level: number; readonly value: string } | undefined
  /** A whole cell is made to be remembered: its parts need not be. */
  recalling = false
  /** Copies of the fields around the one at work, which is number `at` of them. */
  around: { readonly fields: readonly string[]; readonly at: number } | undefined

  constructor(message: Message, context: MapContext, tables: Tables) {
    this.message = message
    this.context = context
    this.tables = tables
    const [application = '', facility = ''] = context.source.split('|')
    this.application = application
    this.facility = facility
    this.#component = message.delimiters.component
    this.#subcomponent = message.delimiters.subcomponent
    this.linked = new LinkedThings()
    this.memory = memoryOf(tables)
    this.speaker = this.memory.speaker(application, message, context)
  }

  /** Components of a repetition, or subcomponents of a component: raw. */
  parts(raw: string): readonly string[] {
    if (this.level > 0) return this.subparts(raw)
    return raw.indexOf(this.#component) < 0 ? [raw] : this.message.components(raw)
  }

  subparts(raw: string): readonly string[] {
    return raw.indexOf(this.#subcomponent) < 0 ? [raw] : this.message.subcomponents(raw)
  }

  /** Decoded and trimmed; undefined when absent, empty, `""` or blank. */
  text(raw: string | undefined): string | undefined {
    if (raw === undefined || raw === '' || raw === '""') return undefined
    const decoded = this.message.decode(raw)
    if (isInk(decoded.charCodeAt(0)) && isInk(decoded.charCodeAt(decoded.length - 1))) return decoded
    const text = decoded.trim()
    return text === '' ? undefined : text
  }

  /** The first atom of a position as text: what a code, a number or a date is read from. */
  head(raw: string | undefined): string | undefined {
    if (raw === undefined || raw === '') return undefined
    let end = raw.length
    if (this.level === 0) {
      const at = raw.indexOf(this.#component)
      if (at >= 0) end = at
    }
    const at = raw.indexOf(this.#subcomponent)
    if (at >= 0 && at < end) end = at
    return this.text(end === raw.length ? raw : raw.slice(0, end))
  }

  /** The first component, its subcomponents as plain text: free text may hold a raw ampersand. */
  line(raw: string): string | undefined {
    const at = this.level === 0 ? raw.indexOf(this.#component) : -1
    return this.text(at < 0 ? raw : raw.slice(0, at))
  }

  /** An HD in one component (`GHH&2.16.1&ISO`). */
  designator(raw: string | undefined): Designator {
    if (raw === undefined || raw === '') return {}
    const parts = this.subparts(raw)
    const namespace = this.text(parts[0])
    const universalId = this.text(parts[1])
    const universalIdType = this.text(parts[2])
    if (universalId === undefined && universalIdType === undefined)
      return namespace === undefined ? {} : { namespace }
    return {
      ...(namespace !== undefined && { namespace }),
      ...(universalId !== undefined && { universalId }),
      ...(universalIdType !== undefined && { universalIdType }),
    }
  }

  /** A time by the clock of the message, unless it has an offset of its own. */
  dateTime(dtm: Dtm): FhirDateTime {
    const { zone, messageOffset } = this.context
    if (dtm.offsetMinutes === undefined && !isDate(dtm)) this.passing++
    return toFhirDateTime(dtm, zone, messageOffset)
  }

  /** The field that many below its own, first repetition. */
  nextField(offset: number): string | undefined {
    if (!this.around) return this.segment?.repetitions(this.field + offset)[0]
    const raw = this.around.fields[this.around.at + offset]
    return raw === undefined || raw === '' ? undefined : this.message.repetitions(raw)[0]
  }

  mark(step: MarkStep): void {
    if (!this.node) return
    const at = this.entering ? this.entered() : this.node
    this.node = at?.to(step)
  }

  /** The lineage below the row at work. */
  entered(): TraceNode | undefined {
    const step = this.entering
    if (!step) return this.node
    this.entering = undefined
    this.node = this.node?.to(step)
    this.entry = this.node
    return this.node
  }

  /** Spans that follow belong to a further item of the same repetition. */
  item(): void {
    this.node = this.entered()?.to(this.repetition)
  }

  /** A v2 position as lineage writes it: 'NK1[2]-13[1].1'. */
  printed(part: string): string {
    const name = this.segment?.name ?? ''
    const occurrence = this.occurrence === 1 ? '' : `[${this.occurrence}]`
    return `${name}${occurrence}-${this.field}[${this.repetition + 1}]${part}`
  }

  /** The field at work as the origin of what a linked thing says. */
  mention(): Mention {
    return {
      field: this.position(),
      location: this.segment?.location(this.field) ?? '',
      segment: { name: this.segment?.name ?? '', occurrence: this.occurrence },
      row: this.row,
      lineage: this.context.lineage,
    }
  }

  /** The position at work: 'PID-8'; with an offset the field that many after it. */
  position(offset = 0): string {
    return `${this.segment?.name ?? ''}-${this.field + offset}`
  }

  /**
   * ERR-2 location of the field at work, the repetition only when it is not the first; then deeper on
   * request.
   */
  location(component?: number, subcomponent?: number): string {
    const repetition = this.repetition > 0 || component !== undefined ? this.repetition + 1 : undefined
    return this.segment?.location(this.field, repetition, component, subcomponent) ?? ''
  }

  issue(issue: Omit<MapIssue, 'location' | 'row'> & { readonly location?: string }): void {
    this.passing++
    if (issue.severity === 'W') this.warned++
    if (this.issues.length >= maxIssues) return
    const located = { ...issue, location: issue.location ?? this.location() }
    if (this.issues.some((known) => same(known, located))) return
    this.issues.push(this.row === '' ? located : { ...located, row: this.row })
  }

  /** A row reads a value and makes nothing of it. */
  refuse(row: CompiledRow): void {
    const refused = this.refused.length < maxResidue ? refusedValue(row, this) : undefined
    if (refused) this.refused.push(refused)
  }

  /** What was sent is no date, number or the like. Severity E: the message is refused with AE 102, unless beside the point. */
  wrongType(expected: string, form: string, severity: 'E' | 'W' = 'E', said?: string): undefined {
    const value = said === undefined ? '' : ` ${JSON.stringify(said.slice(0, shownCharacters))}`
    this.issue({
      kind: 'data-type',
      severity: this.soft ? 'W' : severity,
      code: '102',
      text: `${this.position()}${value} is not ${expected} - send ${form}`,
    })
  }

  /** What the source, the site or the base table says of a code. */
  translate(table: string, code: string): Translation | undefined {
    return this.context.tables?.codes(table, code) ?? this.tables.get(table)?.translate(code)
  }

  /** No table knows the code. E when the element cannot do without one. */
  unmapped(code: string, table: string, severity: 'E' | 'W'): void {
    const known = this.tables.get(table)
    if (severity === 'W' && !known) return
    if (severity === 'W' && this.#isMissed(code, table)) {
      this.passing++
      this.warned++
      return
    }
    this.issue({
      kind: 'unmapped-code',
      severity,
      code: severity === 'E' ? '103' : '0',
      app: severity === 'W' ? 'UNMAPPED-CODE' : 'CODE-HELD',
      table,
      value: code,
      text:
        `${this.position()} code "${code}" is not in table ${table} - ` +
        (severity === 'W'
          ? 'add it to the tables of the source'
          : 'the message is held, and applies itself once a table of the source or the site has it'),
    })
  }

  /** A row before this one has said so of the same place. */
  #isMissed(code: string, table: string): boolean {
    const location = this.location()
    return this.issues.some((one) => one.table === table && one.value === code && one.location === location)
  }

  /** System of the codes of the field at work that only this source knows: fields of one HL7 table have one. */
  localCodes(): string {
    return this.localSystem(tableOfField(this.segment?.name ?? '', this.field))
  }

  /** System of what only this source knows: of a name, else of the field. */
  localSystem(name = this.position()): string {
    return `urn:portico:local:${urnPart(this.application)}:${urnPart(name)}`
  }
}

/** A visible character of ASCII: nothing to trim. Of an empty text there is none. */
export const isInk = (code: number): boolean => code > 0x20 && code < 0x7f

function same(a: MapIssue, b: Omit<MapIssue, 'row'>): boolean {
  return a.kind === b.kind && a.location === b.location && a.text === b.text
}

/** A text as part of a URN; message text never breaks out of it. */
export function urnPart(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : encodeURIComponent(text)
}

/** What a leaf may yield. Undefined: nothing is written. */
export type Yield = Json | undefined
