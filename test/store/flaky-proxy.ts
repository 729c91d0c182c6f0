// A relay in front of a PostgreSQL server that loses what a network loses: real sockets, no mock of the driver.
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export interface FlakyProxy {
  readonly connection: pg.ClientConfig
  /** From now on nothing of the server passes: the peer is there and does not answer. */
  mute(): void
  /** The next COMMIT reaches the server; its answer is lost and the connection breaks. */
  loseNextCommitAnswer(): void
  /** Everything works again, for new connections. */
  heal(): void
  listen(): Promise<void>
  close(): Promise<void>
}

/** A relay to the server of the URL; it refuses connections until `listen`. */
export function flakyProxy(url: string): FlakyProxy {
  const target = new pg.Client({ connectionString: url })
  const folder = mkdtempSync(join(tmpdir(), 'portico-proxy-'))
  const path = join(folder, '.s.PGSQL.5432')
  const sockets = new Set<Socket>()
  let muted = false
  let loseCommit = false
  const server = createServer((client) => {
    const host = target.host
    const upstream = host.startsWith('/')
      ? createConnection({ path: `${host}/.s.PGSQL.${target.port}` })
      : createConnection({ host, port: target.port })
    let lost = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (loseCommit && bytes.includes('COMMIT')) {
        loseCommit = false
        lost = true
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (lost) client.destroy()
      else if (!muted) client.write(bytes)
    })
  })
  return {
    connection: {
      host: folder,
      port: 5432,
      user: target.user ?? '',
      password: target.password ?? '',
      database: target.database ?? '',
    },
    mute: () => {
      muted = true
    },
    loseNextCommitAnswer: () => {
      loseCommit = true
    },
    heal: () => {
      muted = false
    },
    listen: () => new Promise((resolve) => server.listen(path, resolve)),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
