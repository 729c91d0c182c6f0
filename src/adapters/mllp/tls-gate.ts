// TLS in front of an MLLP listener: handshake, client certificate, rotation (TLS 1.2 and later, as BCP 195 asks).

import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, createServer, type TLSSocket } from 'node:tls'
import { identitiesOf, subjectLine } from './certificate.ts'
import type { MllpFaultCode, MllpTls, MllpTlsMaterial } from './options.ts'

/** Who the certificate says the peer is; empty when none was asked for. */
export interface ProvenPeer {
  readonly identity?: string
  readonly allowed?: readonly string[]
  readonly certificateExpires?: string
}

/** Why a peer may not speak. `detail`: reason, and the subject of its certificate. */
export interface TlsRefusal {
  readonly code: MllpFaultCode
  readonly detail: string
}

export interface TlsGate {
  /** Runs the handshake on an accepted socket; one of the two callbacks follows, unless the socket just closes. */
  enter(raw: Socket): void
  /** Uses other certificates from the next handshake on; open connections stay. Throws when they do not fit. */
  reload(material: MllpTlsMaterial): void
}

export interface TlsGateCallbacks {
  secured(raw: Socket, socket: TLSSocket, proven: ProvenPeer): void
  refused(raw: Socket, refusal: TlsRefusal): void
}

/** Throws when certificate, key or authorities cannot be read. */
export function tlsGate(settings: MllpTls, handshakeTimeoutMs: number, callbacks: TlsGateCallbacks): TlsGate {
  const entering = new Map<string, Socket>()
  const server = createServer({
    ...contextOptions(settings, settings),
    requestCert: settings.requestClientCert === true,
    // Refused here, before an octet is read, so that the fault can name the certificate and the reason.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
  })
  // The server never listens: sockets come from a listener that has counted them first.
  server.on('secureConnection', (socket) => {
    const raw = entering.get(pathOf(socket))
    if (raw === undefined) {
      socket.destroy()
      return
    }
    const found = settings.requestClientCert === true ? provenBy(socket, settings) : {}
    if ('code' in found) {
      callbacks.refused(raw, found)
      // Ended, not reset: the peer must not mistake this for a fault of the network.
      socket.on('error', () => {})
      socket.end()
      socket.destroySoon()
    } else {
      // Only now: a peer that ends before the handshake has nothing more to say or to hear.
      socket.allowHalfOpen = true
      callbacks.secured(raw, socket, found)
    }
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const raw = entering.get(pathOf(socket))
    if (raw !== undefined && !raw.destroyed) callbacks.refused(raw, handshakeRefusal(error))
    socket.destroy()
  })
  return {
    enter(raw) {
      const path = pathOf(raw)
      entering.set(path, raw)
      raw.once('close', () => entering.delete(path))
      server.emit('connection', raw)
    },
    reload(material) {
      const options = contextOptions(material, settings)
      createSecureContext(options)
      server.setSecureContext(options)
    },
  }
}

function contextOptions(material: MllpTlsMaterial, settings: MllpTls) {
  return {
    cert: Buffer.from(material.cert),
    key: Buffer.from(material.key),
    ...(material.ca === undefined ? {} : { ca: [material.ca].flat().map((pem) => Buffer.from(pem)) }),
    ...(material.crl === undefined ? {} : { crl: Buffer.from(material.crl) }),
    minVersion: settings.minVersion ?? 'TLSv1.2',
    // Without resumption every connection proves its certificate again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const
}

/** Both ends of a connection: what its socket and its TLS socket have in common. */
function pathOf(socket: Socket): string {
  return [socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort].join(' ')
}

function provenBy(socket: TLSSocket, settings: MllpTls): ProvenPeer | TlsRefusal {
  const code = 'TLS_CLIENT_REFUSED'
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { code, detail: 'no client certificate' }
  const subject = subjectLine(certificate)
  if (!socket.authorized) return { code, detail: `${String(socket.authorizationError)}: ${subject}` }
  const identities = identitiesOf(certificate)
  const certificateExpires = certificate.validTo
  const listed = settings.allowedSubjects
  if (listed === undefined) return { identity: identities[0] ?? subject, certificateExpires }
  const identity = identities.find((name) => Object.hasOwn(listed, name))
  if (identity === undefined) return { code, detail: `identity not listed: ${subject}` }
  const allowed = listed[identity]
  return { identity, certificateExpires, ...(allowed === undefined ? {} : { allowed }) }
}

const PLAIN_BYTES = [
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_RECORD_LAYER_FAILURE',
]

function handshakeRefusal(error: NodeJS.ErrnoException): TlsRefusal {
  const reason = error.code ?? 'unknown'
  if (reason === 'ERR_TLS_HANDSHAKE_TIMEOUT') return { code: 'TLS_HANDSHAKE_TIMEOUT', detail: reason }
  if (PLAIN_BYTES.includes(reason)) return { code: 'TLS_PLAIN_BYTES', detail: 'plain MLLP on a TLS port' }
  return { code: 'TLS_HANDSHAKE_FAILED', detail: reason }
}
