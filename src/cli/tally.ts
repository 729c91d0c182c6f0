// What became of everything that was sent: counted by acknowledgement code, refusals with their errors.
import { type Answer, type Complaint, describeComplaint, isPositive, type Verdict } from './answer.ts'
import type { Payload } from './link.ts'
import { count } from './terminal.ts'

/** Refusals that are listed; the rest is counted. */
export const maxListed = 1_000

export interface Refused {
  readonly file: string
  /** Place in the file, when it holds several. */
  readonly message?: string
  /** MSA-1, or 'HTTP 403'. */
  readonly code: string
  readonly controlId?: string
  readonly errors: readonly Complaint[]
}

export interface Unanswered {
  readonly file: string
  readonly message?: string
  readonly reason: string
  readonly text: string
}

const order = ['AA', 'CA', 'AE', 'CE', 'AR', 'CR']
const rank = (code: string): number => (order.indexOf(code) + order.length + 1) % (order.length + 1)

export class Tally {
  readonly refused: Refused[] = []
  readonly unanswered: Unanswered[] = []
  readonly #codes = new Map<string, number>()
  readonly #onLine: (line: string) => void
  payloads = 0
  /** Messages, those of batches counted one by one as far as they are answered so. */
  messages = 0
  acknowledged = 0
  warned = 0
  taken = 0
  refusals = 0
  silences = 0
  /** Highest file number reported. */
  filesDone = 0

  /** `onLine` gets one line for each error of a refusal, as it happens. */
  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  add(payload: Payload, answer: Answer): void {
    this.payloads += 1
    this.messages += 'verdicts' in answer ? answer.verdicts.length : 1
    this.filesDone = Math.max(this.filesDone, payload.fileNumber)
    if ('verdicts' in answer) {
      for (const [i, verdict] of answer.verdicts.entries()) {
        this.#verdict(verdict, placeOf(payload, i, answer.verdicts.length))
      }
    } else if ('taken' in answer) this.taken += 1
    else if ('refused' in answer) {
      const complaint = { severity: 'E', code: '', locations: [], text: answer.text }
      this.#refusal({ ...placeOf(payload, 0, 1), code: answer.refused, errors: [complaint] })
    } else this.#silence({ ...placeOf(payload, 0, 1), reason: answer.fault, text: answer.text })
  }

  /** 'AA 58', in the order of the table, good ones first. */
  get codes(): readonly (readonly [code: string, count: number])[] {
    return [...this.#codes].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
  }

  /** 'AA 58 (2 with warnings)  AE 10  AR 4' */
  get line(): string {
    const parts = this.codes.map(([code, number]) => `${code || '(no code)'} ${number}`)
    if (this.warned > 0) parts[0] += ` (${this.warned} with warnings)`
    if (this.taken > 0) parts.push(`no acknowledgement owed ${this.taken}`)
    if (this.silences > 0) parts.push(`unanswered ${this.silences}`)
    return parts.join('  ') || 'nothing sent'
  }

  #verdict(verdict: Verdict, place: Place): void {
    const { code, controlId, complaints } = verdict
    this.acknowledged += 1
    if (isPositive(verdict)) {
      this.#count(code)
      if (complaints.length > 0) this.warned += 1
    } else this.#refusal({ ...place, code, ...(controlId !== '' && { controlId }), errors: complaints })
  }

  #refusal(refused: Refused): void {
    this.#count(refused.code)
    this.refusals += 1
    if (this.refused.length >= maxListed) return
    this.refused.push(refused)
    const errors = refused.errors.length > 0 ? refused.errors.map(describeComplaint) : ['no reason was given']
    for (const error of errors)
      this.#onLine(`${nameOf(refused)}: ${refused.code} ${error}`.replace('  ', ' '))
    if (this.refused.length === maxListed)
      this.#onLine(`more than ${count(maxListed, 'refusal')} - the rest is counted only`)
  }

  #silence(unanswered: Unanswered): void {
    this.silences += 1
    if (this.unanswered.length >= maxListed) return
    this.unanswered.push(unanswered)
    this.#onLine(`${nameOf(unanswered)}: ${unanswered.text}`)
  }

  #count(code: string): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1)
  }
}

type Place = Pick<Refused, 'file' | 'message'>

function placeOf({ file, number, of }: Payload, i: number, verdicts: number): Place {
  const places = [...(of > 1 ? [number] : []), ...(verdicts > 1 ? [i + 1] : [])]
  return { file, ...(places.length > 0 && { message: places.join('.') }) }
}

const nameOf = ({ file, message }: Place): string => (message === undefined ? file : `${file}[${message}]`)
