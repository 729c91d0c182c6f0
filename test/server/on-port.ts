// A whole gateway on a real port over a test database, for the clients that others use.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { startGateway } from '../../src/main.ts'
import { testDatabase } from '../database.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { shared } from '../shared.ts'

export interface GatewayOnPort {
  /** Of FHIR. */
  readonly baseUrl: string
  /** Of the client that may do everything. */
  readonly token: string
  close(): Promise<void>
}

export async function gatewayOnPort(): Promise<GatewayOnPort> {
  const store = await testDatabase({ migrated: false })
  const port = await freePort()
  const running = await startGateway({
    HTTP_PORT: String(port),
    MLLP_PORT: '0',
    DATABASE_URL: store.url,
    DATABASE_SCHEMA: store.schema,
    SITE: shared('acceptance/site.json'),
    LOG_LEVEL: 'silent',
  })
  return {
    baseUrl: `http://127.0.0.1:${port}/fhir`,
    token: acceptanceSite().clients.get('acceptance')?.token ?? '',
    close: async () => {
      await running.close()
      await store.drop()
    },
  }
}

/** Links of pages name the port, so it has to be known before. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
