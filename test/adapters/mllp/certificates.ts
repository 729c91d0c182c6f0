// Certificates for TLS tests, made by the openssl command in a temporary folder.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Credentials {
  readonly cert: Buffer
  readonly key: Buffer
}

const POLICY = `[ca]
default_ca=authority
[authority]
database=index.txt
policy=any
rand_serial=yes
[any]
commonName=supplied
`

/** A date so many days from now, as openssl writes it. */
function day(offset: number): string {
  const date = new Date(Date.now() + offset * 24 * 60 * 60 * 1000)
  return `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
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

  /** `names`: subjectAltName, one name each ('DNS:a', 'URI:urn:b'). */
  issue(commonName: string, names: readonly string[], validity: 'valid' | 'expired' = 'valid'): Credentials {
    const name = `c${++this.#serial}`
    const [from, to] = validity === 'valid' ? [-1, 1] : [-2, -1]
    const listed = names.map((entry, index) => entry.replace(':', `.${index + 1}=`))
    writeFileSync(this.#path('index.txt'), '')
    writeFileSync(
      this.#path(`${name}.cnf`),
      `${POLICY}[ext]\nsubjectAltName=@names\n[names]\n${listed.join('\n')}\n`,
    )
    this.#openssl(
      'req',
      '-subj',
      `/CN=${commonName}`,
      ...this.#newKey(name),
      '-out',
      this.#path(`${name}.csr`),
    )
    this.#openssl(
      ...[
        'ca',
        '-batch',
        '-notext',
        '-config',
        this.#path(`${name}.cnf`),
        '-extensions',
        'ext',
        '-md',
        'sha256',
      ],
      ...['-cert', this.#path('ca.crt'), '-keyfile', this.#path('ca.key')],
      ...['-startdate', day(from), '-enddate', day(to), '-outdir', this.#folder],
      ...['-in', this.#path(`${name}.csr`), '-out', this.#path(`${name}.crt`)],
    )
    return { cert: readFileSync(this.#path(`${name}.crt`)), key: readFileSync(this.#path(`${name}.key`)) }
  }

  /** A list of revoked certificates with this one in it. */
  revoke({ cert }: Credentials): Buffer {
    writeFileSync(this.#path('index.txt'), '')
    writeFileSync(this.#path('revoke.cnf'), POLICY)
    writeFileSync(this.#path('revoked.crt'), cert)
    const by = [
      '-config',
      this.#path('revoke.cnf'),
      '-cert',
      this.#path('ca.crt'),
      '-keyfile',
      this.#path('ca.key'),
    ]
    this.#openssl('ca', ...by, '-md', 'sha256', '-revoke', this.#path('revoked.crt'))
    this.#openssl('ca', ...by, '-md', 'sha256', '-gencrl', '-crldays', '1', '-out', this.#path('revoked.crl'))
    return readFileSync(this.#path('revoked.crl'))
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
    execFileSync('openssl', args, { stdio: 'pipe', cwd: this.#folder })
  }
}
