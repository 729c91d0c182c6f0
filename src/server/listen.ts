// The HTTP/1.1 listener (RFC 9112): limits against slow and greedy peers, and an end that waits for nobody for ever.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'

export interface ListenOptions {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
}

export interface Listening {
  readonly port: number
  /** Stops accepting, lets begun requests finish for at most `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>
}

/** Enforced by Node's parser and its connection checks. */
export const httpLimits = {
  maxHeaderBytes: 16_384,
  maxHeaders: 100,
  maxConnections: 500,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  keepAliveTimeoutMs: 30_000,
  idleTimeoutMs: 120_000,
} as const

const idleCheckMs = 25

type Fetch = Parameters<typeof getRequestListener>[0]

/** Listens until closed. Rejects when the address cannot be had. */
export async function listen(fetch: Fetch, options: ListenOptions): Promise<Listening> {
  const begun = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  let closing = false
  const answer = getRequestListener(fetch)
  const server = createServer(
    {
      maxHeaderSize: httpLimits.maxHeaderBytes,
      headersTimeout: httpLimits.headersTimeoutMs,
      requestTimeout: httpLimits.requestTimeoutMs,
      keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 5_000,
      noDelay: true,
    },
    (request, response) => {
      const encoding = request.headers['transfer-encoding']
      if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
        // Where such a body ends is a matter of opinion: what follows could be taken for another request.
        response.writeHead(400, { connection: 'close' }).end()
        return
      }
      if (closing) response.shouldKeepAlive = false
      begun.add(response)
      response.once('close', () => begun.delete(response))
      void answer(request, response)
    },
  )
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.maxHeadersCount = httpLimits.maxHeaders
  server.maxConnections = httpLimits.maxConnections
  server.setTimeout(httpLimits.idleTimeoutMs)
  await bound(server, options)
  const address = server.address() as AddressInfo
  return {
    port: address.port,
    close: async (graceMs) => {
      closing = true
      for (const response of begun) if (!response.headersSent) response.shouldKeepAlive = false
      await ended(server, graceMs, () => {
        const busy = new Set([...begun].map((response) => response.socket))
        for (const socket of sockets) if (!busy.has(socket)) socket.destroySoon()
      })
    },
  }
}

function bound(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Node closes connections that were used once; those that never sent a request, and never will, are ours to close. */
function ended(server: Server, graceMs: number, closeIdle: () => void): Promise<void> {
  return new Promise((resolve) => {
    // Connections become idle one by one while their requests finish.
    const idle = setInterval(closeIdle, idleCheckMs)
    const grace = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearInterval(idle)
      clearTimeout(grace)
      resolve()
    })
    closeIdle()
  })
}
