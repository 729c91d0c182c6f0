// What operators and their tools ask of the process: health, readiness, metrics (Prometheus text format 0.0.4).
import type { Hono } from 'hono'
import { authenticate } from './auth.ts'
import { type AppContext, type AppEnv, type Deps, isLoopback } from './context.ts'

export function operateRoutes(app: Hono<AppEnv>, deps: Deps): void {
  app.get('/healthz', (c) => c.json({ status: 'alive' }))
  app.get('/readyz', async (c) => {
    const ready = await isReady(deps)
    return c.json({ status: ready ? 'ready' : 'not ready' }, ready ? 200 : 503)
  })
  app.get('/metrics', async (c) => {
    if (!isLoopback(c)) {
      const denied = adminOnly(c, deps)
      if (denied) return denied
    }
    return c.body(await deps.metrics.metrics(), 200, { 'content-type': deps.metrics.contentType })
  })
}

async function isReady(deps: Deps): Promise<boolean> {
  try {
    return await deps.ready()
  } catch {
    return false
  }
}

/** The refusal of a request that is not from a client with `admin`; undefined when it is. */
export function adminOnly(c: AppContext, deps: Deps): Response | undefined {
  const principal = authenticate(deps.gateway.site(), c.req.header('authorization'))
  if (!principal) {
    c.header('www-authenticate', 'Bearer realm="portico"')
    return c.json({ error: 'a token is needed' }, 401)
  }
  const admin = principal.kind === 'client' && principal.client.admin
  return admin ? undefined : c.json({ error: 'a client with admin is needed' }, 403)
}
