// listenMllp and MllpSender over TLS (T1 to T6). Certificates are made here, by openssl.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as plainConnect } from 'node:net'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import type { MllpOptions, MllpTls } from '../../../src/adapters/mllp/options.ts'
import { MllpSender } from '../../../src/adapters/mllp/sender.ts'
import { Authority, type Credentials } from './certificates.ts'
import { ackedId, framed, held, message, octets, type Recorded, record, Wire } from './wire.ts'

const A = message('A')
let authority: Authority
let stranger: Authority
let server: Credentials
let lab: Credentials

before(() => {
  authority = new Authority()
  stranger = new Authority()
  server = authority.issue('gateway', ['DNS:gateway.example.org', 'IP:127.0.0.1'])
  lab = authority.issue('lab', ['DNS:lab.example.org', 'URI:urn:example:lab'])
})
after(() => {
  authority.remove()
  stranger.remove()
})

const mutual = (more: Partial<MllpTls> = {}): MllpTls => ({
  ...server,
  ca: authority.ca,
  requestClientCert: true,
  ...more,
})

async function withTls(
  options: Partial<MllpOptions>,
  body: (listener: Recorded) => Promise<void>,
  onInbound?: Parameters<typeof record>[1],
) {
  const listener = await record(options, onInbound)
  try {
    await body(listener)
  } finally {
    await listener.end()
  }
}

/** A TLS client; undefined when the handshake fails. */
async function dial(listener: Recorded, options: ConnectionOptions = {}): Promise<Wire> {
  const socket = connect({ host: '127.0.0.1', port: listener.receiver.port, ca: authority.ca, ...options })
  const wire = new Wire(socket)
  await Promise.race([once(socket, 'secureConnect'), wire.closed()]).catch(() => undefined)
  return wire
}

test('T1 TLS 1.2 and 1.3 without client certificates', async () => {
  await withTls({ tls: server }, async (listener) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const wire = await dial(listener, { minVersion: version, maxVersion: version })
      wire.write(framed(A))
      assert.deepEqual((await wire.replies(1)).map(ackedId), ['A'])
      assert.equal(listener.seen.at(-1)?.identity, undefined)
      wire.close()
    }
  })
})

test('T1 TLS 1.1 is refused', async () => {
  await withTls({ tls: server }, async (listener) => {
    const wire = await dial(listener, {
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    })
    await wire.closed()
    await listener.until(() => listener.faults.length === 1)
    assert.deepEqual(listener.codes(), ['TLS_HANDSHAKE_FAILED'])
    assert.equal(listener.seen.length, 0)
  })
})

test('T1 a client certificate pinned by its name gives the message its identity and its sources', async () => {
  const allowedSubjects = { 'URI:urn:example:lab': ['LAB|HOSP'], 'DNS:other.example.org': ['OTHER|HOSP'] }
  await withTls({ tls: mutual({ allowedSubjects }) }, async (listener) => {
    const wire = await dial(listener, lab)
    wire.write(framed(A))
    await wire.replies(1)
    const [inbound] = listener.seen
    assert.deepEqual([inbound?.identity, inbound?.allowed], ['URI:urn:example:lab', ['LAB|HOSP']])
    wire.close()
  })
})

test('T1 a certificate may be pinned by the hash of its key, or by its common name where a site says so', async () => {
  const spki = new X509Certificate(lab.cert).publicKey.export({ type: 'spki', format: 'der' })
  const pin = `SPKI:${createHash('sha256').update(spki).digest('hex')}`
  for (const name of [pin, 'CN:lab']) {
    await withTls({ tls: mutual({ allowedSubjects: { [name]: undefined } }) }, async (listener) => {
      const wire = await dial(listener, lab)
      wire.write(framed(A))
      await wire.replies(1)
      assert.deepEqual([listener.seen[0]?.identity, listener.seen[0]?.allowed], [name, undefined])
      wire.close()
    })
  }
})

