// Who may connect to an MLLP listener: how many in all, how many of one peer, and whose idle connection makes room.

import type { Socket } from 'node:net'
import type { Connection } from './connection.ts'
import type { MllpLimits } from './options.ts'

/** One accepted socket; it has no connection while its TLS handshake runs. */
export interface Guest {
  readonly socket: Socket
  readonly host: string
  readonly address: string
  connection: Connection | undefined
}

export type Admitted =
  | { readonly guest: Guest; readonly evicted: Guest | undefined }
  | { readonly refused: 'maxConnections' | 'maxConnectionsPerPeer' }

export class Admission {
  readonly #limits: MllpLimits
  readonly #byHost = new Map<string, Set<Guest>>()
  #size = 0

  constructor(limits: MllpLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  guests(): Guest[] {
    return [...this.#byHost.values()].flatMap((guests) => [...guests])
  }

  of(host: string): Guest[] {
    return [...(this.#byHost.get(host) ?? [])]
  }

  /**
   * Takes a socket in. When there are too many, the connection of the same peer that was idle longest has to go: a
   * peer that lost its power leaves half-open ones behind, and must not lock itself out.
   */
  admit(socket: Socket, host: string, address: string): Admitted {
    const { maxConnections, maxConnectionsPerPeer } = this.#limits
    const ofPeer = this.of(host)
    let evicted: Guest | undefined
    if (this.#size >= maxConnections || ofPeer.length >= maxConnectionsPerPeer) {
      evicted = longestIdle(ofPeer)
      if (evicted === undefined) {
        return { refused: this.#size >= maxConnections ? 'maxConnections' : 'maxConnectionsPerPeer' }
      }
      this.leave(evicted)
    }
    const guest: Guest = { socket, host, address, connection: undefined }
    const guests = this.#byHost.get(host)
    if (guests === undefined) this.#byHost.set(host, new Set([guest]))
    else guests.add(guest)
    this.#size += 1
    return { guest, evicted }
  }

  /** Frees the place; harmless when it is free. */
  leave(guest: Guest): void {
    const guests = this.#byHost.get(guest.host)
    if (guests?.delete(guest) !== true) return
    this.#size -= 1
    if (guests.size === 0) this.#byHost.delete(guest.host)
  }
}

function longestIdle(guests: readonly Guest[]): Guest | undefined {
  let found: Guest | undefined
  for (const guest of guests) {
    if (guest.connection?.idle !== true) continue
    if (found?.connection === undefined || guest.connection.lastActive < found.connection.lastActive)
      found = guest
  }
  return found
}
