// A sender's end of an MLLP connection, written for these tests alone: the gateway's own client would share its mistakes.
import { connect, type Socket } from 'node:net'

const startBlock = 0x0b
const endBlock = Buffer.from([0x1c, 0x0d])

/** What a frame got: its reply without the frame, or undefined when the connection ended first. */
export type Answer = Buffer | undefined

export class Wire {
  readonly #socket: Socket
  readonly #waiting: ((answer: Answer) => void)[] = []
  #rest: Buffer = Buffer.alloc(0)
  #open = true
  /** Replies that no frame was waiting for. */
  unasked = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#open = false
      for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    })
  }

  /** Undefined when nobody listens. */
  static open(port: number, timeoutMs = 5_000): Promise<Wire | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      socket.setTimeout(timeoutMs, () => socket.destroy())
      socket.once('connect', () => {
        socket.setTimeout(0)
        resolve(new Wire(socket))
      })
      socket.once('error', () => resolve(undefined))
      socket.once('close', () => resolve(undefined))
    })
  }

  get open(): boolean {
    return this.#open
  }

  /** Frames and sends; answers come in the order of the frames. */
  send(message: Buffer): Promise<Answer> {
    if (!this.#open) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.push(resolve)
    this.#socket.write(Buffer.concat([Buffer.of(startBlock), message, endBlock]))
    return promise
  }

  /** Octets as they are; nothing waits for an answer. */
  write(octets: Buffer): void {
    this.#socket.write(octets)
  }

  /** Ends our half; resolves when the other side has ended its own, with the number of replies that nobody waited for. */
  async end(): Promise<number> {
    this.#socket.end()
    if (this.#open) await new Promise((resolve) => this.#socket.once('close', resolve))
    return this.unasked
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (let end = this.#rest.indexOf(endBlock); end >= 0; end = this.#rest.indexOf(endBlock)) {
      const frame = this.#rest.subarray(this.#rest.indexOf(startBlock) + 1, end)
      this.#rest = this.#rest.subarray(end + endBlock.length)
      const resolve = this.#waiting.shift()
      if (resolve) resolve(Buffer.from(frame))
      else this.unasked++
    }
  }
}

/** MSA-1 and MSA-2. */
export function readMsa(ack: Buffer): { readonly code: string; readonly id: string } {
  const [, code = '', id = ''] = /(?:^|\r)MSA\|([A-Z]*)(?:\|([^|\r]*))?/.exec(ack.toString('latin1')) ?? []
  return { code, id }
}
