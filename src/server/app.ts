// The routes of the HTTP server. What they do is in the files beside: fhir/, hl7v2.ts, operate.ts, admin/.
import { Hono } from 'hono'
import { compileSearchParams } from '../fhir/search-params.ts'
import { controlRoutes } from './admin/controls.ts'
import type { AppEnv, AppOptions, Deps } from './context.ts'
import { createCursorCodec } from './cursor.ts'
import { conditionalDelete, conditionalPatch, conditionalUpdate, createOrFind } from './fhir/conditional.ts'
import { instanceHistory, systemHistory, typeHistory } from './fhir/history.ts'
import { lineage } from './fhir/lineage.ts'
import { metadata } from './fhir/metadata.ts'
import { read, vread } from './fhir/read.ts'
import { refuse } from './fhir/reply.ts'
import { fhirRoute, methodNotAllowed, unauthenticated } from './fhir/route.ts'
import { postSearch, search } from './fhir/search.ts'
import { validate } from './fhir/validate.ts'
import { patch, remove, update } from './fhir/write.ts'
import { hl7v2Routes } from './hl7v2.ts'
import { answerError, answerNotFound, guard, observe } from './middleware.ts'
import { operateRoutes } from './operate.ts'

export type { AppOptions, Log } from './context.ts'

/** The whole HTTP surface as one fetch function; nothing is shared between two apps. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  compileSearchParams()
  const deps: Deps = {
    ...options,
    cursors: createCursorCodec(options.cursorKey, () => options.gateway.now()),
  }
  const app = new Hono<AppEnv>()
  app.use(observe(deps))
  app.use(guard)
  app.onError((error, c) => answerError(error, c, deps))
  app.notFound((c) => answerNotFound(c))
  operateRoutes(app, deps)
  controlRoutes(app, deps)
  hl7v2Routes(app, deps)
  fhirRoutes(app, deps)
  return app
}

function fhirRoutes(app: Hono<AppEnv>, deps: Deps): void {
  const on = fhirRoute.bind(undefined, deps)
  app.get('/fhir/metadata', (c) => metadata(c, deps))
  app.get('/fhir/_history', on([], systemHistory))

  app.get('/fhir/:type/_history', on(['s'], typeHistory))
  app.post('/fhir/:type/_search', on(['s'], postSearch))
  app.post('/fhir/:type/$validate', on([], validate))

  app.get('/fhir/:type', on(['s'], search))
  app.post('/fhir/:type', on(['c'], createOrFind))
  app.put('/fhir/:type', on(['u', 's'], conditionalUpdate))
  app.patch('/fhir/:type', on(['u', 's'], conditionalPatch))
  app.delete('/fhir/:type', on(['d', 's'], conditionalDelete))

  app.get('/fhir/:type/:id', on(['r'], read))
  app.put(
    '/fhir/:type/:id',
    on(['u'], (ask) => update(ask, ask.id)),
  )
  app.patch(
    '/fhir/:type/:id',
    on(['u'], (ask) => patch(ask, ask.id)),
  )
  app.delete(
    '/fhir/:type/:id',
    on(['d'], (ask) => remove(ask, ask.id)),
  )
  app.get('/fhir/:type/:id/_history', on(['r'], instanceHistory))
  app.get('/fhir/:type/:id/_history/:version', on(['r'], vread))
  app.get('/fhir/:type/:id/$lineage', on(['r'], lineage))

  const others: readonly [path: string, allow: string][] = [
    ['/fhir/metadata', 'GET, HEAD'],
    ['/fhir/_history', 'GET, HEAD'],
    ['/fhir/:type/_history', 'GET, HEAD'],
    ['/fhir/:type/_search', 'POST'],
    ['/fhir/:type/$validate', 'POST'],
    ['/fhir/:type', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
    ['/fhir/:type/:id', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['/fhir/:type/:id/_history', 'GET, HEAD'],
    ['/fhir/:type/:id/_history/:version', 'GET, HEAD'],
    ['/fhir/:type/:id/$lineage', 'GET, HEAD'],
  ]
  for (const [path, allow] of others)
    app.all(path, (c) => unauthenticated(c, deps) ?? methodNotAllowed(c, allow))
  for (const path of ['/fhir', '/fhir/', '/fhir/*']) {
    app.all(
      path,
      (c) => unauthenticated(c, deps) ?? refuse(c, 'not-found', 'there is nothing here - see /fhir/metadata'),
    )
  }
}
