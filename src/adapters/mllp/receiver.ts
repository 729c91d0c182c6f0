// MLLP listener (HL7 Transport Specification MLLP, release 1; commit acknowledgements of release 2 as an option).

import { createServer, type Server, type Socket } from 'node:net'
import type { OnInbound, Receiver } from '../adapter.ts'
import { Admission, type Guest } from './admission.ts'
import { Connection } from './connection.ts'
import type { Listening } from './listening.ts'
import {
  limitsOf,
  type MllpEvents,
  type MllpFaultCode,
  type MllpOptions,
  type MllpPeer,
  type MllpTlsMaterial,
} from './options.ts'
import { ReadBudget } from './read-budget.ts'
import { type Cancel, systemTimers } from './timers.ts'
import { type ProvenPeer, type TlsGate, tlsGate } from './tls-gate.ts'

export interface MllpReceiver extends Receiver {
  /** Open connections, handshakes included. */
  readonly connections: number
  /** Octets held for begun and unanswered frames. */
  readonly bufferedBytes: number
  /** Uses other certificates for new connections; returns why not, and changes nothing, when they do not fit. */
  reloadTls(material: MllpTlsMaterial): { readonly fault: string } | undefined
}

/**
 * Listens for MLLP and hands every payload to `onInbound`; replies leave in the order of their frames.
 * Rejects when it cannot listen or when an option is out of range.
 */
export async function listenMllp(
  options: MllpOptions,
  onInbound: OnInbound,
  events: MllpEvents = {},
): Promise<MllpReceiver> {
  const listener = new Listener(options, onInbound, events)
  await listener.listen()
  return listener
}

class Listener implements MllpReceiver {
  readonly #shared: Listening
  readonly #admission: Admission
  readonly #server: Server
  readonly #gate: TlsGate | undefined
  #ticks = 0
  #closing: Promise<void> | undefined

  constructor(options: MllpOptions, onInbound: OnInbound, events: MllpEvents) {
    const limits = limitsOf(options)
    this.#shared = {
      options,
      limits,
      onInbound,
      events,
      timers: options.timers ?? systemTimers,
      budget: new ReadBudget(limits.maxBufferedBytes),
      tick: () => ++this.#ticks,
    }
    this.#admission = new Admission(limits)
    this.#gate = this.#tlsGate()
    this.#server = createServer({
      // We end our half ourselves, after the ACK of a sender that has ended its own. With TLS, after the handshake.
      allowHalfOpen: this.#gate === undefined,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: limits.keepAliveMs,
    })
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get connections(): number {
    return this.#admission.size
  }

  get bufferedBytes(): number {
    return this.#shared.budget.used
  }

  async listen(): Promise<void> {
    const { host, port } = this.#shared.options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#server.on('error', (error: NodeJS.ErrnoException) => {
      this.#report('LISTENER_ERROR', '', error.code ?? 'unknown')
    })
  }

  reloadTls(material: MllpTlsMaterial): { readonly fault: string } | undefined {
    if (this.#gate === undefined) return { fault: 'this listener does not use TLS' }
    try {
      this.#gate.reload(material)
      return undefined
    } catch (error) {
      return { fault: error instanceof Error ? error.message : 'certificate not accepted' }
    }
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#shutDown(graceMs)
    return this.#closing
  }

  async #shutDown(graceMs: number): Promise<void> {
    let cancel: Cancel | undefined
    const guests = this.#admission.guests()
    const closed = Promise.all([
      new Promise<void>((resolve) => this.#server.close(() => resolve())),
      ...guests.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))),
    ])
    for (const guest of guests) {
      if (guest.connection === undefined) guest.socket.destroy()
      else guest.connection.finish('shutdown')
    }
    const end = () => {
      for (const guest of this.#admission.guests()) guest.socket.destroy()
    }
    if (this.#admission.size > 0) cancel = this.#shared.timers.after(Math.max(graceMs, 1), end)
    await closed
    cancel?.()
  }

  #accept(socket: Socket): void {
    const host = plainHost(socket.remoteAddress)
    // Closed again before it could be accepted.
    if (host === undefined) {
      socket.destroy()
      return
    }
    const address = `${host.includes(':') ? `[${host}]` : host}:${socket.remotePort ?? 0}`
    if (this.#shared.options.admits?.(host) === false) {
      this.#shared.events.connectionRefused?.(address, 'address')
      socket.destroy()
      return
    }
    const admitted = this.#admission.admit(socket, host, address)
    if ('refused' in admitted) {
      this.#shared.events.connectionRefused?.(address, admitted.refused)
      socket.destroy()
      return
    }
    const { guest, evicted } = admitted
    evicted?.connection?.destroy('evicted')
    socket.once('close', () => this.#admission.leave(guest))
    if (this.#gate === undefined) this.#connect(guest, socket, {})
    else this.#enter(this.#gate, guest)
  }

  #enter(gate: TlsGate, guest: Guest): void {
    const { socket } = guest
    socket.on('error', () => {})
    socket.once('close', () => {
      if (guest.connection === undefined && socket.bytesRead === 0) this.#shared.events.probe?.(guest.address)
    })
    gate.enter(socket)
  }

  #tlsGate(): TlsGate | undefined {
    const { options, limits } = this.#shared
    if (options.tls === undefined) return undefined
    const guestOf = (raw: Socket) => this.#admission.guests().find((guest) => guest.socket === raw)
    return tlsGate(options.tls, limits.handshakeTimeoutMs, {
      secured: (raw, socket, proven) => {
        const guest = guestOf(raw)
        if (guest === undefined) socket.destroy()
        else this.#connect(guest, socket, proven)
      },
      refused: (raw, { code, detail }) => {
        const guest = guestOf(raw)
        if (guest !== undefined && raw.bytesRead > 0) this.#report(code, guest.address, detail)
      },
    })
  }

  #connect(guest: Guest, socket: Socket, proven: ProvenPeer): void {
    const peer: MllpPeer = { address: guest.address, host: guest.host, ...proven }
    guest.connection = new Connection(socket, peer, this.#shared)
    if (this.#shared.options.singleConnection !== true) return
    for (const other of this.#admission.of(guest.host)) {
      // Another identity behind the same address is another sender.
      if (other !== guest && other.connection?.peer.identity === peer.identity)
        other.connection?.finish('replaced')
    }
  }

  #report(code: MllpFaultCode, peer: string, detail: string): void {
    this.#shared.events.fault?.({ code, peer, offset: 0, length: 0, detail })
  }
}

/** An IPv4 address as such, also where the listener is an IPv6 one. */
function plainHost(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
