// Messages that are stuck: /admin/messages lists them with reason and next step, explains one, runs some again.
import type { Hono } from 'hono'
import { openStates } from '../../pipeline/message-desk.ts'
import type { MessageState } from '../../store/messages.ts'
import { readBody } from '../body.ts'
import type { AppContext, AppEnv, Deps } from '../context.ts'
import { adminOnly } from '../operate.ts'

const maxBytes = 65_536
/** Messages of one answer. */
const maxListed = 200
const defaultListed = 50
const ID = /^\d{1,18}$/
const stuck: readonly MessageState[] = ['parked', 'held', 'failed', 'rejected']

export function messageRoutes(app: Hono<AppEnv>, deps: Deps): void {
  const desk = () => deps.gateway.messages
  app.get('/admin/messages', async (c) => {
    const denied = adminOnly(c, deps)
    if (denied) return denied
    const query = c.req.query()
    const states = statesOf(query.state, openStates)
    const limit = Number(query.count ?? defaultListed)
    if (!states) return wrong(c, `state is one or more of ${openStates.join(', ')}`)
    if (!Number.isInteger(limit) || limit < 1) return wrong(c, 'count is a number from 1')
    if (query.before !== undefined && !ID.test(query.before)) return wrong(c, 'before is the id of a message')
    const filter = { states, source: query.source, before: query.before, limit: Math.min(limit, maxListed) }
    const list = await desk().list(filter)
    const last = list.at(-1)
    const next = list.length === filter.limit && last ? { next: last.id } : {}
    return c.json({ messages: list, ...next })
  })
  app.get('/admin/messages/:id', (c) => one(c, deps, (id) => desk().get(id)))
  app.get('/admin/messages/:id/$explain', (c) => one(c, deps, (id) => desk().explain(id)))
  app.post('/admin/messages/:id/$rerun', (c) =>
    one(c, deps, async (id) => {
      const found = await desk().get(id)
      if (!found) return undefined
      return { rerun: await desk().rerun({ states: stuck, source: undefined, ids: [id] }) }
    }),
  )
  app.post('/admin/messages/$rerun', async (c) => {
    const denied = adminOnly(c, deps)
    if (denied) return denied
    const body = await readBody(c.req.raw, maxBytes, c.env)
    const asked = 'bytes' in body ? parsed(Buffer.from(body.bytes).toString()) : undefined
    const states = statesOf(asked?.state, stuck)
    if (!asked || asked.state === undefined || !states)
      return wrong(c, `send {"state": "${stuck.join('" or "')}"}, with "source" if only one is meant`)
    if (asked.source !== undefined && typeof asked.source !== 'string') return wrong(c, 'source is APP|FAC')
    return c.json({ rerun: await desk().rerun({ states, source: asked.source }) })
  })
}

async function one(
  c: AppContext,
  deps: Deps,
  work: (id: string) => Promise<object | undefined>,
): Promise<Response> {
  const denied = adminOnly(c, deps)
  if (denied) return denied
  const id = c.req.param('id') ?? ''
  const found = ID.test(id) ? await work(id) : undefined
  return found
    ? c.json(found)
    : c.json({ error: 'there is no such message - retention may have dropped it' }, 404)
}

const wrong = (c: AppContext, text: string): Response => c.json({ error: text }, 400)

/** 'held,failed'; undefined when one is none that may be asked for. All of them when nothing is said. */
function statesOf(text: unknown, allowed: readonly MessageState[]): readonly MessageState[] | undefined {
  if (text === undefined) return allowed
  if (typeof text !== 'string') return undefined
  const states = text.split(',')
  const known = allowed.filter((each) => states.includes(each))
  return known.length === states.length ? known : undefined
}

function parsed(text: string): { readonly state?: unknown; readonly source?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
