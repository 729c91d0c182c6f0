// What a TLS listener needs, read from the PEM files that settings name.
import { readFileSync } from 'node:fs'
import type { MllpTls } from './options.ts'

export interface TlsFiles {
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly ca: string | undefined
  /** Senders must have a certificate of `ca`, and one that `subjects` has. */
  readonly required: boolean
  /** Asked at each handshake, for the site may have been reloaded. */
  readonly subjects: () => NonNullable<MllpTls['allowedSubjects']>
}

/** Throws when a file cannot be read. */
export function tlsFromFiles({ cert, key, ca, required, subjects }: TlsFiles): MllpTls {
  const file = (path: string | undefined) => (path === undefined ? '' : readFileSync(path))
  return {
    cert: file(cert),
    key: file(key),
    ...(ca === undefined ? {} : { ca: file(ca) }),
    requestClientCert: required,
    get allowedSubjects() {
      return subjects()
    },
  }
}