const REFUSED: readonly { rule: string; client: () => ConnectionOptions; detail: RegExp }[] = [
  { rule: 'no client certificate', client: () => ({}), detail: /^no client certificate$/ },
  {
    rule: 'a certificate of another authority',
    client: () => stranger.issue('lab', ['DNS:lab.example.org']),
    detail: /CN=lab$/,
  },
  {
    rule: 'an expired certificate',
    client: () => authority.issue('lab', ['DNS:lab.example.org'], 'expired'),
    detail: /EXPIRED.*CN=lab$/,
  },
  {
    rule: 'a name that is not listed',
    client: () => authority.issue('ward', ['DNS:ward.example.org']),
    detail: /not listed: CN=ward$/,
  },
  {
    rule: 'a listed name as common name only',
    client: () => authority.issue('lab.example.org', ['DNS:x.example.org']),
    detail: /not listed/,
  },
  {
    rule: 'a listed name inside another one',
    client: () => authority.issue('x', ['URI:urn:x, DNS:lab.example.org']),
    detail: /not listed/,
  },
]

for (const { rule, client, detail } of REFUSED) {
  test(`T2 ${rule} is refused before an octet is read: fault with reason and subject, no message`, async () => {
    await withTls(
      { tls: mutual({ allowedSubjects: { 'DNS:lab.example.org': ['LAB|HOSP'] } }) },
      async (listener) => {
        const wire = await dial(listener, client())
        wire.write(framed(A))
        await wire.closed()
        await listener.until(() => listener.faults.length === 1)
        assert.deepEqual(listener.codes(), ['TLS_CLIENT_REFUSED'])
        assert.match(listener.faults[0]?.detail ?? '', detail)
        assert.deepEqual([listener.seen.length, wire.received], [0, ''])
        await listener.vacant()
      },
    )
  })
}

test('T3 plain MLLP, HTTP or noise on a TLS port: closed, the fault says so', async () => {
  await withTls({ tls: server }, async (listener) => {
    for (const plain of [framed(A), 'GET / HTTP/1.1\r\n\r\n', 'x'.repeat(100), A]) {
      const wire = await listener.connect()
      wire.write(plain)
      await wire.closed()
    }
    await listener.until(() => listener.faults.length === 4)
    assert.deepEqual(listener.codes(), Array(4).fill('TLS_PLAIN_BYTES'))
    assert.equal(listener.seen.length, 0)
  })
})

test('T2 a revoked client certificate is refused, others of its authority are not', async () => {
  const ward = authority.issue('ward', ['URI:urn:example:ward'])
  await withTls({ tls: mutual({ crl: authority.revoke(lab) }) }, async (listener) => {
    const refused = await dial(listener, lab)
    await refused.closed()
    assert.match(listener.faults[0]?.detail ?? '', /^CERT_REVOKED: /)
    const taken = await dial(listener, ward)
    taken.write(framed(A))
    await taken.replies(1)
    taken.close()
  })
})

test('T4 a rotated certificate is used for new connections, open ones stay; a bad one changes nothing', async () => {
  await withTls({ tls: server }, async (listener) => {
    const subjectOf = async () => {
      const wire = await dial(listener)
      const { socket } = wire
      const subject =
        'getPeerX509Certificate' in socket ? new X509Certificate(await certificateOf(listener)).subject : ''
      wire.close()
      return subject
    }
    const open = await dial(listener)
    open.write(framed(A))
    await open.replies(1)
    assert.equal(await subjectOf(), 'CN=gateway')
    assert.equal(listener.receiver.reloadTls(authority.issue('rotated', ['IP:127.0.0.1'])), undefined)
    assert.equal(await subjectOf(), 'CN=rotated')
    assert.ok(listener.receiver.reloadTls({ cert: 'nonsense', key: 'nonsense' })?.fault)
    assert.ok(listener.receiver.reloadTls({ cert: server.cert, key: lab.key })?.fault)
    assert.equal(await subjectOf(), 'CN=rotated')
    open.write(framed(A))
    await open.replies(2)
    open.close()
  })
})

