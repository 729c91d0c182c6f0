// Where messages are sent: mllp://host:port, mllps://host:port, http(s)://host:port/hl7v2.
import { InvalidArgumentError } from 'commander'

export type Address =
  | {
      readonly kind: 'mllp'
      readonly host: string
      readonly port: number
      readonly tls: boolean
      readonly text: string
    }
  | { readonly kind: 'http'; readonly url: URL; readonly tls: boolean; readonly text: string }

export const defaultAddress = 'mllp://127.0.0.1:2575'
const mllpPort = 2575

/** Reads the argument of --to; throws what commander shows when it is no address. */
export function parseAddress(text: string): Address {
  const url = URL.parse(text)
  const scheme = url?.protocol.replace(/:$/, '')
  if (!url || url.hostname === '') throw refusal
  if (scheme === 'mllp' || scheme === 'mllps') {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = url.port === '' ? mllpPort : Number(url.port)
    const rest = url.pathname + url.search + url.username
    if (port === 0 || (rest !== '' && rest !== '/')) throw refusal
    return { kind: 'mllp', host, port, tls: scheme === 'mllps', text: `${scheme}://${url.hostname}:${port}` }
  }
  if (scheme !== 'http' && scheme !== 'https') throw refusal
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('Give the token with --token or PORTICO_TOKEN, not in the address.')
  }
  if (url.pathname === '/') url.pathname = '/hl7v2'
  return { kind: 'http', url, tls: scheme === 'https', text: url.href }
}

const refusal = new InvalidArgumentError(
  'Use mllp://host:port, mllps://host:port or http(s)://host:port/hl7v2.',
)
