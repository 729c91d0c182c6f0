// Who may send as whom when the transport says so: addresses and certificates of the sources in the site file.
import { BlockList, isIP } from 'node:net'
import type { Inbound } from '../../adapters/adapter.ts'
import type { Site } from '../../canonical/site.ts'

/** Adds an address, or a network such as 10.1.0.0/16; false when the text is neither. */
function addNetwork(list: BlockList, text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const prefix = bits === undefined ? most : Number(bits)
  if (version === 0 || prefix > most) return false
  list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  return true
}

export const isNetwork = (text: string): boolean => addNetwork(new BlockList(), text)

const loopback = new BlockList()
for (const each of ['127.0.0.0/8', '::1']) addNetwork(loopback, each)

const holds = (list: BlockList, host: string): boolean => {
  // A link-local address comes with its zone, which is no part of a network.
  const [address = ''] = host.split('%')
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

export const isLoopback = (host: string): boolean => host === 'localhost' || holds(loopback, host)

/** The lists of a site, made once: a reload brings another site. */
const listsOf = new WeakMap<Site, ReadonlyMap<string, BlockList>>()

function networksOf(site: Site): ReadonlyMap<string, BlockList> {
  const known = listsOf.get(site)
  if (known) return known
  const lists = new Map<string, BlockList>()
  for (const { id, peers = [] } of site.sources.values()) {
    if (peers.length === 0) continue
    const list = new BlockList()
    for (const each of peers) addNetwork(list, each)
    lists.set(id, list)
  }
  listsOf.set(site, lists)
  return lists
}

export const hasPeers = (site: Site): boolean => networksOf(site).size > 0

/** Sources that may send from an address; undefined = any, which only this machine may. Empty = nobody. */
export function sourcesAt(site: Site, host: string): readonly string[] | undefined {
  if (isLoopback(host)) return undefined
  return [...networksOf(site)].filter(([, list]) => holds(list, host)).map(([id]) => id)
}

/** Names of certificates as the TLS listener writes them -> the sources that have them. */
export function certificatesOf(site: Site): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = Object.create(null)
  for (const { id, certificate } of site.sources.values()) {
    if (certificate === undefined) continue
    const name = `CN:${certificate}`
    found[name] = [...(found[name] ?? []), id]
  }
  return found
}

/** Address without port of 'host:port' or '[host]:port'. */
export const hostOf = (peer: string): string =>
  peer.slice(0, Math.max(peer.lastIndexOf(':'), 0)).replace(/^\[|\]$/g, '')

/** Sources that a payload may be of as the site is now, for it may have changed since the connection began. */
export function allowedFor(
  site: Site,
  { peer, identity }: Inbound,
  certificates: boolean,
): readonly string[] | undefined {
  return certificates ? (certificatesOf(site)[identity ?? ''] ?? []) : sourcesAt(site, hostOf(peer))
}
