// Who may send over MLLP, and as whom: a whole gateway, real sockets and real certificates.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as plainConnect, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { CannotStart, type Running, startGateway } from '../../src/main.ts'
import { allowedFor, certificatesOf, hostOf, isNetwork, sourcesAt } from '../../src/pipeline/site/peers.ts'
import { parseSite } from '../../src/pipeline/site/site.ts'
import { Authority, type Credentials } from '../adapters/mllp/certificates.ts'
import { type TestDatabase, testDatabase } from '../database.ts'

const own = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

const source = (name: string, more: object = {}) => ({
  id: `${name}|RGH`,
  token: `token-of-${name}`,
  ...more,
})

const siteOf = (...sources: object[]) =>
  JSON.stringify({
    gateway: { application: 'PORTICO', facility: 'RGH', timezone: 'America/Chicago' },
    authorities: [{ namespace: 'RGH', system: 'urn:oid:2.16.840.1.113883.19.7.1', types: ['MR'] }],
    sources,
    clients: [],
  })

function read(...sources: object[]) {
  const parsed = parseSite(siteOf(...sources))
  assert.ok('site' in parsed, JSON.stringify(parsed))
  return parsed.site
}

let count = 0
const message = (name: string): string =>
  [
    `\x0bMSH|^~\\&|${name}|RGH|PORTICO|RGH|20260401081500||ADT^A28^ADT_A05|M${++count}|P|2.5.1`,
    'EVN||20260401081500',
    `PID|1||${4710 + count}^^^RGH^MR||ORTIZ^LUIS||19710305|M\r\x1c\r`,
  ].join('\r')

/** MSA-1 of the answer, and ERR; 'closed' when there is none. */
async function ask(socket: Socket, name: string): Promise<string> {
  let got = ''
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString()
    if (got.includes('\x1c\r')) socket.end()
  })
  socket.write(message(name))
  if (!socket.closed) await once(socket, 'close')
  const code = /\rMSA\|(A.)/.exec(got)?.[1] ?? 'closed'
  return got.includes('UNKNOWN-SOURCE') ? `${code} UNKNOWN-SOURCE` : code
}

