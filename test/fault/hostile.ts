// T18: hostile frames. Nothing crashes, nothing stands still, each gets one answer or a closed connection, memory stays.
import { join } from 'node:path'
import { Child, type Probe } from './child.ts'
import { withRows } from './database.ts'
import { type Hostile, HostileFrames } from './hostile-frames.ts'
import { Messages } from './messages.ts'
import { Judgement } from './oracle.ts'
import { type Context, type Outcome, spread, type Trial } from './trial.ts'
import { readMsa, Wire } from './wire.ts'

const blockedLimitMs = 250
const growthLimitBytes = 64 * 1_048_576
const answeredWithinMs = 30_000
/** Frames between two looks at the event loop, and groups between two looks at memory. */
const group = 60
const memoryEvery = 4
const laneCount = 12

/** Octets on a connection of their own: it must end with ours, answered or not. */
async function sendOctets(port: number, octets: Buffer): Promise<string | undefined> {
  const wire = await Wire.open(port)
  if (!wire) return 'the gateway does not accept connections'
  wire.write(octets)
  const replies = await within(wire.end())
  wire.close()
  return replies === undefined ? `still open after ${answeredWithinMs} ms` : undefined
}

/** A connection on which every hostile frame is followed by one that is known to be answered. */
class Lane {
  readonly #port: number
  readonly #known: Buffer
  readonly #knownId: string
  #wire: Wire | undefined
  closed = 0

  constructor(port: number, known: Buffer, knownId: string) {
    this.#port = port
    this.#known = known
    this.#knownId = knownId
  }

