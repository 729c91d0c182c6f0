// What the routes of one app share: options handed in by main.ts, and what middleware finds out about a request.
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Registry } from 'prom-client'
import type { Gateway } from '../pipeline/gateway.ts'
import type { SitePackages } from '../pipeline/site/packages.ts'
import type { Database } from '../store/db.ts'
import type { Principal } from './auth.ts'
import type { Exporter } from './bulk/exporter.ts'
import type { CursorCodec } from './cursor.ts'

/** Structured log; pino fits. Fields never hold values of a message or a resource. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

export interface AppOptions {
  readonly gateway: Gateway
  /** FHIR packages of the site as they are now, with the profiles that they make. */
  readonly packages: () => SitePackages
  readonly db: Database
  readonly tenant: number
  /** Absolute URL of the FHIR endpoint as clients see it, without a slash at the end. Never taken from Host. */
  readonly baseUrl: string
  /** Secret of page tokens: at least 32 bytes, the same on every instance. */
  readonly cursorKey: Uint8Array
  readonly version: string
  /** True when messages can be taken: store reachable, schema current, not closing. */
  readonly ready: () => boolean | Promise<boolean>
  /** Enables PUT /admin/clock and POST /admin/reset. Never in production. */
  readonly manualClock: boolean
  readonly metrics: Registry
  readonly log: Log
  /** Works on bulk exports; without one the app has its own, that works on what it is asked for itself. */
  readonly exporter?: Exporter
}

/** Options with what createApp derives from them once. */
export interface Deps extends AppOptions {
  readonly cursors: CursorCodec
  readonly exporter: Exporter
}

export interface AppEnv {
  readonly Bindings: Partial<HttpBindings>
  readonly Variables: {
    requestId: string
    principal: Principal
    /** `_format` of a search form. */
    format?: string
  }
}

export type AppContext = Context<AppEnv>

/** Limits of one request, beside those of the listener. */
export const requestLimits = {
  maxUrlCharacters: 8_192,
  maxFhirBytes: 16 * 1_048_576,
  maxFormBytes: 65_536,
  maxHl7Bytes: 16 * 1_048_576,
} as const

/** 'host:port' of the peer, for the log of connections. */
export function peerOf(c: AppContext): string {
  const socket = c.env?.incoming?.socket
  return socket ? `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}` : 'local'
}

/** True when the peer is this machine. Without a socket (tests) there is no peer to trust. */
export function isLoopback(c: AppContext): boolean {
  const address = c.env?.incoming?.socket.remoteAddress
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address ?? '')
}
