// The sender, a process of its own: feeds over MLLP with so many connections and so many messages in flight on each.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Handlers, serve } from './remote.ts'
import { Traffic } from './traffic.ts'

export interface LoadOptions {
  readonly port: number
  readonly connections: number
  /** Messages in flight on each connection. */
  readonly window: number
  /** Ends after so many messages, or after so many seconds, whichever comes first. */
  readonly messages: number
  readonly seconds: number
}

export interface LoadResult {
  readonly messages: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bytes: number
  /** By MSA-1. */
  readonly codes: Readonly<Record<string, number>>
  /** A few acknowledgements that were not AA, or had warnings. */
  readonly samples: readonly string[]
}

/** Feeds of all phases: with fewer connections one connection carries several of them. */
const shards = 16
const startBlock = 0x0b
const endBlock = Buffer.from([0x1c, 0x0d])
const maxSamples = 8

let feeds: Traffic[] = []

class Run {
  readonly #options: LoadOptions
  readonly #latencies: number[] = []
  readonly #codes: Record<string, number> = {}
  readonly #samples: string[] = []
  readonly #began = performance.now()
  #sent = 0
  #bytes = 0
  #over = false

  constructor(options: LoadOptions) {
    this.#options = options
  }

  async run(): Promise<LoadResult> {
    const { connections, seconds } = this.#options
    const ending = new AbortController()
    const timer = sleep(Math.min(seconds * 1000, 2 ** 31 - 1), undefined, { signal: ending.signal }).then(
      () => {
        this.#over = true
      },
      () => {},
    )
    await Promise.all(Array.from({ length: connections }, (_, i) => this.#connection(i)))
    const took = (performance.now() - this.#began) / 1000
    ending.abort()
    await timer
    const sorted = Float64Array.from(this.#latencies).sort()
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    return {
      messages: sorted.length,
      seconds: took,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      bytes: this.#bytes,
      codes: this.#codes,
      samples: this.#samples,
    }
  }

  #connection(index: number): Promise<void> {
    const { port, connections, window } = this.#options
    const own = feeds.filter((_, shard) => shard % connections === index)
    const sentAt: number[] = []
    let turn = 0
    let rest: Buffer = Buffer.alloc(0)
    return new Promise((resolve, reject) => {
      const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true })
      const fill = () => {
        while (sentAt.length < window && !this.#over && this.#sent < this.#options.messages) {
          const text = own[turn++ % own.length]?.next() ?? ''
          this.#sent++
          this.#bytes += text.length
          sentAt.push(performance.now())
          socket.write(`\u000b${text}\u001c\r`, 'latin1')
        }
        if (sentAt.length === 0) socket.end()
      }
      socket.on('connect', fill)
      socket.on('data', (chunk) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
        for (let end = rest.indexOf(endBlock); end >= 0; end = rest.indexOf(endBlock)) {
          this.#latencies.push(performance.now() - (sentAt.shift() ?? 0))
          this.#count(rest.subarray(rest.indexOf(startBlock) + 1, end))
          rest = rest.subarray(end + endBlock.length)
        }
        fill()
      })
      socket.on('error', reject)
      socket.on('close', () =>
        sentAt.length === 0 ? resolve() : reject(new Error('the gateway closed the connection')),
      )
    })
  }

  #count(ack: Buffer): void {
    const text = ack.toString('latin1')
    const code = /\rMSA\|(\w\w)/.exec(text)?.[1] ?? '??'
    this.#codes[code] = (this.#codes[code] ?? 0) + 1
    if ((code !== 'AA' || text.includes('\rERR|')) && this.#samples.length < maxSamples)
      this.#samples.push(text.replaceAll('\r', '\n'))
  }
}

const handlers = {
  /** A new stream of messages, from its beginning. */
  begin: ({ seed, patients }: { seed: number; patients: number }) => {
    feeds = Array.from({ length: shards }, (_, shard) => new Traffic({ seed, patients, shard, shards }))
  },
  run: (options: LoadOptions) => new Run(options).run(),
} satisfies Handlers

export type LoadHandlers = typeof handlers
export const loadFile = import.meta.filename

if (import.meta.main) serve(handlers, async () => {})