/** The certificate that a new connection is shown. */
async function certificateOf(listener: Recorded): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port: listener.receiver.port, ca: authority.ca })
  await once(socket, 'secureConnect')
  const { raw } = socket.getPeerCertificate()
  socket.destroy()
  return raw
}

test('T5 the end of a peer’s certificate is told when it connects', async () => {
  const listener = await record({ tls: mutual() })
  try {
    const wire = await dial(listener, lab)
    wire.write(framed(A))
    await wire.replies(1)
    assert.equal(listener.peers[0]?.certificateExpires, new X509Certificate(lab.cert).validTo)
    assert.equal(listener.peers[0]?.identity, 'URI:urn:example:lab')
    wire.close()
  } finally {
    await listener.end()
  }
})

test('T6 a handshake that never ends is given up, and its place is free again', async () => {
  await withTls({ tls: server, handshakeTimeoutMs: 300, maxConnections: 1 }, async (listener) => {
    const silent = await listener.connect()
    silent.write('\x16\x03\x01')
    await silent.closed()
    await listener.until(() => listener.faults.length === 1)
    assert.deepEqual(listener.codes(), ['TLS_HANDSHAKE_TIMEOUT'])
    await listener.vacant()
    const wire = await dial(listener)
    wire.write(framed(A))
    await wire.replies(1)
    wire.close()
  })
})

test('C4 handshakes under way count as connections', async () => {
  await withTls({ tls: server, maxConnectionsPerPeer: 2 }, async (listener) => {
    await listener.connect()
    await listener.connect()
    const third = await listener.connect()
    await third.closed()
    assert.ok(listener.log.includes('refused:maxConnectionsPerPeer'))
  })
})

test('C5 over TLS too a sender may end its half and gets its ACK', async () => {
  const store = held()
  await withTls(
    { tls: server },
    async (listener) => {
      const wire = await dial(listener, { allowHalfOpen: true } as ConnectionOptions)
      wire.socket.end(octets(framed(A)))
      await listener.until(() => listener.seen.length === 1)
      store.release('A')
      await wire.ended()
      assert.deepEqual(wire.frames.map(ackedId), ['A'])
      await listener.vacant()
    },
    store.onInbound,
  )
})

test('C11 shutdown ends idle TLS connections, and handshakes under way', async () => {
  const listener = await record({ tls: server })
  const wire = await dial(listener)
  const half = plainConnect(listener.receiver.port, '127.0.0.1')
  half.on('error', () => {})
  await once(half, 'connect')
  await listener.until(() => listener.log.includes('opened') && listener.receiver.connections === 2)
  await listener.receiver.close(10_000)
  await wire.closed()
})

test('C14 a probe of a TLS port is no fault', async () => {
  await withTls({ tls: server }, async (listener) => {
    const wire = await listener.connect()
    wire.socket.end()
    await listener.until(() => listener.log.includes('probe'))
    assert.deepEqual(listener.codes(), [])
  })
})

test('MllpSender sends over mutual TLS, and says when it does not trust the receiver', async () => {
  await withTls({ tls: mutual() }, async (listener) => {
    const { port } = listener.receiver
    const sender = new MllpSender()
    assert.equal(await sender.connect('127.0.0.1', port, { ca: authority.ca, ...lab }), undefined)
    assert.ok('ack' in (await sender.send(octets(A), 5_000)))
    sender.close()
    assert.equal((await sender.connect('127.0.0.1', port, { ca: stranger.ca, ...lab }))?.code, 'TLS_FAILED')
    const wrongName = { ca: authority.ca, servername: 'elsewhere.example.org', ...lab }
    assert.equal((await sender.connect('127.0.0.1', port, wrongName))?.detail, 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.equal(
      (await sender.connect('127.0.0.1', port, { ca: 'x', cert: 'x', key: 'x' }))?.code,
      'TLS_FAILED',
    )
    sender.close()
  })
})
