// Time that stands still until a test moves it.
import type { Cancel, Timers } from '../../../src/adapters/mllp/timers.ts'

interface Pending {
  readonly due: number
  readonly ms: number
  readonly task: () => void
}

export class ManualTimers implements Timers {
  #now = 0
  readonly #pending = new Set<Pending>()
  #watchers: (() => void)[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): Cancel {
    const pending = { due: this.#now + ms, ms, task }
    this.#pending.add(pending)
    for (const watcher of this.#watchers) watcher()
    return () => this.#pending.delete(pending)
  }

  /** Delays of the timers that are set. */
  delays(): number[] {
    return [...this.#pending].map(({ ms }) => ms).sort((a, b) => a - b)
  }

  /** Resolves once `count` timers of `ms` are set. */
  async armed(ms: number, count = 1): Promise<void> {
    const enough = () => this.delays().filter((delay) => delay === ms).length >= count
    if (enough()) return
    await new Promise<void>((resolve) => {
      const watcher = () => {
        if (!enough()) return
        this.#watchers = this.#watchers.filter((other) => other !== watcher)
        resolve()
      }
      this.#watchers.push(watcher)
    })
  }

  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#pending].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)
      if (next === undefined) break
      this.#pending.delete(next)
      this.#now = next.due
      next.task()
    }
    this.#now = end
  }
}
