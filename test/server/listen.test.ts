// The listener over real sockets: limits, and an end that does not wait for idle clients.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { type Listening, listen } from '../../src/server/listen.ts'

let open: Listening | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await open?.close(0)
  open = undefined
})

async function start(fetch: Parameters<typeof listen>[0]): Promise<number> {
  open = await listen(fetch, { host: '127.0.0.1', port: 0 })
  return open.port
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Everything received until the other side closes. */
async function rest(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  if (!socket.closed) await once(socket, 'close')
  return text
}

describe('the HTTP listener', () => {
  test('ends at once although clients stay connected', async () => {
    const port = await start(() => new Response('hello'))
    const silent = await dial(port)
    const kept = await dial(port)
    kept.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(kept, 'data')
    const closed = [rest(silent), rest(kept)]
    await open?.close(60_000)
    await Promise.all(closed)
  })

  test('lets a request that has begun finish', async () => {
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const port = await start(async () => {
      begun.resolve()
      await go.promise
      return new Response('done')
    })
    const socket = await dial(port)
    const answer = rest(socket)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await begun.promise
    const closed = open?.close(60_000)
    go.resolve()
    await closed
    const text = await answer
    assert.match(text, /^HTTP\/1\.1 200/)
    assert.match(text, /[Cc]onnection: close/)
    assert.match(text, /done/)
  })

  test('cuts off what has not finished in time', async () => {
    const begun = Promise.withResolvers<void>()
    const port = await start(async () => {
      begun.resolve()
      return await new Promise<Response>(() => {})
    })
    const socket = await dial(port)
    const answer = rest(socket)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await begun.promise
    await open?.close(10)
    assert.equal(await answer, '')
  })

  test('refuses headers that are too large, and requests that two servers would read differently (T09)', async () => {
    const port = await start(() => new Response('hello'))
    const cases: readonly [string, RegExp][] = [
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
      [
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        /^HTTP\/1\.1 400/,
      ],
      ['POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n', /^HTTP\/1\.1 400/],
      ['GET / HTTP/1.1\nHost: x\n\n', /^HTTP\/1\.1 (?:200|400)/],
      ['\x16\x03\x01\x02\x00', /^HTTP\/1\.1 400/],
      ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/],
    ]
    for (const [request, expected] of cases) {
      const socket = await dial(port)
      socket.write(request)
      const [chunk] = await once(socket, 'data')
      assert.match(String(chunk), expected, request.slice(0, 30))
    }
  })

  test('rejects when the address is taken', async () => {
    const port = await start(() => new Response('hello'))
    await assert.rejects(
      listen(() => new Response(''), { host: '127.0.0.1', port }),
      { code: 'EADDRINUSE' },
    )
  })
})