describe('peers and certificates of sources', () => {
  it('networks are addresses or CIDR, of IPv4 and IPv6', () => {
    for (const good of ['10.1.2.3', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0'])
      assert.ok(isNetwork(good), good)
    for (const bad of ['', '10.1', '10.0.0.0/33', 'fd00::/129', 'lab.example.org', '10.0.0.0/', '/8'])
      assert.ok(!isNetwork(bad), bad)
    const wrong = parseSite(siteOf(source('ADT', { peers: ['10.1/16'] })))
    assert.ok('problems' in wrong && /peer 10\.1\/16 of source ADT\|RGH/.test(wrong.problems.join()))
  })

  it('an address may send as the sources that list it; this machine as any', () => {
    const site = read(
      source('ADT', { peers: ['10.1.0.0/16'] }),
      source('LAB', { peers: ['10.1.2.3', 'fd00::/8'] }),
      source('X'),
    )
    assert.deepEqual(sourcesAt(site, '10.1.2.3'), ['ADT|RGH', 'LAB|RGH'])
    assert.deepEqual(sourcesAt(site, '10.1.9.9'), ['ADT|RGH'])
    assert.deepEqual(sourcesAt(site, 'fd00::7'), ['LAB|RGH'])
    assert.deepEqual(sourcesAt(site, '192.0.2.1'), [])
    assert.equal(sourcesAt(site, '127.0.0.1'), undefined)
    assert.equal(sourcesAt(site, '::1'), undefined)
    assert.equal(hostOf('[fd00::7]:99'), 'fd00::7')
    assert.equal(hostOf('10.1.2.3:99'), '10.1.2.3')
  })

  it('a certificate speaks for the sources that name it, and one that is taken out of the site for nobody', () => {
    const site = read(source('A', { certificate: 'lab' }), source('B', { certificate: 'lab' }), source('C'))
    assert.deepEqual({ ...certificatesOf(site) }, { 'CN:lab': ['A|RGH', 'B|RGH'] })
    const inbound = { raw: new Uint8Array(), channel: 'mllp', peer: '127.0.0.1:5' } as const
    assert.deepEqual(allowedFor(site, { ...inbound, identity: 'CN:lab' }, true), ['A|RGH', 'B|RGH'])
    assert.deepEqual(allowedFor(site, { ...inbound, identity: 'CN:gone' }, true), [])
    assert.deepEqual(allowedFor(site, inbound, true), [])
  })
})

describe('a gateway on all addresses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-peers-'))
  let store: TestDatabase
  let authority: Authority
  let server: Credentials
  let running: Running | undefined

  before(async () => {
    authority = new Authority()
    server = authority.issue('gateway', ['IP:127.0.0.1'])
    writeFileSync(join(folder, 'cert.pem'), server.cert)
    writeFileSync(join(folder, 'key.pem'), server.key)
    writeFileSync(join(folder, 'ca.pem'), authority.ca)
    store = await testDatabase({ migrated: false })
  })
  after(async () => {
    await store.drop()
    authority.remove()
    rmSync(folder, { recursive: true })
  })

  async function gateway(
    site: string,
    body: (running: Running) => Promise<void>,
    env: Record<string, string> = {},
  ) {
    const file = join(folder, 'site.json')
    writeFileSync(file, site)
    const ports = { HTTP_PORT: '0', MLLP_PORT: '0' }
    const db = { DATABASE_URL: store.url, DATABASE_SCHEMA: store.schema }
    running = await startGateway({
      ...ports,
      ...db,
      HOST: '0.0.0.0',
      SITE: file,
      LOG_LEVEL: 'silent',
      ...env,
    })
    try {
      await body(running)
    } finally {
      await running.close()
    }
  }
  const plain = (port: number, host: string) => plainConnect({ port, host })

  it('listens for plain MLLP on loopback only when no source has peers', {
    skip: own === undefined,
  }, async () => {
    await gateway(siteOf(source('ADT')), async ({ mllpPort }) => {
      assert.equal(await ask(plain(mllpPort, '127.0.0.1'), 'ADT'), 'AA')
      const [error] = await once(plain(mllpPort, own ?? ''), 'error').then(
        ([each]) => [each],
        (each) => [each],
      )
      assert.equal(error.code, 'ECONNREFUSED')
    })
  })

  it('closes who is not listed, and binds who is to its sources', { skip: own === undefined }, async () => {
    await gateway(siteOf(source('ADT', { peers: ['192.0.2.1'] })), async ({ mllpPort }) => {
      assert.equal(await ask(plain(mllpPort, own ?? ''), 'ADT'), 'closed')
    })
    await gateway(siteOf(source('ADT', { peers: [`${own}/32`] }), source('LAB')), async ({ mllpPort }) => {
      assert.equal(await ask(plain(mllpPort, own ?? ''), 'ADT'), 'AA')
      assert.equal(await ask(plain(mllpPort, own ?? ''), 'LAB'), 'AR UNKNOWN-SOURCE')
      assert.equal(await ask(plain(mllpPort, '127.0.0.1'), 'LAB'), 'AA')
    })
  })

  it('binds a certificate to the sources that name it, and closes one that none names', async () => {
    const env = {
      MLLP_TLS_PORT: '0',
      MLLP_TLS_CERT: join(folder, 'cert.pem'),
      MLLP_TLS_KEY: join(folder, 'key.pem'),
      MLLP_TLS_CA: join(folder, 'ca.pem'),
      MLLP_TLS_CLIENT: 'required',
    }
    const site = siteOf(source('ADT'), source('LAB', { certificate: 'lab.example.org' }))
    await gateway(
      site,
      async ({ mllpTlsPort = 0 }) => {
        const dial = (more: ConnectionOptions) =>
          connect({ host: '127.0.0.1', port: mllpTlsPort, ca: authority.ca, ...more })
        const lab = authority.issue('lab.example.org', ['DNS:other.example.org'])
        assert.equal(await ask(dial(lab), 'LAB'), 'AA')
        assert.equal(await ask(dial(lab), 'ADT'), 'AR UNKNOWN-SOURCE')
        assert.equal(await ask(dial(authority.issue('nobody', ['DNS:nobody.example.org'])), 'LAB'), 'closed')
        assert.equal(await ask(dial({}), 'LAB'), 'closed')
      },
      env,
    )
  })

  it('refuses the tokens of the demo before there is a store', async () => {
    const data = join(folder, 'data')
    await assert.rejects(startGateway({ HOST: '0.0.0.0', DATA_DIR: data, LOG_LEVEL: 'silent' }), CannotStart)
    assert.ok(!existsSync(data))
  })
})
