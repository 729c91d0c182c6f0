// T10: the way back is cut between commit and ACK; the sender sends again and must get the very same ACK.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Child } from './child.ts'
import { Load, usualLoad } from './load.ts'
import { Messages, type Sent } from './messages.ts'
import { judge } from './oracle.ts'
import type { Context, Outcome, Trial } from './trial.ts'
import { readMsa, Wire } from './wire.ts'

const lanes = 16
const endBlock = Buffer.from([0x1c, 0x0d])

/** Passes what the sender says, and keeps the first reply for itself: then both sides find the connection gone. */
class OneWay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Replies that were kept back, whole frames, by the control id that they name. */
  readonly kept = new Map<string, Buffer>()
  port = 0

  constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect({ host: '127.0.0.1', port: target, noDelay: true })
      let reply = Buffer.alloc(0)
      const end = () => {
        near.destroy()
        far.destroy()
        this.#sockets.delete(near)
        this.#sockets.delete(far)
      }
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', end)
        socket.on('close', end)
      }
      near.pipe(far)
      far.on('data', (chunk) => {
        reply = Buffer.concat([reply, chunk])
        if (reply.indexOf(endBlock) < 0) return
        const ack = reply.subarray(1, reply.indexOf(endBlock))
        this.kept.set(readMsa(ack).id, ack)
        end()
      })
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen({ host: '127.0.0.1', port: 0 }, resolve))
    const address = this.#server.address()
    this.port = typeof address === 'object' && address ? address.port : 0
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

/** First through the proxy, whose reply never comes; then on a connection that works. */
async function lose(sent: Sent, proxy: OneWay, wire: Wire, load: Load): Promise<void> {
  const cut = await Wire.open(proxy.port)
  const nothing = await cut?.send(sent.bytes)
  cut?.close()
  if (nothing) load.complain(`${sent.id} got a reply through the proxy that keeps them`)
  const again = await wire.send(sent.bytes)
  sent.times += 2
  if (!again) {
    load.complain(`${sent.id} was not answered when it was sent again`)
    return
  }
  const first = proxy.kept.get(sent.id)
  proxy.kept.delete(sent.id)
  if (!first) load.complain(`the first answer to ${sent.id} never left the gateway`)
  else if (!first.equals(again)) load.complain(`${sent.id} got another ACK when it was sent again`)
  load.settled(sent, readMsa(again).code, again, 0)
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 320 : 10_000)
  const dataDir = join(cleanup.folder(), 'data')
  const child = await Child.start({ dataDir, mutant })
  cleanup.add(() => child.end())
  const proxy = new OneWay(child.mllpPort)
  await proxy.listen()
  cleanup.add(() => proxy.close())
  const load = new Load({ ...usualLoad, seed, connections: lanes })
  let left = count
  const lane = async (feed: number) => {
    const messages = new Messages({ ...usualLoad, seed, feed, feeds: lanes })
    const wire = await Wire.open(child.mllpPort)
    if (!wire) throw new Error('the gateway does not accept connections')
    while (left-- > 0) {
      const sent = messages.next()
      load.sent.push(sent)
      await lose(sent, proxy, wire, load)
      if (left % 1_000 === 0) say(`${count - left} ACKs lost`)
    }
    wire.close()
  }
  await Promise.all(Array.from({ length: lanes }, (_, feed) => lane(feed)))
  const { violations, figures } = await judge(load, dataDir)
  return { faults: count, figures, violations }
}

export const lostAck: Trial = {
  id: 'T10',
  fault: 'cut between commit and ACK',
  mutants: ['no-resend-check'],
  run,
}
