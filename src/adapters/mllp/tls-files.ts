// What a TLS listener needs, read from the PEM files that settings name, and again when they change.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { CertificateEnds } from './certificate-ends.ts'
import type { MllpTls, MllpTlsMaterial } from './options.ts'

export interface TlsFiles {
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly ca: string | undefined
  /** Certificates of `ca` that count no longer. */
  readonly crl: string | undefined
  /** Senders must have a certificate of `ca`, and one that `subjects` has. */
  readonly required: boolean
  /** Asked at each handshake, for the site may have been reloaded. */
  readonly subjects: () => NonNullable<MllpTls['allowedSubjects']>
}

/** Throws when a file cannot be read. */
export function tlsFromFiles(files: TlsFiles): MllpTls {
  return {
    ...materialOf(files),
    requestClientCert: files.required,
    get allowedSubjects() {
      return files.subjects()
    },
  }
}

function materialOf({ cert, key, ca, crl }: TlsFiles): MllpTlsMaterial {
  const file = (path: string | undefined) => (path === undefined ? '' : readFileSync(path))
  return {
    cert: file(cert),
    key: file(key),
    ...(ca === undefined ? {} : { ca: file(ca) }),
    ...(crl === undefined ? {} : { crl: file(crl) }),
  }
}

export interface TlsLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

type Reload = (material: MllpTlsMaterial) => { readonly fault: string } | undefined

const checkMs = 60_000

/** Looks at the files every minute: a renewed certificate serves the next connection, open ones stay. */
export class TlsUpkeep {
  readonly #files: TlsFiles
  readonly #reload: Reload
  readonly #log: TlsLog
  readonly #now: () => Date
  readonly #ends: CertificateEnds
  #print: string
  #timer: NodeJS.Timeout | undefined

  constructor(files: TlsFiles, reload: Reload, log: TlsLog, now = () => new Date()) {
    this.#files = files
    this.#reload = reload
    this.#log = log
    this.#now = now
    this.#ends = new CertificateEnds((end) => log.warn(end, 'a certificate ends soon - renew it'))
    this.#print = fingerprint(files)
  }

  start(): void {
    this.check()
    this.#timer = setInterval(() => this.check(), checkMs)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  check(): void {
    const { cert } = this.#files
    try {
      const print = fingerprint(this.#files)
      const failed = print === this.#print ? undefined : this.#reload(materialOf(this.#files))
      if (failed) throw new Error(failed.fault)
      if (print !== this.#print) this.#log.info({ cert }, 'the certificates of MLLP were read again')
      this.#print = print
      if (cert !== undefined)
        this.#ends.check(cert, new X509Certificate(readFileSync(cert)).validTo, this.#now())
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      this.#log.error({ fault }, 'the certificates of MLLP are wrong - those in use stay, mend the files')
    }
  }

  /** Tells of a peer's certificate when it connects. */
  peer(name: string, validTo: string): void {
    this.#ends.check(name, validTo, this.#now())
  }
}

/** Sizes and times of the files: another text when one of them has changed. */
function fingerprint({ cert, key, ca, crl }: TlsFiles): string {
  return [cert, key, ca, crl]
    .map((path) => {
      const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
      return `${stat?.mtimeMs ?? 0} ${stat?.size ?? 0} ${stat?.ino ?? 0}`
    })
    .join(' ')
}
