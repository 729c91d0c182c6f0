// Opens the connection of an MLLP sender, plain or TLS; what goes wrong is a value.

import { isIP, connect as plainConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { Alarm, type Timers } from './timers.ts'

/** TLS as a client: PEM material. Without `ca` the authorities of Node.js count. */
export interface MllpClientTls {
  readonly ca?: string | Uint8Array
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  /** Name that the server's certificate must have; the host unless told. */
  readonly servername?: string
}

export interface MllpTarget {
  readonly host: string
  readonly port: number
  readonly tls?: MllpClientTls
}

export interface DialFault {
  readonly code: 'CONNECT_FAILED' | 'CONNECT_TIMEOUT' | 'TLS_FAILED'
  /** Error code of the system or of TLS, such as ECONNREFUSED. */
  readonly detail: string
}

/** Connects, handshake included, within `timeoutMs` milliseconds. */
export function dial(target: MllpTarget, timeoutMs: number, timers: Timers): Promise<Socket | DialFault> {
  const { host, port, tls } = target
  return new Promise((resolve) => {
    const tcp = plainConnect({ host, port, noDelay: true, keepAlive: true })
    const alarm = new Alarm(timers)
    let socket = tcp
    const fail = (code: DialFault['code'], detail: string) => {
      alarm.clear()
      tcp.destroy()
      resolve({ code, detail })
    }
    const done = () => {
      alarm.clear()
      socket.off('error', onError)
      resolve(socket)
    }
    const onError = (error: NodeJS.ErrnoException) => {
      fail(socket === tcp ? 'CONNECT_FAILED' : 'TLS_FAILED', error.code ?? error.message)
    }
    alarm.set(timeoutMs, () => fail('CONNECT_TIMEOUT', `${timeoutMs} ms`))
    tcp.on('error', onError)
    tcp.once('connect', () => {
      if (tls === undefined) {
        done()
        return
      }
      try {
        socket = tlsConnect({ socket: tcp, ...tlsOptions(tls, host) }, done)
        socket.on('error', onError)
      } catch (error) {
        fail('TLS_FAILED', error instanceof Error ? error.message : 'TLS options not accepted')
      }
    })
  })
}

function tlsOptions(tls: MllpClientTls, host: string) {
  const servername = tls.servername ?? (isIP(host) === 0 ? host : '')
  return {
    host,
    servername,
    minVersion: 'TLSv1.2',
    ...(tls.ca === undefined ? {} : { ca: Buffer.from(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: Buffer.from(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: Buffer.from(tls.key) }),
  } as const
}
