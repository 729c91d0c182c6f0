// A receiver of MLLP messages that does as a test says, and a sender that talks to it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import {
  MllpSender,
  type MllpSenderOptions,
  type SendFault,
  type SendOutcome,
} from '../../../src/adapters/mllp/sender.ts'
import { text, Wire } from './wire.ts'

/** A receiver that does as a test says: `connections` are its ends, in order of arrival. */
export class Scripted {
  readonly #server: Server
  readonly connections: Wire[] = []
  #wake: (() => void)[] = []

  private constructor(greet: (socket: Socket) => void) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.connections.push(new Wire(socket))
      greet(socket)
      for (const resolve of this.#wake.splice(0)) resolve()
    })
  }

  static async listen(greet: (socket: Socket) => void = () => {}): Promise<Scripted> {
    const scripted = new Scripted(greet)
    scripted.#server.listen(0, '127.0.0.1')
    await once(scripted.#server, 'listening')
    return scripted
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async connection(index: number): Promise<Wire> {
    for (;;) {
      const wire = this.connections[index]
      if (wire !== undefined) return wire
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  close(): void {
    for (const wire of this.connections) wire.close()
    this.#server.close()
  }
}

export async function withScripted(
  options: MllpSenderOptions,
  body: (sender: MllpSender, receiver: Scripted) => Promise<void>,
  greet?: (socket: Socket) => void,
): Promise<void> {
  const receiver = await Scripted.listen(greet)
  const sender = new MllpSender(options)
  try {
    assert.equal(await sender.connect('127.0.0.1', receiver.port), undefined)
    await body(sender, receiver)
  } finally {
    sender.close()
    receiver.close()
  }
}

export const ackText = (outcome: SendOutcome): string =>
  'ack' in outcome ? text(outcome.ack) : outcome.fault.code
export const faultOf = (outcome: SendOutcome): SendFault | undefined =>
  'fault' in outcome ? outcome.fault : undefined
