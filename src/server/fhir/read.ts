// read and vread (FHIR R4 http.html#read, #vread): one indexed statement each.
import { readResource, readVersion } from '../../store/resources.ts'
import { type Ask, queryOf } from './ask.ts'
import { sendBinary, wantsOctets } from './binary.ts'
import type { Parts } from './elements.ts'
import { etagOf, isNotModified } from './preferences.ts'
import { rawMessageOf, readRaw } from './raw-message.ts'
import { refuse, sendVersion } from './reply.ts'
import type { Stored } from './resource-text.ts'
import { searchRequest } from './search-request.ts'

/** A stored resource; or, as a Binary, a message as it came. */
export async function readOrRaw(ask: Ask): Promise<Response> {
  const number = rawMessageOf(ask)
  if (number === undefined) return await read(ask)
  const stored = await readRaw(ask, number)
  return stored instanceof Response ? stored : sendAsked(ask, stored)
}

async function read(ask: Ask): Promise<Response> {
  const { c, deps, rtype, id } = ask
  const row = await readResource(deps.db.read, deps.tenant, rtype, id)
  if (!row) return refuse(c, 'not-found', `${rtype}/${id} is not known here`)
  if (row.deleted) {
    c.header('etag', etagOf(row.version))
    return refuse(c, 'gone', `${rtype}/${id} is deleted - its versions are in _history`)
  }
  return sendAsked(ask, row)
}

/** A version in the form that is asked for, or that it has not changed. */
function sendAsked(ask: Ask, stored: Stored): Response {
  const { c, rtype } = ask
  const match = c.req.header('if-none-match')
  if (isNotModified(match, c.req.header('if-modified-since'), stored.version, stored.updatedAt)) {
    // What the answer would have said of itself for caches, and no more (RFC 9110, section 15.4.5).
    return c.body(null, 304, { etag: etagOf(stored.version), vary: 'accept, authorization' })
  }
  if (rtype === 'Binary' && wantsOctets(c)) return sendBinary(c, stored)
  const parts = partsAsked(ask)
  return parts instanceof Response ? parts : sendVersion(c, 200, stored, parts)
}

/** `_elements` and `_summary` also hold for a read. */
function partsAsked(ask: Ask): Parts | undefined | Response {
  const pairs = queryOf(ask.c).filter(([name]) => name === '_elements' || name === '_summary')
  if (pairs.length === 0) return undefined
  const request = searchRequest(ask, pairs, false)
  return request instanceof Response ? request : request.query
}

export async function vread(ask: Ask): Promise<Response> {
  const { c, deps, rtype, id } = ask
  const version = c.req.param('version') ?? ''
  if (version === '1' && rawMessageOf(ask) !== undefined) return await readOrRaw(ask)
  const row = /^[1-9]\d{0,8}$/.test(version)
    ? await readVersion(deps.db.read, deps.tenant, rtype, id, Number(version))
    : undefined
  if (!row) return refuse(c, 'not-found', `${rtype}/${id} has no such version`)
  if (row.body === null) return refuse(c, 'gone', `this version is the deletion of ${rtype}/${id}`)
  return sendAsked(ask, { body: row.body, version: row.version, updatedAt: row.updatedAt })
}
