// Certificates on disk: told before they end (T5), read again when they change (T4), and revoked ones refused.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CertificateEnds } from '../../../src/adapters/mllp/certificate-ends.ts'
import { type TlsFiles, TlsUpkeep, tlsFromFiles } from '../../../src/adapters/mllp/tls-files.ts'
import { Authority } from './certificates.ts'

let authority: Authority
let folder: string
before(() => {
  authority = new Authority()
  folder = mkdtempSync(join(tmpdir(), 'portico-tls-'))
})
after(() => {
  authority.remove()
  rmSync(folder, { recursive: true, force: true })
})

const dayMs = 86_400_000
const end = new Date('2026-12-31T00:00:00Z')
const before_ = (days: number) => new Date(end.getTime() - days * dayMs)

test('T5 a certificate that ends is told 30, 14 and 3 days ahead and once it has ended nothing new', () => {
  const said: number[] = []
  const ends = new CertificateEnds(({ daysLeft }) => said.push(daysLeft))
  for (const days of [60, 30, 29.5, 29, 20, 13.5, 13, 4, 2.5, 2, 1, -1])
    ends.check('lab', end.toUTCString(), before_(days))
  assert.deepEqual(said, [29, 13, 2])
})

test('T5 a renewed certificate, and one of another peer, are told of by themselves', () => {
  const said: string[] = []
  const ends = new CertificateEnds(({ certificate, ends }) => said.push(`${certificate} ${ends}`))
  ends.check('lab', end.toUTCString(), before_(1))
  ends.check('ward', end.toUTCString(), before_(1))
  ends.check('lab', new Date(end.getTime() + dayMs).toUTCString(), before_(1))
  ends.check('lab', end.toUTCString(), before_(1))
  assert.deepEqual(said, [
    'lab 2026-12-31T00:00:00.000Z',
    'ward 2026-12-31T00:00:00.000Z',
    'lab 2027-01-01T00:00:00.000Z',
  ])
})

test('T4 files that have changed are read again; ones that do not fit are told, and tried at each look', () => {
  const file = (name: string, content: Buffer | string) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const first = authority.issue('gateway', ['IP:127.0.0.1'])
  const files: TlsFiles = {
    cert: file('gateway.crt', first.cert),
    key: file('gateway.key', first.key),
    ca: file('ca.crt', authority.ca),
    crl: undefined,
    required: false,
    subjects: () => ({}),
  }
  assert.deepEqual(tlsFromFiles(files).cert, first.cert)
  const loaded: unknown[] = []
  const said: string[] = []
  const log = (_: object, message: string) => said.push(message)
  const upkeep = new TlsUpkeep(
    files,
    ({ cert }) => {
      if (String(cert) === 'nonsense') return { fault: 'no certificate' }
      loaded.push(cert)
      return undefined
    },
    { info: log, warn: log, error: log },
    () => new Date(0),
  )
  upkeep.check()
  assert.deepEqual([loaded.length, said], [0, []])
  const second = authority.issue('gateway', ['IP:127.0.0.1', 'DNS:gateway.example.org'])
  file('gateway.key', second.key)
  file('gateway.crt', second.cert)
  upkeep.check()
  upkeep.check()
  assert.deepEqual(loaded, [second.cert])
  file('gateway.crt', 'nonsense')
  upkeep.check()
  upkeep.check()
  assert.equal(loaded.length, 1)
  const wrong = 'the certificates of MLLP are wrong - those in use stay, mend the files'
  assert.deepEqual(said, ['the certificates of MLLP were read again', wrong, wrong])
})
