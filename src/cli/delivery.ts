// Sends a feed over its links and says how it went: progress while it runs, a summary at the end.
import { CannotRun, EXIT, type ExitCode } from './exit.ts'
import type { Feed } from './feed.ts'
import type { Link } from './link.ts'
import { Tally } from './tally.ts'
import { count, type Terminal } from './terminal.ts'

export interface DeliveryOptions {
  readonly verb: 'send' | 'replay'
  /** Where to, as it is named in the summary. */
  readonly to: string
  readonly json: boolean
  /** Refusals do not make the exit code 1. */
  readonly expectErrors: boolean
  /** Text files that were found and left out. */
  readonly skipped: readonly string[]
}

/** Trouble with files, gathered while the feed runs. */
export type Troubles = readonly { readonly file: string; readonly text: string }[]

const barWidth = 24
const secondSignalMs = 1_000
const watchedEveryMs = 100
const unwatchedEveryMs = 10_000

/** Delivers and reports. Throws CannotRun when nobody answered anything. */
export async function runDelivery(
  feed: Feed,
  links: readonly Link[],
  troubles: Troubles,
  options: DeliveryOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const tally = new Tally((line) => {
    if (!options.json) terminal.out(line)
  })
  const begin = performance.now()
  const progress = progressOf(feed, tally, begin, options, terminal)
  let fatal: string | undefined
  let stoppedAt: number | undefined
  const stop = () => {
    // The first Ctrl-C waits for what is under way; a further one does not. npm passes the same one on again.
    if (stoppedAt !== undefined && performance.now() - stoppedAt > secondSignalMs) process.exit(EXIT.refused)
    stoppedAt ??= performance.now()
    feed.stop()
  }
  process.on('SIGINT', stop)
  try {
    const report = (...[payload, answer]: Parameters<Tally['add']>) => {
      if ('fault' in answer && answer.fatal) {
        fatal ??= answer.text
        feed.stop()
        if (tally.payloads === 0) return
      }
      tally.add(payload, answer)
      progress()
    }
    await Promise.all(links.map((link) => link.deliver(feed, report)))
  } finally {
    process.off('SIGINT', stop)
    terminal.status('')
  }
  if (fatal !== undefined && tally.payloads === 0) throw new CannotRun(fatal)
  const seconds = (performance.now() - begin) / 1_000
  if (options.json) terminal.out(asJson(tally, seconds, troubles, options))
  else summarise(tally, seconds, troubles, options, terminal)
  if (stoppedAt !== undefined) terminal.note('stopped before the end - what was not sent is not counted')
  const complete = stoppedAt === undefined && fatal === undefined
  const good =
    complete &&
    tally.silences === 0 &&
    troubles.length === 0 &&
    (tally.refusals === 0 || options.expectErrors)
  return good ? EXIT.ok : EXIT.refused
}

const rateOf = (tally: Tally, seconds: number): number =>
  (tally.messages - tally.silences) / Math.max(seconds, 0.001)

function progressOf(
  feed: Feed,
  tally: Tally,
  begin: number,
  { json }: DeliveryOptions,
  terminal: Terminal,
): () => void {
  let shown = terminal.watched ? 0 : begin
  return () => {
    const now = performance.now()
    if (json || now - shown < (terminal.watched ? watchedEveryMs : unwatchedEveryMs)) return
    shown = now
    const rate = `${Math.round(rateOf(tally, (now - begin) / 1_000))}/s`
    const files = `${tally.filesDone}/${feed.fileCount} files`
    const filled = Math.round((barWidth * tally.filesDone) / Math.max(feed.fileCount, 1))
    const bar = `[${'='.repeat(filled)}${' '.repeat(barWidth - filled)}]`
    if (terminal.watched) terminal.status(`${bar} ${files}  ${rate}  ${tally.line}`)
    else terminal.note(`${files}  ${rate}  ${tally.line}`)
  }
}

function summarise(
  tally: Tally,
  seconds: number,
  troubles: Troubles,
  { to, skipped, verb }: DeliveryOptions,
  terminal: Terminal,
): void {
  for (const { file, text } of troubles) terminal.note(text.startsWith(file) ? text : `${file}: ${text}`)
  if (skipped.length > 0) terminal.note(`${count(skipped.length, 'text file')} left out: no HL7 v2 inside`)
  const pace = `${seconds.toFixed(1)} s (${Math.round(rateOf(tally, seconds))}/s)`
  const done = verb === 'send' ? 'to' : 'into'
  terminal.out(
    `${count(tally.filesDone, 'file')}, ${count(tally.messages, 'message')} in ${pace} ${done} ${to}`,
  )
  terminal.out(tally.line)
}

function asJson(tally: Tally, seconds: number, troubles: Troubles, options: DeliveryOptions): string {
  const { verb, to, skipped } = options
  return JSON.stringify({
    verb,
    to,
    files: tally.filesDone,
    payloads: tally.payloads,
    messages: tally.messages,
    acknowledged: tally.acknowledged,
    codes: Object.fromEntries(tally.codes),
    warned: tally.warned,
    notOwed: tally.taken,
    refusals: tally.refusals,
    refused: tally.refused,
    silences: tally.silences,
    unanswered: tally.unanswered,
    troubles,
    skipped,
    seconds: Number(seconds.toFixed(3)),
    perSecond: Number(rateOf(tally, seconds).toFixed(1)),
  })
}
