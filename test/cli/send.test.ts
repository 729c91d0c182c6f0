// portico send, run as a user runs it, against a real MLLP listener and a real HTTP server.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Authority } from '../adapters/mllp/certificates.ts'
import { ackOf, folderWith, httpPeer, message, mllpPeer, portico } from './portico.ts'

const to = (port: number): string[] => ['--to', `mllp://127.0.0.1:${port}`]
const refusal = (id: string): string =>
  ackOf(
    id,
    'AE',
    'ERR||PID^1^3|101^Required field missing^HL70357|E|||identifier is missing (PID-3) - send one\r',
  )

describe('portico send over MLLP', () => {
  it('sends the files of folders in sorted order, each as it is, and counts the acknowledgements', async (t) => {
    const peer = await mllpPeer(t)
    const folder = folderWith(t, {
      'b/2.hl7': message('M3'),
      'a/1.hl7': message('M1'),
      'a/sub/1.hl7': message('M2'),
      'c.txt': message('M4'),
      'notes.txt': 'buy milk',
      'picture.png': 'MSH|',
      '.hidden.hl7': message('NO'),
    })
    const ended = await portico(['send', ...to(peer.port), folder])
    assert.deepEqual(peer.ids, ['M1', 'M2', 'M3', 'M4'])
    assert.equal(ended.code, 0, ended.stderr)
    assert.match(
      ended.stdout,
      /^4 files, 4 messages in [\d.]+ s \(\d+\/s\) to mllp:\/\/127\.0\.0\.1:\d+\nAA 4\n$/,
    )
    assert.match(ended.stderr, /1 text file left out/)
  })

  it('sends the octets of a file untouched, whatever their character set', async (t) => {
    const peer = await mllpPeer(t)
    const octets = Buffer.from(message('M1', '^\xe9\x80\xff'), 'latin1')
    const file = join(folderWith(t, { 'latin.hl7': octets }), 'latin.hl7')
    assert.equal((await portico(['send', ...to(peer.port), file])).code, 0)
    assert.deepEqual(peer.taken[0]?.raw, octets)
  })

  it('takes a file with several messages apart, plain or framed, and leaves a batch whole', async (t) => {
    const peer = await mllpPeer(t)
    const batch = `BHS|^~\\&|SRC|HOSP||||||||B1\r${message('IN1')}${message('IN2')}BTS|2\r`
    const folder = folderWith(t, {
      '1-plain.hl7': `${message('M1')}\r\n\r\n${message('M2', '^MSH|')}`,
      '2-framed.hl7': `\x0b${message('M3')}\x1c\r\x0b${message('M4')}\x1c\r`,
      '3-batch.hl7': batch,
    })
    const ended = await portico(['send', ...to(peer.port), folder])
    const sent = peer.taken.map(({ raw }) => raw.toString('latin1'))
    assert.deepEqual(sent, [message('M1'), message('M2', '^MSH|'), message('M3'), message('M4'), batch])
    assert.equal(ended.code, 0, ended.stderr)
  })

  it('shows the errors of what was refused and ends with 1, or with 0 when errors are expected', async (t) => {
    const peer = await mllpPeer(t, (_, id) => (id === 'BAD' ? refusal(id) : 'AA'))
    const folder = folderWith(t, { 'bad.hl7': message('BAD'), 'good.hl7': message('GOOD') })
    const ended = await portico(['send', ...to(peer.port), folder])
    assert.equal(ended.code, 1)
    const [line, , codes] = ended.stdout.split('\n')
    assert.equal(line, `${join(folder, 'bad.hl7')}: AE 101 PID^1^3 identifier is missing (PID-3) - send one`)
    assert.equal(codes, 'AA 1  AE 1')
    const expected = await portico(['send', ...to(peer.port), '--expect-errors', folder])
    assert.equal(expected.code, 0)
    assert.equal(expected.stdout.split('\n')[0], line)
  })

  it('reads the errors of older versions and of each message of a batch', async (t) => {
    const old = (id: string) =>
      `MSH|^~\\&|P|H|S|H|2026||ACK|A|P|2.3\rMSA|AE|${id}|no such patient\rERR|PID^1^3^204&Unknown key identifier&HL70357\r`
    const reply = `BHS|^~\\&|P|H|S|H||||||B1\r${ackOf('IN1', 'AA')}${refusal('IN2')}BTS|2\r`
    const peer = await mllpPeer(t, (raw, id) => (raw.toString('latin1').startsWith('BHS') ? reply : old(id)))
    const folder = folderWith(t, {
      'b.hl7': `BHS|^~\\&|SRC|HOSP||||||||B1\r${message('IN1')}${message('IN2')}BTS|2\r`,
      'o.hl7': message('OLD'),
    })
    const ended = await portico(['send', ...to(peer.port), folder])
    const [batched, single, summary] = ended.stdout.split('\n')
    assert.equal(
      batched,
      `${join(folder, 'b.hl7')}[2]: AE 101 PID^1^3 identifier is missing (PID-3) - send one`,
    )
    assert.equal(single, `${join(folder, 'o.hl7')}: AE 204 PID^1^3 Unknown key identifier`)
    assert.match(summary ?? '', /^2 files, 3 messages /)
  })

  it('never lets an acknowledgement steer the terminal', async (t) => {
    const peer = await mllpPeer(t, (_, id) => ackOf(id, 'AR', 'ERR|||207|E|||\x1b[2Jgone\r'))
    const folder = folderWith(t, { 'a.hl7': message('M1') })
    const ended = await portico(['send', ...to(peer.port), folder])
    assert.ok(!ended.stdout.includes('\x1b'))
    assert.match(ended.stdout, /AR 207 \uFFFD\[2Jgone/)
  })

  it('prints one JSON object with --json and nothing else on standard output', async (t) => {
    const peer = await mllpPeer(t, (_, id) =>
      id === 'BAD' ? refusal(id) : ackOf(id, 'AA', 'ERR||PID^1^11|0|W|STALE|||older\r'),
    )
    const folder = folderWith(t, { 'bad.hl7': message('BAD'), 'good.hl7': message('GOOD') })
    const ended = await portico(['send', ...to(peer.port), '--json', folder])
    const { refused, codes, warned, messages, verb } = JSON.parse(ended.stdout)
    assert.deepEqual(
      { codes, warned, messages, verb },
      { codes: { AA: 1, AE: 1 }, warned: 1, messages: 2, verb: 'send' },
    )
    assert.deepEqual(refused, [
      {
        file: join(folder, 'bad.hl7'),
        code: 'AE',
        controlId: 'BAD',
        errors: [
          {
            severity: 'E',
            code: '101',
            locations: ['PID^1^3'],
            text: 'identifier is missing (PID-3) - send one',
          },
        ],
      },
    ])
  })

  it('uses so many connections as it is told, and sends everything once', async (t) => {
    const peer = await mllpPeer(t)
    const many = Array.from({ length: 30 }, (_, i) => message(`M${i}`)).join('')
    const folder = folderWith(t, { 'many.hl7': many })
    const ended = await portico(['send', ...to(peer.port), '--concurrency', '3', folder])
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(new Set(peer.ids).size, 30)
    assert.equal(peer.taken.length, 30)
    assert.equal(new Set(peer.taken.map(({ connection }) => connection)).size, 3)
  })

  it('keeps the order on one connection with many messages under way', async (t) => {
    const peer = await mllpPeer(t)
    const ids = Array.from({ length: 40 }, (_, i) => `M${i}`)
    const folder = folderWith(t, { 'many.hl7': ids.map((id) => message(id)).join('') })
    assert.equal((await portico(['send', ...to(peer.port), '--window', '16', folder])).code, 0)
    assert.deepEqual(peer.ids, ids)
  })

  it('repeats everything, and sends no faster than the rate', async (t) => {
    const peer = await mllpPeer(t)
    const folder = folderWith(t, { '1.hl7': message('M1'), '2.hl7': message('M2') })
    const ended = await portico(['send', ...to(peer.port), '--repeat', '3', '--rate', '50', '--json', folder])
    assert.deepEqual(peer.ids, ['M1', 'M2', 'M1', 'M2', 'M1', 'M2'])
    // Six messages, the last one not before five fiftieths of a second.
    assert.ok(JSON.parse(ended.stdout).seconds >= 0.09)
  })

  it('reads standard input', async (t) => {
    const peer = await mllpPeer(t)
    const ended = await portico(['send', ...to(peer.port), '-'], { input: message('M1') + message('M2') })
    assert.equal(ended.code, 0, ended.stderr)
    assert.deepEqual(peer.ids, ['M1', 'M2'])
  })

  it('goes on when a message is not answered, names it, and ends with 1', async (t) => {
    const peer = await mllpPeer(t, (_, id) => (id === 'MUTE' ? undefined : 'AA'))
    const folder = folderWith(t, { '1.hl7': message('MUTE'), '2.hl7': message('M2') })
    const ended = await portico(['send', ...to(peer.port), '--timeout', '0.2', folder])
    assert.equal(ended.code, 1)
    assert.deepEqual(peer.ids, ['MUTE', 'M2'])
    assert.match(ended.stdout, /1\.hl7: no acknowledgement within 200 ms \(.+\) - it may have been taken/)
    assert.match(ended.stdout, /\nAA 1 {2}unanswered 1\n$/)
  })

  it('ends with 2 when nobody listens, and says how to start the gateway', async (t) => {
    const folder = folderWith(t, { '1.hl7': message('M1') })
    const ended = await portico(['send', '--to', 'mllp://127.0.0.1:1', folder])
    assert.equal(ended.code, 2)
    assert.match(
      ended.stderr,
      /^portico: nobody listens \(127\.0\.0\.1:1, ECONNREFUSED\) - start the gateway with npm start/,
    )
    assert.equal(ended.stdout, '')
  })

  it('ends with 2 for paths that are not there and folders without messages', async (t) => {
    const folder = folderWith(t)
    const missing = await portico(['send', join(folder, 'nothing')])
    assert.deepEqual([missing.code, /nothing is not there/.test(missing.stderr)], [2, true])
    const empty = await portico(['send', folder])
    assert.deepEqual([empty.code, /no \*\.hl7 file/.test(empty.stderr)], [2, true])
  })

  it('sends all samples of this repository', async (t) => {
    const peer = await mllpPeer(t)
    const ended = await portico(['send', ...to(peer.port), 'samples'])
    assert.match(ended.stdout, /^\d+ files, \d+ messages /m)
    assert.ok(peer.taken.length >= 60)
    assert.equal(ended.code, 0, ended.stderr)
  })
})

describe('portico send over HTTP', () => {
  it('posts to /hl7v2 with the token, and declares the character set of MSH-18', async (t) => {
    const peer = await httpPeer(t)
    const head = (id: string) => `MSH|^~\\&|SRC|HOSP|PORTICO|HOSP|20260714||ADT^A01|${id}|P|2.5.1||||||`
    const folder = folderWith(t, {
      '1.hl7': `${head('M1')}8859/1\rPID|1||X\r`,
      '2.hl7': `${head('M2')}UNICODE UTF-8\rPID|1||X\r`,
      '3.hl7': `${head('M3')}\rPID|1||X\r`,
    })
    const ended = await portico([
      'send',
      '--to',
      `http://127.0.0.1:${peer.port}`,
      '--token',
      'secret',
      folder,
    ])
    assert.equal(ended.code, 0, ended.stderr)
    const type = 'application/hl7-v2+er7'
    assert.deepEqual(
      peer.taken.map((each) => each.type),
      [`${type}; charset=iso-8859-1`, `${type}; charset=utf-8`, type],
    )
    assert.deepEqual([...new Set(peer.taken.map((each) => each.authorization))], ['Bearer secret'])
    assert.match(ended.stdout, /http:\/\/127\.0\.0\.1:\d+\/hl7v2\nAA 3\n$/)
  })

  it('takes the token from PORTICO_TOKEN and never prints it', async (t) => {
    const peer = await httpPeer(t, undefined, (token) =>
      token === 'Bearer env-secret' ? undefined : [401, ''],
    )
    const folder = folderWith(t, { '1.hl7': message('M1') })
    const args = ['send', '--to', `http://127.0.0.1:${peer.port}/hl7v2`, folder]
    const good = await portico(args, { env: { PORTICO_TOKEN: 'env-secret' } })
    assert.equal(good.code, 0, good.stderr)
    const wrong = await portico(args, { env: { PORTICO_TOKEN: 'other-secret' } })
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /does not know who sends .+ - check --token or PORTICO_TOKEN/)
    assert.ok(![good, wrong].some(({ stdout, stderr }) => /secret/.test(stdout + stderr)))
  })

  it('counts what HTTP refuses, what is owed no acknowledgement and what is to be sent later', async (t) => {
    const answers: (readonly [number, string] | undefined)[] = [[403, 'not yours\n'], undefined, [503, '']]
    const peer = await httpPeer(
      t,
      () => undefined,
      () => answers.shift(),
    )
    const folder = folderWith(t, { '1.hl7': message('M1'), '2.hl7': message('M2'), '3.hl7': message('M3') })
    const ended = await portico(['send', '--to', `http://127.0.0.1:${peer.port}`, folder])
    assert.equal(ended.code, 1)
    assert.match(ended.stdout, /1\.hl7: HTTP 403 not yours\n/)
    assert.match(ended.stdout, /3\.hl7: the gateway cannot take it now - send it again later\n/)
    assert.match(ended.stdout, /3 messages .+\nHTTP 403 1 {2}no acknowledgement owed 1 {2}unanswered 1\n$/)
  })

  it('ends with 2 when the path is not one for HL7 v2', async (t) => {
    const peer = await httpPeer(t, undefined, () => [404, 'nothing here'])
    const folder = folderWith(t, { '1.hl7': message('M1') })
    const ended = await portico(['send', '--to', `http://127.0.0.1:${peer.port}/fhir`, folder])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /no HL7 v2 is taken there .+ - the gateway's path is \/hl7v2/)
  })
})

