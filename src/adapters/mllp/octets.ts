// Octets of MLLP frames: the delimiters, a scan over one chunk and a growing store. Linear time, memory as told.

export const VT = 0x0b
export const FS = 0x1c
export const CR = 0x0d
export const LF = 0x0a
/** MLLP release 2 commit acknowledgement and its refusal: the whole content of a block. */
export const COMMIT_ACK = 0x06
export const COMMIT_NAK = 0x15

/** CR, LF, blanks, tabs and NULs: what senders put between frames without meaning anything by it. */
export function isPadding(octet: number | undefined): boolean {
  return octet === CR || octet === LF || octet === 0x20 || octet === 0x09 || octet === 0
}

const HEADS = ['MSH', 'FHS', 'BHS'].map((name) => Buffer.from(name, 'latin1'))

/** Whether a message or batch header begins at `at`; 'perhaps' when the octets end before that is certain. */
export function headAt(octets: Uint8Array, at: number): 'yes' | 'no' | 'perhaps' {
  const known = Math.min(3, octets.length - at)
  for (const head of HEADS) {
    let same = 0
    while (same < known && octets[at + same] === head[same]) same++
    if (same === known) return known === 3 ? 'yes' : 'perhaps'
  }
  return 'no'
}

/** Where the next VT and FS of one chunk are; however often it is asked, each octet is searched once per delimiter. */
export class Scan {
  readonly octets: Buffer
  readonly end: number
  #vt = -1
  #fs = -1

  constructor(octets: Buffer) {
    this.octets = octets
    this.end = octets.length
  }

  /** Position of the first VT at or after `from`; `end` when there is none. `from` never goes back. */
  vt(from: number): number {
    if (this.#vt < from) this.#vt = this.#next(VT, from)
    return this.#vt
  }

  /** The same for FS. */
  fs(from: number): number {
    if (this.#fs < from) this.#fs = this.#next(FS, from)
    return this.#fs
  }

  #next(octet: number, from: number): number {
    if (this.octets[from] === octet) return from
    const found = this.octets.indexOf(octet, from)
    return found < 0 ? this.end : found
  }
}

const NOTHING = Buffer.alloc(0)
const FIRST_CAPACITY = 4 * 1024
const KEPT_CAPACITY = 16 * 1024

/**
 * Octets of the frame that is being read. They are copied out of the chunks: a list of one-octet chunks would cost
 * a hundred times its content, and a small payload must not keep a whole chunk alive.
 */
export class OctetStore {
  readonly #limit: number
  #store = NOTHING
  #length = 0

  /** `limit`: most octets that will ever be in it. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  append(octets: Uint8Array, from: number, to: number): void {
    const length = this.#length + to - from
    if (length > this.#store.length) {
      let capacity = Math.max(FIRST_CAPACITY, this.#store.length)
      while (capacity < length) capacity *= 2
      const grown = Buffer.allocUnsafeSlow(Math.min(capacity, this.#limit))
      grown.set(this.#store.subarray(0, this.#length))
      this.#store = grown
    }
    this.#store.set(octets.subarray(from, to), this.#length)
    this.#length = length
  }

  /** A copy of the first `count` octets, or of all when there are fewer. */
  head(count: number): Uint8Array {
    return Buffer.from(this.#store.subarray(0, Math.min(count, this.#length)))
  }

  /** Empties the store; a large one gives its memory back. */
  clear(): void {
    this.#length = 0
    if (this.#store.length > KEPT_CAPACITY) this.#store = NOTHING
  }
}
