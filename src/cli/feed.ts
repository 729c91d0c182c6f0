// The payloads of many files, one after the other, at most so many in a second.
import { setTimeout as pause } from 'node:timers/promises'
import { textOf } from './exit.ts'
import { readBytes, STDIN } from './files.ts'
import type { Payload } from './link.ts'
import { unpack } from './payloads.ts'

export interface FeedOptions {
  readonly files: readonly string[]
  /** How often the whole is sent. */
  readonly repeat: number
  /** Messages per second; undefined = as fast as they are answered. */
  readonly rate: number | undefined
  /** Is told of a file that cannot be read or holds nothing to send. */
  readonly onTrouble: (file: string, text: string) => void
}

/** Payloads in order; several links may take from it, each payload goes to one of them. */
export class Feed implements AsyncIterable<Payload> {
  readonly #options: FeedOptions
  readonly #source: AsyncGenerator<Payload>
  readonly #stopping = new AbortController()

  constructor(options: FeedOptions) {
    this.#options = options
    this.#source = this.#payloads()
  }

  /** Files in all rounds. */
  get fileCount(): number {
    return this.#options.files.length * this.#options.repeat
  }

  /** Hands out nothing more. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Without `return`: a link that gives up leaves the rest to the others. */
  [Symbol.asyncIterator](): AsyncIterator<Payload> {
    return { next: () => this.#source.next() }
  }

  async *#payloads(): AsyncGenerator<Payload> {
    const { files, repeat, rate } = this.#options
    const { signal } = this.#stopping
    const begin = performance.now()
    // Standard input can be read once only.
    const stdin = files.includes(STDIN) ? readBytes(STDIN) : undefined
    let handed = 0
    for (let round = 0; round < repeat; round++) {
      for (const [i, file] of files.entries()) {
        const payloads = this.#read(file, stdin, round)
        for (const [j, bytes] of payloads.entries()) {
          if (rate !== undefined) await turn(begin + (handed * 1_000) / rate, signal)
          if (signal.aborted) return
          handed += 1
          const fileNumber = round * files.length + i + 1
          yield { bytes, file, fileNumber, number: j + 1, of: payloads.length }
        }
      }
    }
  }

  #read(file: string, stdin: Uint8Array | undefined, round: number): readonly Uint8Array[] {
    const trouble = (text: string) => {
      if (round === 0) this.#options.onTrouble(file, text)
    }
    try {
      const { payloads, faults } = unpack(file === STDIN && stdin ? stdin : readBytes(file))
      for (const fault of faults) trouble(`a frame cannot be read (${fault}) - it was left out`)
      if (payloads.length === 0 && faults.length === 0) trouble('holds nothing to send')
      return payloads
    } catch (error) {
      trouble(textOf(error))
      return []
    }
  }
}

/** Waits until `at`, in milliseconds of performance.now(). */
async function turn(at: number, signal: AbortSignal): Promise<void> {
  const ms = at - performance.now()
  if (ms < 1) return
  try {
    await pause(ms, undefined, { signal })
  } catch {
    // Stopped: the caller looks at the signal.
  }
}