describe('portico send over TLS', () => {
  it('proves who it is and wants to know who the gateway is, over MLLP and HTTPS', async (t) => {
    const authority = new Authority()
    const stranger = new Authority()
    t.after(() => {
      authority.remove()
      stranger.remove()
    })
    const server = authority.issue('gateway', ['DNS:gateway.example.org', 'IP:127.0.0.1'])
    const lab = authority.issue('lab', ['DNS:lab.example.org'])
    const mllp = await mllpPeer(t, undefined, { ...server, ca: authority.ca, requestClientCert: true })
    const https = await httpPeer(t, undefined, undefined, server)
    const folder = folderWith(t, {
      'm/1.hl7': message('M1'),
      'ca.pem': authority.ca,
      'other.pem': stranger.ca,
      'lab.pem': lab.cert,
      'lab.key': lab.key,
    })
    const pem = (name: string) => join(folder, name)
    const own = ['--tls-cert', pem('lab.pem'), '--tls-key', pem('lab.key'), pem('m')]
    const at = `127.0.0.1:${mllp.port}`
    const good = await portico(['send', '--to', `mllps://${at}`, '--tls-ca', pem('ca.pem'), ...own])
    assert.equal(good.code, 0, good.stderr)
    assert.deepEqual(mllp.ids, ['M1'])
    const wrong = await portico(['send', '--to', `mllp://${at}`, '--tls-ca', pem('other.pem'), ...own])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /no TLS connection \(.+\) - check the port and --tls-ca/)
    const to = ['--to', `https://127.0.0.1:${https.port}`]
    const over = await portico(['send', ...to, '--tls-ca', pem('ca.pem'), pem('m')])
    assert.equal(over.code, 0, over.stderr)
    const distrusted = await portico(['send', ...to, pem('m')])
    assert.deepEqual([distrusted.code, /no TLS connection/.test(distrusted.stderr)], [2, true])
    assert.deepEqual([mllp.ids, https.ids], [['M1'], ['M1']])
  })

  it('refuses half a certificate, and TLS over plain HTTP', async (t) => {
    const folder = folderWith(t, { '1.hl7': message('M1'), 'cert.pem': 'x' })
    const half = await portico(['send', '--tls-cert', join(folder, 'cert.pem'), folder])
    assert.deepEqual([half.code, /--tls-cert, --tls-key/.test(half.stderr)], [2, true])
    const plain = await portico(['send', '--to', 'http://127.0.0.1:1', '--tls', folder])
    assert.deepEqual([plain.code, /use https/.test(plain.stderr)], [2, true])
  })
})
