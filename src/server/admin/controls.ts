// Test controls of the acceptance contract, section 4. The clock and the reset exist only with CLOCK=manual.
import type { Hono } from 'hono'
import { readBody } from '../body.ts'
import type { AppEnv, Deps } from '../context.ts'
import { adminOnly } from '../operate.ts'

const maxBytes = 4_096

export function controlRoutes(app: Hono<AppEnv>, deps: Deps): void {
  app.get('/admin/idle', async (c) => {
    const denied = adminOnly(c, deps)
    return denied ?? c.json({ idle: await deps.gateway.idle() })
  })
  if (!deps.manualClock) return

  app.put('/admin/clock', async (c) => {
    const denied = adminOnly(c, deps)
    if (denied) return denied
    const body = await readBody(c.req.raw, maxBytes, c.env)
    const now = 'bytes' in body ? instantOf(Buffer.from(body.bytes).toString()) : undefined
    if (!now) return c.json({ error: 'send {"now": "2026-03-02T09:12:31-06:00"}' }, 400)
    await deps.gateway.setClock(now)
    return c.json({ now: now.toISOString() })
  })
  app.post('/admin/reset', async (c) => {
    const denied = adminOnly(c, deps)
    if (denied) return denied
    await deps.gateway.reset()
    return c.json({ reset: true })
  })
}

function instantOf(text: string): Date | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  const now = typeof body === 'object' && body !== null && 'now' in body ? body.now : undefined
  if (typeof now !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(now)) {
    return undefined
  }
  const date = new Date(now)
  return Number.isNaN(date.getTime()) ? undefined : date
}
