// What was computed lately, by name: bounded, and the same size all day. No part of FHIR; here because all layers may see it.

/** Keeps what was asked for among the last `limit` / 2 names at least, and at most `limit`. */
export class Recent<Value> {
  readonly #half: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(limit: number) {
    this.#half = Math.max(1, Math.floor(limit / 2))
  }

  get(name: string): Value | undefined {
    const value = this.#young.get(name)
    if (value !== undefined) return value
    const older = this.#old.get(name)
    if (older !== undefined) this.set(name, older)
    return older
  }

  set(name: string, value: Value): void {
    this.#young.set(name, value)
    if (this.#young.size < this.#half) return
    this.#old = this.#young
    this.#young = new Map()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}
