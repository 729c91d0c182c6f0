// The routes of the HTTP server. What they do is in the files beside: fhir/, hl7v2.ts, operate.ts, admin/.
import { Hono } from 'hono'
import { compileSearchParams } from '../fhir/search-params.ts'
import { isServedType } from '../fhir/types.ts'
import { type ReadsWithin, readsWithin } from '../store/reads-within.ts'
import { controlRoutes } from './admin/controls.ts'
import { messageRoutes } from './admin/messages.ts'
import { createExporter } from './bulk/exporter.ts'
import { cancelJob, jobFile, jobRoute, jobStatus } from './bulk/job.ts'
import type { AppContext, AppEnv, AppOptions, Deps } from './context.ts'
import { cors } from './cors.ts'
import { createCursorCodec } from './cursor.ts'
import type { Dispatch } from './fhir/bundle-answer.ts'
import { conditionalDelete, conditionalPatch, conditionalUpdate, createOrFind } from './fhir/conditional.ts'
import { DEFINITION_TYPES, readDefinition, searchDefinitions } from './fhir/definitions.ts'
import { instanceHistory, systemHistory, typeHistory } from './fhir/history.ts'
import { lineage } from './fhir/lineage.ts'
import { metadata } from './fhir/metadata.ts'
import { OPERATIONS, type Operation } from './fhir/operations.ts'
import { readOrRaw, vread } from './fhir/read.ts'
import { refuse } from './fhir/reply.ts'
import { fhirRoute, methodNotAllowed, unauthenticated } from './fhir/route.ts'
import {
  compartmentSearch,
  ofForm,
  ofUrl,
  postCompartmentSearch,
  postSearch,
  postSystemSearch,
  search,
  systemSearch,
} from './fhir/search.ts'
import { postBundle } from './fhir/transaction.ts'
import { patch, remove, update } from './fhir/write.ts'
import { hl7v2Routes } from './hl7v2.ts'
import { answerError, answerNotFound, guard, observe } from './middleware.ts'
import { operateRoutes } from './operate.ts'

export type { AppOptions, Log } from './context.ts'

/** The whole HTTP surface as one fetch function; nothing is shared between two apps. */
export function createApp(options: AppOptions): Hono<AppEnv> {
  compileSearchParams()
  const { db, within } = readsWithin(options.db)
  const deps: Deps = {
    ...options,
    db,
    cursors: createCursorCodec(options.cursorKey, () => options.gateway.now()),
    exporter: options.exporter ?? createExporter(options),
  }
  const app = new Hono<AppEnv>()
  app.use(observe(deps))
  app.use(guard)
  app.use('/fhir/*', cors(deps))
  app.onError((error, c) => answerError(error, c, deps))
  app.notFound((c) => answerNotFound(c))
  operateRoutes(app, deps)
  controlRoutes(app, deps)
  messageRoutes(app, deps)
  hl7v2Routes(app, deps)
  fhirRoutes(app, deps, within)
  return app
}

type Route = (c: AppContext) => Response | Promise<Response>