  /** What went wrong; undefined when nothing did. */
  async send(payload: Buffer, replies: 0 | 1): Promise<string | undefined> {
    if (!this.#wire?.open) this.#wire = await Wire.open(this.#port)
    const wire = this.#wire
    if (!wire) return 'the gateway does not accept connections'
    const first = wire.send(payload)
    const second = replies === 1 ? wire.send(this.#known) : first
    if (replies === 0) wire.write(Buffer.concat([Buffer.of(0x0b), this.#known, Buffer.of(0x1c, 0x0d)]))
    const answers = await within(Promise.all([first, second]))
    if (!answers) return `no answer within ${answeredWithinMs} ms`
    const [one, two] = answers
    if (two === undefined) {
      // Closed without an answer, or after the one that it owed.
      this.closed++
      return undefined
    }
    if (wire.unasked > 0) return 'more than one reply'
    if (readMsa(two).id !== this.#knownId) return 'more than one reply'
    if (replies === 1 && one && readMsa(one).id === this.#knownId) return 'no reply'
    return undefined
  }

  close(): void {
    this.#wire?.close()
  }
}

async function within<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), answeredWithinMs)
  })
  const done = await Promise.race([work, late])
  clearTimeout(timer)
  return done
}

/** Sends groups of frames and keeps what went wrong. */
class Attack {
  readonly wrong: string[] = []
  readonly slow: string[] = []
  readonly blocked: number[] = []
  readonly held: number[] = []
  rssBytes = 0
  readonly #child: Child
  readonly #lanes: readonly Lane[]
  #groups = 0

  constructor(child: Child, lanes: readonly Lane[]) {
    this.#child = child
    this.#lanes = lanes
  }

  async send(frames: readonly Hostile[]): Promise<void> {
    let probe = await this.#sendBy(frames, this.#lanes)
    // Several at once, code being compiled, garbage being collected: what is one frame's doing happens again.
    for (let again = 0; probe.blockedMs > blockedLimitMs && again < 2; again++)
      probe = await this.#sendBy(frames, this.#lanes.slice(0, 1))
    this.blocked.push(probe.blockedMs)
    if (probe.blockedMs > blockedLimitMs)
      this.slow.push(
        `${Math.round(probe.blockedMs)} ms: ${[...new Set(frames.map(({ kind }) => kind))].join(', ')}`,
      )
  }

  async #sendBy(frames: readonly Hostile[], lanes: readonly Lane[]): Promise<Probe> {
    const left = [...frames]
    const drive = async (lane: Lane) => {
      for (let frame = left.shift(); frame; frame = left.shift()) {
        const { kind, payload, replies } = frame
        const trouble =
          replies === undefined
            ? await sendOctets(this.#child.mllpPort, payload)
            : await lane.send(payload, replies)
        if (trouble !== undefined) this.wrong.push(`${kind}: ${trouble} (${payload.length} octets)`)
      }
    }
    await Promise.all(lanes.map(drive))
    const memory = this.#groups++ % memoryEvery === 0
    const probe = await this.#child.probe(memory)
    if (memory) this.held.push(probe.heldBytes)
    this.rssBytes = probe.rssBytes
    return probe
  }
}

async function run({ seed, quick, kills, mutant, cleanup, say }: Context): Promise<Outcome> {
  const count = kills ?? (quick ? 2_000 : 10_000)
  const dataDir = join(cleanup.folder(), 'data')
  const child = await Child.start({ dataDir, mutant, probed: true })
  cleanup.add(() => child.end())
  const known = new Messages({ seed: seed + 1, feed: 0, feeds: 1, patients: 1, invalidShare: 0 }).next()
  const lanes = Array.from({ length: laneCount }, () => new Lane(child.mllpPort, known.bytes, known.id))
  cleanup.add(() => {
    for (const lane of lanes) lane.close()
  })
  const frames = new HostileFrames(seed)
  const extra = new Judgement()
  const attack = new Attack(child, lanes)
  await child.probe()
  for (let done = 0; done < count && child.alive; done += group) {
    await attack.send(Array.from({ length: Math.min(group, count - done) }, () => frames.next()))
    if ((done + group) % 3_000 === 0) say(`${done + group} frames`)
  }
  const { wrong, slow, held, blocked, rssBytes } = attack
  extra.rule('the gateway does not crash', child.alive ? [] : [`it ended with ${child.exitCode}`])
  extra.rule('each frame gets exactly one answer or a closed connection', wrong)
  extra.rule(`the event loop never stands still for ${blockedLimitMs} ms`, slow)
  // The first fifth warms up: code is compiled, pools are filled.
  const settled = Math.max(...held.slice(0, Math.ceil(held.length / 5)))
  const growth = (held.at(-1) ?? 0) - settled
  extra.rule('memory is flat', growth > growthLimitBytes ? [`${Math.round(growth / 1_048_576)} MB more`] : [])
  const figures = await withRows(dataDir, async (query) => {
    const effects = await query<{ what: string }>(
      `select distinct h.rtype || ' of ' || m.event as what from history h join message m on m.id = h.message_id
       where m.ack_code <> 'AA' and h.rtype not in ('Task', 'Provenance')`,
    )
    extra.rule(
      'what is not accepted changes nothing',
      effects.map(({ what }) => what),
    )
    const rows = await query<{ code: string; n: number }>(
      'select ack_code as code, count(*) as n from message group by 1 order by 1',
    )
    return Object.fromEntries(rows.map(({ code, n }) => [code, n]))
  })
  return {
    faults: count,
    figures: {
      ...figures,
      // Answered AE 207 and kept: the rules made something of it that is not FHIR.
      beyondRules: child.lines('a message could not be processed').length,
      closed: lanes.reduce((sum, lane) => sum + lane.closed, 0),
      blockedMedianMs: spread(blocked).median,
      blockedMaxMs: spread(blocked).max,
      rssMB: Math.round(rssBytes / 1_048_576),
      growthMB: Math.round(growth / 1_048_576),
    },
    violations: extra.violations,
  }
}

export const hostileFrames: Trial = {
  id: 'T18',
  fault: 'hostile frames',
  mutants: ['blocking'],
  mutantFaults: 1_000,
  run,
}
