// What a sender really sends: positions and codes of many messages, counted, the most frequent first.
import type { Message } from '../hl7/message.ts'
import type { MessageItem } from '../pipeline/batch/item.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { findFiles } from './files.ts'
import { count, type Terminal, table } from './terminal.ts'
import type { Context } from './verb.ts'

interface SurveyOptions {
  readonly site?: string
  readonly json?: true
}

/** Lines of each list that are printed; JSON has all. */
const maxPrinted = 40
/** Positions and codes that are told apart; senders invent them. */
const maxKinds = 50_000

interface PositionCount {
  /** 'PV1-21', of all occurrences and repetitions. */
  readonly position: string
  readonly valued: number
  /** Of them: no row reads anything of it; some part of it is not read. */
  readonly unread: number
  readonly partly: number
  /** 'PID-5.9': how often the parts that nobody reads are valued. */
  readonly parts: Readonly<Record<string, number>>
}

interface CodeCount {
  readonly table: string
  readonly position: string
  readonly code: string
  readonly count: number
}

export interface Survey {
  readonly files: number
  readonly messages: number
  /** 'ADT^A08' -> messages; those that no map serves apart. */
  readonly events: Readonly<Record<string, number>>
  readonly unserved: Readonly<Record<string, number>>
  readonly valued: number
  readonly mapped: number
  readonly residue: number
  readonly positions: readonly PositionCount[]
  readonly codes: readonly CodeCount[]
}

/** Reads the files by a site's maps and prints what they leave unread. */
export async function surveyFiles(
  paths: readonly string[],
  options: SurveyOptions,
  { terminal, env }: Context,
): Promise<ExitCode> {
  const { openSite, readMessages, siteFile } = await import('./reading.ts')
  const { files } = findFiles(paths)
  const open = openSite(siteFile(options.site, env), env)
  const counter = new Counter(open.maps.events)
  for (const file of files) {
    terminal.status(file)
    for (const item of readMessages(file, open).items) counter.add(item)
  }
  terminal.status('')
  const found = counter.survey(files.length)
  if (options.json) terminal.out(JSON.stringify(found))
  else print(found, terminal)
  return found.messages > 0 ? EXIT.ok : EXIT.refused
}

interface Position {
  valued: number
  unread: number
  partly: number
  readonly parts: Map<string, number>
}

class Counter {
  readonly #served: ReadonlySet<string>
  readonly #events = new Map<string, number>()
  readonly #positions = new Map<string, Position>()
  readonly #codes = new Map<string, CodeCount>()

  constructor(served: ReadonlySet<string>) {
    this.#served = served
  }

  add({ event, message, mapped }: MessageItem): void {
    raise(this.#events, event)
    if (!message || !mapped) return
    const unread = new Set(mapped.residue.map(withoutParts))
    const whole = new Set(mapped.residue)
    for (const at of valuedFields(message)) {
      const position = this.#position(at.replace(/\[\d+\]/, ''))
      if (!position) continue
      position.valued++
      if (whole.has(at)) position.unread++
      else if (unread.has(at)) position.partly++
    }
    for (const each of mapped.residue) {
      const part = each.replaceAll(/\[\d+\]/g, '')
      if (part.includes('.')) raise(this.#position(part.replace(/\..*$/, ''))?.parts, part)
    }
    for (const { kind, table: name, value, location } of mapped.issues) {
      if (kind !== 'unmapped-code' || name === undefined || value === undefined) continue
      const [segment = '', , field = ''] = location.split('^')
      const code: CodeCount = { table: name, position: `${segment}-${field}`, code: value, count: 1 }
      const key = `${code.table}|${code.position}|${code.code}`
      const known = this.#codes.get(key)
      if (known || this.#codes.size < maxKinds)
        this.#codes.set(key, known ? { ...known, count: known.count + 1 } : code)
    }
  }

  #position(name: string): Position | undefined {
    const known = this.#positions.get(name)
    if (known || this.#positions.size >= maxKinds) return known
    const made: Position = { valued: 0, unread: 0, partly: 0, parts: new Map() }
    this.#positions.set(name, made)
    return made
  }

  survey(files: number): Survey {
    const positions = [...this.#positions]
      .map(([position, { parts, ...each }]) => ({ position, ...each, parts: byCount(parts) }))
      .sort((a, b) => left(b) - left(a) || b.valued - a.valued || (a.position < b.position ? -1 : 1))
    const events = Object.entries(byCount(this.#events))
    const sum = (of: (each: PositionCount) => number) => positions.reduce((all, each) => all + of(each), 0)
    return {
      files,
      messages: events.reduce((all, [, number]) => all + number, 0),
      events: Object.fromEntries(events.filter(([event]) => this.#served.has(event))),
      unserved: Object.fromEntries(events.filter(([event]) => !this.#served.has(event))),
      valued: sum(({ valued }) => valued),
      mapped: sum(({ valued, unread }) => valued - unread),
      residue: sum(({ unread }) => unread),
      positions,
      codes: [...this.#codes.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
    }
  }
}

const left = ({ unread, partly }: PositionCount): number => unread + partly

function raise(counts: Map<string, number> | undefined, key: string): void {
  if (counts && (counts.has(key) || counts.size < maxKinds)) counts.set(key, (counts.get(key) ?? 0) + 1)
}

const byCount = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)))

/** 'NK1[2]-13[1].9' -> 'NK1[2]-13'. */
const withoutParts = (residue: string): string =>
  residue.replace(/^([A-Z][A-Z0-9]{2}(?:\[\d+\])?-\d+).*$/, '$1')

/** 'PID-5', 'NK1[2]-13': fields that hold more than "". */
function* valuedFields(message: Message): Generator<string> {
  for (const segment of message.segments) {
    const name = segment.occurrence === 1 ? segment.name : `${segment.name}[${segment.occurrence}]`
    for (let field = 1; field <= segment.fieldCount; field++) {
      const raw = segment.raw(field)
      if (raw !== undefined && raw !== '' && raw !== '""') yield `${name}-${field}`
    }
  }
}

function print(found: Survey, terminal: Terminal): void {
  const share = found.valued === 0 ? 0 : Math.round((1000 * found.mapped) / found.valued) / 10
  terminal.out(
    `${count(found.files, 'file')}, ${count(found.messages, 'message')}: ${count(found.valued, 'position')} valued, ` +
      `${found.mapped} mapped (${share} %), ${found.residue} that no row reads`,
  )
  for (const [event, number] of Object.entries(found.unserved))
    terminal.out(`no map serves ${event || 'what is no message'}: ${count(number, 'message')}`)
  const open = found.positions.filter((each) => left(each) > 0)
  if (open.length > 0) {
    const rows = open.slice(0, maxPrinted).map(({ position, valued, unread, partly, parts }) => {
      return [position, String(valued), String(unread), String(partly), Object.keys(parts).join(' ')]
    })
    terminal.out(`\n${table([['Position', 'valued', 'unread', 'in part', 'parts'], ...rows])}`)
    more(open.length, 'position', terminal)
  }
  if (found.codes.length === 0) return
  const codes = found.codes.slice(0, maxPrinted)
  const rows = codes.map((each) => [each.position, each.table, each.code, String(each.count)])
  terminal.out(`\n${table([['Position', 'table', 'code that it does not have', 'times'], ...rows])}`)
  more(found.codes.length, 'code', terminal)
}

function more(all: number, noun: string, terminal: Terminal): void {
  if (all > maxPrinted) terminal.out(`and ${count(all - maxPrinted, `more ${noun}`)} (--json lists them)`)
}