function fhirRoutes(app: Hono<AppEnv>, deps: Deps, within: ReadsWithin['within']): void {
  const on = fhirRoute.bind(undefined, deps)
  const dispatch: Dispatch = async (request, tx) =>
    tx ? await within(tx, async () => await app.fetch(request)) : await app.fetch(request)
  const base: Readonly<Record<string, Route>> = {
    GET: on([], systemSearch),
    POST: on([], (ask) => postBundle(ask, dispatch)),
  }
  // The more special path first: the first that matches answers.
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/fhir/metadata': { GET: (c) => metadata(c, deps) },
    ...operationRoutes(deps),
    ...definitionRoutes(deps),
    '/fhir/$export/:job': { GET: jobRoute(deps, jobStatus), DELETE: jobRoute(deps, cancelJob) },
    '/fhir/$export/:job/:file': { GET: jobRoute(deps, jobFile) },
    '/fhir/_history': { GET: on([], systemHistory) },
    '/fhir/_search': { POST: on([], postSystemSearch) },
    '/fhir/:type/_history': { GET: on(['s'], typeHistory) },
    '/fhir/:type/_search': { POST: on(['s'], postSearch) },
    '/fhir/:type': {
      GET: on(['s'], search),
      POST: on(['c'], createOrFind),
      PUT: on(['u', 's'], conditionalUpdate),
      PATCH: on(['u', 's'], conditionalPatch),
      DELETE: on(['d', 's'], conditionalDelete),
    },
    '/fhir/:type/:id': {
      GET: on(['r'], readOrRaw),
      PUT: on(['u'], (ask) => update(ask, { id: ask.id })),
      PATCH: on(['u'], (ask) => patch(ask, { id: ask.id })),
      DELETE: on(['d'], (ask) => remove(ask, { id: ask.id })),
    },
    '/fhir/:type/:id/_history': { GET: on(['r'], instanceHistory) },
    '/fhir/:type/:id/_history/:version': { GET: on(['r'], vread) },
    '/fhir/:type/:id/_history/:version/$lineage': { GET: on(['r'], lineage) },
    '/fhir/:type/:id/:member': { GET: on([], compartmentSearch) },
    '/fhir/:type/:id/:member/_search': { POST: on([], postCompartmentSearch) },
    '/fhir': base,
    // Clients write the base with and without a slash at its end; a type with one has lost its id.
    '/fhir/': base,
  }
  const unknownOperation: Route = (c) =>
    unauthenticated(c, deps) ??
    refuse(c, 'unknown-type', 'this operation is not known here - see /fhir/metadata')
  for (const [path, methods] of Object.entries(routes)) {
    for (const [method, route] of Object.entries(methods)) app.on(method, path, route)
    const allow = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    // What can be done is no secret: it is asked for before there is a token, and by browsers without one.
    const other: Route = (c) =>
      (c.req.method === 'OPTIONS' ? undefined : unauthenticated(c, deps)) ??
      methodNotAllowed(c, allow.join(', '))
    app.all(path, other)
    // Behind the operations that are known, before ids and members of compartments.
    if (path === '/fhir/:type/_search') {
      app.all('/fhir/:type/:operation{\\$.*}', unknownOperation)
      app.all('/fhir/:type/:id/:operation{\\$.*}', unknownOperation)
    }
  }
  const nothing: Route = (c) =>
    unauthenticated(c, deps) ?? refuse(c, 'not-found', 'there is nothing here - see /fhir/metadata')
  app.all('/fhir/*', nothing)
}

type Routes = Record<string, Record<string, Route>>

/** What this server works by, read and searched like resources. */
function definitionRoutes(deps: Deps): Routes {
  const routes: Routes = {}
  for (const type of DEFINITION_TYPES) {
    routes[`/fhir/${type}`] = { GET: fhirRoute(deps, [], searchDefinitions(type, ofUrl)) }
    routes[`/fhir/${type}/_search`] = { POST: fhirRoute(deps, [], searchDefinitions(type, ofForm)) }
    routes[`/fhir/${type}/:definition`] = { GET: fhirRoute(deps, [], readDefinition(type)) }
  }
  return routes
}

/** What stands before the name of an operation. */
function placesOf(level: Operation['level'], type: string): readonly string[] {
  if (level === 'system') return ['']
  return level === 'both' ? [`${type}/`, `${type}/:id/`] : [`${type}/${level === 'instance' ? ':id/' : ''}`]
}

function operationRoutes(deps: Deps): Routes {
  const routes: Routes = {}
  for (const { name, level, types, methods, needed, handler } of OPERATIONS) {
    for (const type of types.length > 0 ? types : [undefined]) {
      const served = type !== undefined && isServedType(type) ? type : undefined
      const route = fhirRoute(deps, needed, handler, served)
      for (const place of placesOf(level, type ?? ':type'))
        routes[`/fhir/${place}$${name}`] = Object.fromEntries(methods.map((method) => [method, route]))
    }
  }
  return routes
}
