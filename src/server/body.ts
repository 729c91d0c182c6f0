// Request bodies: read raw, within a limit, never decompressed (hostile input J11, T12).
import type { HttpBindings } from '@hono/node-server'

export type Body = { readonly bytes: Uint8Array } | { readonly fault: 'too-large' | 'compressed' | 'aborted' }

/** Reads the body of a request. More than `maxBytes` is not kept in memory, whatever Content-Length said. */
export async function readBody(
  request: Request,
  maxBytes: number,
  env: Partial<HttpBindings> | undefined,
): Promise<Body> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.trim().toLowerCase() !== 'identity') return { fault: 'compressed' }
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return { fault: 'too-large' }
  const stream: AsyncIterable<Uint8Array> | null = env?.incoming ?? request.body
  if (stream === null) return { bytes: new Uint8Array() }
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      size += chunk.byteLength
      if (size > maxBytes) return { fault: 'too-large' }
      chunks.push(chunk)
    }
  } catch {
    return { fault: 'aborted' }
  }
  const [first] = chunks
  return { bytes: chunks.length === 1 && first ? first : Buffer.concat(chunks) }
}

export interface MediaType {
  /** Lower case, without parameters; '' when the header is missing. */
  readonly type: string
  /** Lower case; undefined when not given. */
  readonly charset: string | undefined
}

export function mediaType(header: string | null | undefined): MediaType {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';')
  const charset = parameters
    .map((each) => /^\s*charset\s*=\s*"?([a-z0-9._:-]{1,40})"?\s*$/.exec(each)?.[1])
    .find((each) => each !== undefined)
  return { type: type.trim(), charset }
}

export const isUtf8 = (charset: string | undefined): boolean =>
  charset === undefined || charset === 'utf-8' || charset === 'utf8'
