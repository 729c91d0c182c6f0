// One MLLP connection of a listener: frames in, replies out, and when to read, to wait and to close.

import type { Socket } from 'node:net'
import type { Inbound } from '../adapter.ts'
import { Answers, isCommitAck } from './answers.ts'
import { FrameReader } from './frame.ts'
import type { FrameEvent, FrameFault, FrameRead } from './frame-event.ts'
import { FrameQueue } from './frame-queue.ts'
import { FrameWatch } from './frame-watch.ts'
import { Intake } from './intake.ts'
import type { Listening } from './listening.ts'
import type { CloseReason, MllpFaultCode, MllpPeer } from './options.ts'
import type { BudgetMember } from './read-budget.ts'
import { ReplyQueue, type ReplyWatcher } from './replies.ts'
import { Alarm } from './timers.ts'

/** Faults whose sender waits for an answer, because it sent a whole frame or too much of one. */
const ANSWERED: readonly MllpFaultCode[] = ['EMPTY_PAYLOAD', 'FRAME_TOO_LARGE', 'UTF16_CONTENT']
/** Reasons for which a connection that never got a reply is ended rather than torn down. */
const POLITE: readonly CloseReason[] = ['peer', 'idle', 'replaced', 'shutdown']

export class Connection implements BudgetMember {
  readonly peer: MllpPeer
  /** When it last received something, in ticks of the listener. */
  lastActive: number
  readonly #socket: Socket
  readonly #shared: Listening
  readonly #answers: Answers
  readonly #reader: FrameReader
  readonly #replies: ReplyQueue
  readonly #intake: Intake
  readonly #watch: FrameWatch
  readonly #idle: Alarm
  readonly #linger: Alarm
  readonly #queue = new FrameQueue()
  /** Octets of the payloads that the pipeline has. */
  #inFlightBytes = 0
  #accounted = { held: 0, whole: 0 }
  #frames = 0
  #faults = 0
  #replied = false
  #received = false
  #reading = true
  #finishing: CloseReason | undefined
  #ended = false
  #closed = false

