// Payloads over HTTP, one POST each on a kept connection (HAPI "HL7 over HTTP", er7 encoding).
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { MllpClientTls } from '../adapters/mllp/dial.ts'
import { charsetOf, findMsh18 } from '../hl7/charset.ts'
import { type Answer, oneLine, readAnswer } from './answer.ts'
import { codeOf, textOf } from './exit.ts'
import { deliverWith, type Link, resendAdvice, startAdvice, tlsAdvice } from './link.ts'

export interface HttpLinkOptions {
  readonly url: URL
  readonly token?: string
  readonly tls?: MllpClientTls
  readonly timeoutMs: number
}

interface Response {
  readonly status: number
  readonly body: Buffer
}

const maxAnswerBytes = 256 * 1024 * 1024
const maxShownCharacters = 300
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNABORTED',
])

export function openHttpLink(options: HttpLinkOptions): Link {
  const { url, tls } = options
  const secure = url.protocol === 'https:'
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...tlsOptions(tls) })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 })
  return {
    deliver: (payloads, report) =>
      deliverWith(payloads, 1, async ({ bytes }) => await post(bytes, options, { agent }, secure), report),
    close: () => agent.destroy(),
  }
}

function tlsOptions(tls: MllpClientTls | undefined) {
  if (!tls) return {}
  const { ca, cert, key, servername } = tls
  return {
    ...(ca !== undefined && { ca: Buffer.from(ca) }),
    ...(cert !== undefined && { cert: Buffer.from(cert) }),
    ...(key !== undefined && { key: Buffer.from(key) }),
    ...(servername !== undefined && { servername }),
  }
}

/** The content type, with the character set that MSH-18 names when the gateway would know it by that name. */
export function contentTypeOf(bytes: Uint8Array): string {
  const charset = charsetOf(findMsh18(bytes)[0] ?? '')
  const known = charset !== undefined && charset !== 'refused'
  return `application/hl7-v2+er7${known ? `; charset=${charset}` : ''}`
}

async function post(
  bytes: Uint8Array,
  options: HttpLinkOptions,
  base: RequestOptions,
  secure: boolean,
): Promise<Answer> {
  const { url, token, timeoutMs } = options
  const headers = {
    'content-type': contentTypeOf(bytes),
    'content-length': bytes.length,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    return answerOf(await exchange(url, { ...base, method: 'POST', headers, signal }, bytes, secure), options)
  } catch (error) {
    const code = codeOf(error) ?? (error instanceof Error ? error.name : 'ERROR')
    if (code === 'TimeoutError' || code === 'ABORT_ERR') {
      const text = `no answer within ${timeoutMs} ms (${url.host}) - ${resendAdvice}`
      return { fault: 'TIMEOUT', text, fatal: false }
    }
    if (unreachable.has(code)) {
      const text = `nobody listens (${url.host}, ${code}) - ${startAdvice}`
      return { fault: code, text, fatal: true }
    }
    if (/^(?:ERR_TLS|ERR_SSL|EPROTO|UNABLE_TO|CERT_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
      const text = `no TLS connection (${url.host}, ${code}) - ${tlsAdvice}`
      return { fault: code, text, fatal: true }
    }
    const text = `the connection broke (${url.host}, ${textOf(error)}) - ${resendAdvice}`
    return { fault: code, text, fatal: false }
  }
}

/** One request. A kept connection that the server closed meanwhile is no answer: tried once more on a new one. */
function exchange(
  url: URL,
  options: RequestOptions,
  bytes: Uint8Array,
  secure: boolean,
  again = true,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) =>
      collect(response).then(resolve, reject),
    )
    request.on('error', (error) => {
      if (again && request.reusedSocket && codeOf(error) === 'ECONNRESET') {
        exchange(url, options, bytes, secure, false).then(resolve, reject)
      } else reject(error)
    })
    request.end(bytes)
  })
}

async function collect(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxAnswerBytes) throw new RangeError(`the answer has more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) }
}

function answerOf({ status, body }: Response, { url, token }: HttpLinkOptions): Answer {
  const said = oneLine(body.toString('utf8')).slice(0, maxShownCharacters)
  if (status === 204 || (status === 200 && body.length === 0)) return { taken: true }
  if (status === 200) return { verdicts: readAnswer(body) }
  const fault = `HTTP ${status}`
  if (status === 401) {
    const remedy = token === undefined ? 'set --token or PORTICO_TOKEN' : 'check --token or PORTICO_TOKEN'
    return { fault, text: `the gateway does not know who sends (${url.host}) - ${remedy}`, fatal: true }
  }
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) {
    return {
      fault,
      text: `no HL7 v2 is taken there (${url.href}) - the gateway's path is /hl7v2`,
      fatal: true,
    }
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return { refused: fault, text: said }
  return {
    fault,
    text: said === '' ? 'the gateway cannot take it now - send it again later' : said,
    fatal: false,
  }
}
