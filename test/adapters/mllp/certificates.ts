// Certificates for TLS tests, made by the openssl command in a temporary folder.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Credentials {
  readonly cert: Buffer
  readonly key: Buffer
}

/** One authority; `issue` signs certificates with it. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'portico-mllp-'))
  #serial = 0

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      '-subj',
      '/CN=Test Authority',
      '-days',
      '2',
      ...this.#newKey('ca'),
      '-out',
      this.#path('ca.crt'),
    )
  }

  get ca(): Buffer {
    return readFileSync(this.#path('ca.crt'))
  }

  /** `names`: subjectAltName as openssl writes it ('DNS:a,URI:urn:b'). `days` below 0: expired. */
  issue(commonName: string, names: string, days = 2): Credentials {
    const name = `c${++this.#serial}`
    const request = this.#path(`${name}.csr`)
    writeFileSync(this.#path(`${name}.ext`), `subjectAltName=${names}\n`)
    this.#openssl('req', '-subj', `/CN=${commonName}`, ...this.#newKey(name), '-out', request)
    this.#openssl(
      ...['x509', '-req', '-in', request, '-CA', this.#path('ca.crt'), '-CAkey', this.#path('ca.key')],
      ...['-set_serial', String(this.#serial), '-extfile', this.#path(`${name}.ext`)],
      ...(days > 0
        ? ['-days', String(days)]
        : ['-not_before', '20200101000000Z', '-not_after', '20200102000000Z']),
      ...['-out', this.#path(`${name}.crt`)],
    )
    return { cert: readFileSync(this.#path(`${name}.crt`)), key: readFileSync(this.#path(`${name}.key`)) }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #newKey(name: string): string[] {
    return [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      this.#path(`${name}.key`),
    ]
  }

  #path(file: string): string {
    return join(this.#folder, file)
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' })
  }
}