  constructor(socket: Socket, peer: MllpPeer, shared: Listening) {
    const { options, limits, timers } = shared
    this.peer = peer
    this.#socket = socket
    this.#shared = shared
    this.#answers = new Answers(options)
    this.#reader = new FrameReader({
      maxFrameBytes: limits.maxFrameBytes,
      maxGarbageBytes: limits.maxGarbageBytes,
      allowMissingVt: options.allowMissingVt ?? false,
      terminator: options.terminator ?? 'fs-vt',
    })
    this.#replies = new ReplyQueue(socket, this.#replyWatcher(), limits.writeTimeoutMs, timers)
    this.#intake = new Intake({
      onInbound: shared.onInbound,
      timers,
      storeWaitMs: limits.storeWaitMs,
      storeRetryMs: limits.storeRetryMs,
      refused: () => {
        shared.events.storeUnavailable?.(peer.address)
        this.regulate()
      },
      resumed: () => this.#advance(),
    })
    this.#watch = new FrameWatch(this.#reader, limits, timers, (found, timedOut) =>
      this.#watched(found, timedOut),
    )
    this.#idle = new Alarm(timers)
    this.#linger = new Alarm(timers)
    this.lastActive = shared.tick()
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#peerEnded())
    // Nothing to do: 'close' follows, and tells all that there is to tell.
    socket.on('error', () => {})
    socket.once('close', (failed) => this.#gone(failed))
    shared.events.connectionOpened?.(peer)
    this.#watchIdle()
  }

  get idle(): boolean {
    return !this.#reader.inFrame && this.#queue.isEmpty && this.#replies.size === 0
  }

  get held(): number {
    return (this.#closed ? 0 : this.#reader.bufferedBytes) + this.#wholeBytes
  }

  get #wholeBytes(): number {
    return this.#queue.bytes + this.#inFlightBytes
  }

  get inFrame(): boolean {
    return this.#reader.inFrame
  }

  /** Reads no more, replies to what has been handed over, then closes. What was not handed over gets no reply. */
  finish(reason: CloseReason): void {
    if (this.#finishing !== undefined) return
    this.#queue.clear()
    this.#finish(reason)
  }

  /** Closes at once. */
  destroy(reason: CloseReason): void {
    this.#finishing ??= reason
    this.#socket.destroy()
  }

  /** Pauses or resumes reading as the frames in flight, the store and the budget of all connections allow. */
  regulate(): void {
    const wanted = this.#mayRead()
    if (wanted === this.#reading || this.#ended || this.#closed) return
    this.#reading = wanted
    if (wanted) this.#socket.resume()
    else this.#socket.pause()
    this.#watch.update(wanted)
  }

  #mayRead(): boolean {
    if (this.#finishing !== undefined || this.#reader.dead) return false
    if (!this.#queue.isEmpty || this.#intake.blocked) return false
    const most = this.#shared.limits.maxInFlight
    const inFlight = this.#replies.size
    if (inFlight >= most || (!this.#reading && inFlight > most / 2)) return false
    return this.#shared.budget.admits(this)
  }

  #read(chunk: Buffer): void {
    if (this.#finishing !== undefined) return
    this.#received = true
    this.lastActive = this.#shared.tick()
    this.#queue.add(this.#reader.push(chunk))
    this.#advance()
    this.#watch.update(this.#reading)
  }

  #peerEnded(): void {
    if (this.#finishing !== undefined) return
    this.#queue.add(this.#shared.limits.fsTimeoutMs > 0 ? this.#reader.endAtFs() : [])
    this.#queue.add(this.#reader.end())
    this.#finish('peer')
    this.#advance()
  }

  #watched(events: FrameEvent[], timedOut: boolean): void {
    this.#queue.add(events)
    if (timedOut) this.#finish('FRAME_TIMEOUT')
    this.#advance()
  }

  /** Handles what has been read as far as frames may be in flight, then sees what that changes. */
  #advance(): void {
    if (this.#closed) return
    const most = this.#shared.limits.maxInFlight
    while (this.#replies.size < most && !this.#intake.blocked) {
      const event = this.#queue.take()
      if (event === undefined) break
      if (event.type === 'frame') this.#handOver(event)
      else this.#fault(event)
    }
    this.#account()
    this.regulate()
    this.#watchIdle()
    if (this.#finishing !== undefined && this.#queue.isEmpty && this.#replies.size === 0) this.#close()
  }

  #handOver(read: FrameRead): void {
    if (isCommitAck(read.payload)) {
      // An answer is never answered. In release 2 it belongs to our own block and asks for nothing.
      if (this.#shared.options.release !== 2) this.#report('COMMIT_ACK_RECEIVED', read.offset, 1)
      return
    }
    this.#frames += 1
    this.#faults = 0
    this.#replied = true
    this.#shared.events.frame?.(this.peer.address, read.payload.length)
    const inbound = this.#inbound(read)
    this.#inFlightBytes += read.payload.length
    const slot = this.#replies.open()
    this.#intake.take(inbound, (reply) => {
      this.#inFlightBytes -= read.payload.length
      this.#account()
      if (reply !== undefined) this.#replies.settle(slot, this.#answers.taken(reply))
      else if (this.#closed) return
      else if (this.#shared.options.whenUnavailable === 'close') this.destroy('store-unavailable')
      else this.#replies.settle(slot, this.#answers.unavailable(inbound))
    })
  }

  #inbound(read: FrameRead): Inbound {
    const { address, identity, allowed } = this.peer
    return {
      raw: read.payload,
      channel: 'mllp',
      peer: address,
      ...(identity === undefined ? {} : { identity }),
      ...(allowed === undefined ? {} : { allowed }),
      ...(read.warnings.length === 0 ? {} : { warnings: read.warnings }),
    }
  }

  #fault(fault: FrameFault): void {
    this.#report(fault.code, fault.offset, fault.length)
    this.#shared.options.keepFault?.(fault, this.peer)
    if (ANSWERED.includes(fault.code)) {
      const bytes = this.#answers.refused(fault)
      if (bytes !== undefined) {
        this.#replied = true
        this.#replies.settle(this.#replies.open(), bytes)
      }
    }
    this.#faults += 1
    if (fault.fatal) this.#finish(fault.code)
    else if (this.#faults >= this.#shared.limits.maxFaults && this.#finishing === undefined) {
      this.#report('TOO_MANY_FAULTS', fault.offset, 0)
      this.finish('TOO_MANY_FAULTS')
    }
  }

  #report(code: MllpFaultCode, offset: number, length: number): void {
    this.#shared.events.fault?.({ code, peer: this.peer.address, offset, length })
  }

  #finish(reason: CloseReason): void {
    this.#finishing ??= reason
    this.#watch.stop()
    this.#idle.clear()
    this.regulate()
    // What is under way may belong to the caller's own step: close once that has been seen to.
    process.nextTick(() => this.#advance())
  }

  /** Ends our half. Octets that come in still are read and dropped: a reset would take the last ACK with it. */
  #close(): void {
    if (this.#ended) return
    this.#ended = true
    if (!this.#replied && this.#finishing !== undefined && !POLITE.includes(this.#finishing)) {
      this.#socket.destroy()
      return
    }
    this.#socket.end()
    this.#socket.resume()
    this.#linger.set(this.#shared.limits.lingerMs, () => this.#socket.destroy())
  }

  #gone(failed: boolean): void {
    this.#closed = true
    this.#watch.stop()
    this.#idle.clear()
    this.#linger.clear()
    if (this.#finishing === undefined) {
      for (const event of this.#reader.end()) if (event.type === 'fault') this.#fault(event)
    }
    for (const { raw } of this.#intake.stop()) this.#inFlightBytes -= raw.length
    this.#queue.clear()
    this.#replies.abandon()
    this.#shared.budget.leave(this)
    // Frames that the pipeline still has stay on the account until it has done with them.
    this.#account()
    const { events } = this.#shared
    const reason = this.#finishing ?? (failed ? 'error' : 'peer')
    if (!this.#received && (reason === 'peer' || reason === 'error')) events.probe?.(this.peer.address)
    events.connectionClosed?.(this.peer, reason, this.#frames)
  }

  #account(): void {
    const { held } = this
    const whole = this.#wholeBytes
    const before = this.#accounted
    this.#accounted = { held, whole }
    this.#shared.budget.account(this, held - before.held, whole - before.whole)
  }

  #watchIdle(): void {
    const ms = this.#shared.limits.idleTimeoutMs
    if (ms === 0 || this.#finishing !== undefined) return
    if (this.idle) this.#idle.set(ms, () => this.finish('idle'))
    else this.#idle.clear()
  }

  #replyWatcher(): ReplyWatcher {
    const { events } = this.#shared
    return {
      replyLeft: () => this.#advance(),
      ackSent: () => events.ackSent?.(this.peer.address),
      ackUndelivered: () => events.ackUndelivered?.(this.peer.address),
      writeStalled: () => {
        this.#report('ACK_WRITE_TIMEOUT', 0, 0)
        this.destroy('ACK_WRITE_TIMEOUT')
      },
    }
  }
}
