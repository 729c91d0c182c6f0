// One limit on the octets that all connections of an MLLP listener hold together (memory, not a standard).

/** A connection as the budget sees it. */
export interface BudgetMember {
  /** Octets it holds: of the begun frame, and of whole frames without a reply. */
  readonly held: number
  /** Whether a frame has begun on it. */
  readonly inFrame: boolean
  /** Asks `admits` again. */
  regulate(): void
}

/** What every connection may hold whatever the others do, so that small messages pass beside large ones. */
const RESERVE_BYTES = 64 * 1024

/**
 * Over the limit, connections that hold more than their reserve stop reading. Most of the time the pipeline then gives
 * octets back; but where hardly any are whole frames one connection goes on, as none could finish if all stopped.
 * What is held stays below the limit and a quarter, one frame, and the reserves.
 */
export class ReadBudget {
  readonly #maxBytes: number
  readonly #waiting = new Set<BudgetMember>()
  #used = 0
  #whole = 0
  #leader: BudgetMember | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get used(): number {
    return this.#used
  }

  /** Whether `member` may go on reading; if not, its `regulate` is called when it may. */
  admits(member: BudgetMember): boolean {
    if (this.#used <= this.#maxBytes || member.held <= RESERVE_BYTES) return this.#admit(member)
    const leaderless = this.#leader === undefined && this.#whole <= this.#maxBytes / 4
    if (leaderless && member.inFrame) this.#leader = member
    if (this.#leader === member) return this.#admit(member)
    this.#waiting.add(member)
    return false
  }

  /** `member` holds `change` octets more (or fewer) than before, `wholeChange` of them in whole frames. */
  account(member: BudgetMember, change: number, wholeChange: number): void {
    this.#used += change
    this.#whole += wholeChange
    const led = this.#leader === member && !member.inFrame
    if (led) this.#leader = undefined
    if (led || change < 0) this.#wake()
  }

  /** `member` reads no more. What it holds stays on the account until it says otherwise. */
  leave(member: BudgetMember): void {
    this.#waiting.delete(member)
    if (this.#leader === member) this.#leader = undefined
    this.#wake()
  }

  #admit(member: BudgetMember): true {
    this.#waiting.delete(member)
    return true
  }

  #wake(): void {
    if (this.#waiting.size === 0) return
    for (const member of [...this.#waiting]) member.regulate()
  }
}
