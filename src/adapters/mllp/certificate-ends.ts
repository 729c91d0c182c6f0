// Says in time that a certificate ends (RFC 5280, 4.1.2.5): 30, 14 and 3 days ahead, once each, ours and our peers'.

/** Days left at which something is said. */
export const certificateWarningDays = [30, 14, 3] as const
/** Certificates that are remembered; the ones said first are forgotten first. */
const maxRemembered = 1_000
const dayMs = 86_400_000

export interface CertificateEnd {
  /** What a person knows the certificate by: a file, or the identity of a peer. */
  readonly certificate: string
  /** End of its validity, ISO 8601. */
  readonly ends: string
  /** Whole days from now; below 0 once it has ended. */
  readonly daysLeft: number
}

export class CertificateEnds {
  readonly #warn: (end: CertificateEnd) => void
  readonly #said = new Map<string, number>()

  constructor(warn: (end: CertificateEnd) => void) {
    this.#warn = warn
  }

  /** `validTo`: as the certificate writes it. A certificate with another end is another one. */
  check(certificate: string, validTo: string, now: Date): void {
    const ends = new Date(validTo)
    if (Number.isNaN(ends.getTime())) return
    const daysLeft = Math.floor((ends.getTime() - now.getTime()) / dayMs)
    const reached = certificateWarningDays.filter((days) => daysLeft < days).length
    const key = `${certificate} ${validTo}`
    if (reached <= (this.#said.get(key) ?? 0)) return
    this.#said.set(key, reached)
    const [oldest] = this.#said.keys()
    if (this.#said.size > maxRemembered && oldest !== undefined) this.#said.delete(oldest)
    this.#warn({ certificate, ends: ends.toISOString(), daysLeft })
  }
}
