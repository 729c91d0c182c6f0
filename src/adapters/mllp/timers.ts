// Time as the MLLP adapters see it: handed in, so that tests need not wait for it.

/** Calls off a timer; harmless when it has run. */
export type Cancel = () => void

export interface Timers {
  /** Runs `task` once after `ms` milliseconds. */
  after(ms: number, task: () => void): Cancel
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
}

export const systemTimers: Timers = {
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
  now: () => performance.now(),
}

/** One timer that is set again and again: setting it calls off what was set before. */
export class Alarm {
  readonly #timers: Timers
  #cancel: Cancel | undefined

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get isSet(): boolean {
    return this.#cancel !== undefined
  }

  set(ms: number, task: () => void): void {
    this.clear()
    this.#cancel = this.#timers.after(ms, () => {
      this.#cancel = undefined
      task()
    })
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
