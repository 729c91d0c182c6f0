// The messages of one feed, the same for the same seed, with what each of them must be answered and become.
import { createHash } from 'node:crypto'
import { type Chance, chanceOf } from '../../src/generate/chance.ts'
import { Traffic } from '../bench/traffic.ts'

export interface Sent {
  readonly id: string
  /** 'ADT^A01' */
  readonly event: string
  readonly feed: number
  /** Place in its feed, from 0. */
  readonly place: number
  readonly text: string
  readonly bytes: Buffer
  readonly sha256: string
  /** What must be answered, and what the log must say. */
  readonly code: 'AA' | 'AE' | 'AR'
  readonly state: 'processed' | 'rejected' | 'failed'
  /** The answer that settled it. */
  ack: Buffer | undefined
  acked: boolean
  /** How often it went out. */
  times: number
}

export function sentOf(
  text: string,
  feed: number,
  place: number,
  code: Sent['code'],
  state: Sent['state'],
): Sent {
  const [, , , , , , , , type = '', id = ''] = text.slice(0, text.indexOf('\r')).split('|')
  const bytes = Buffer.from(text, 'utf8')
  return {
    id,
    event: type.split('^').slice(0, 2).join('^'),
    feed,
    place,
    text,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    code,
    state,
    ack: undefined,
    acked: false,
    times: 0,
  }
}

export interface MessagesOptions {
  readonly seed: number
  readonly feed: number
  readonly feeds: number
  readonly patients: number
  readonly invalidShare: number
}

const shareUnits = 10_000

export class Messages {
  readonly #options: MessagesOptions
  readonly #traffic: Traffic
  /** Decides what is sent; the dice decide what else is done with it, which may depend on time. */
  readonly #pick: Chance
  readonly #dice: Chance
  #place = 0

  constructor(options: MessagesOptions) {
    const { seed, feed, feeds, patients } = options
    this.#options = options
    this.#traffic = new Traffic({ seed, patients, shard: feed, shards: feeds })
    this.#pick = chanceOf(seed * 7 + feed)
    this.#dice = chanceOf(seed * 11 + feed)
  }

  /** How many there were. */
  get count(): number {
    return this.#place
  }

  chance(share: number): boolean {
    return this.#dice.below(shareUnits) < share * shareUnits
  }

  one<T>(list: readonly T[]): T {
    return this.#dice.one(list)
  }

  next(): Sent {
    const { feed, invalidShare } = this.#options
    const place = this.#place++
    return this.#pick.below(shareUnits) < invalidShare * shareUnits
      ? sentOf(this.#invalid(place), feed, place, 'AR', 'rejected')
      : sentOf(this.#traffic.next(), feed, place, 'AA', 'processed')
  }

  /** An event that nobody maps. */
  #invalid(place: number): string {
    const { seed, feed } = this.#options
    const at = '20260401060000'
    const msh = `MSH|^~\\&|ADT1|LKH|PORTICO|LKH|${at}||ADT^A99^ADT_A99|X${seed}-${feed}-${place}|P|2.5.1`
    return `${msh}\rEVN||${at}\rPID|1||1^^^LKH||DOE^JO\r`
  }
}
