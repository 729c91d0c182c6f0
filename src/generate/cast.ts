// Who speaks in a generated day: the systems of a site, by what they own.

export interface Authority {
  readonly namespace: string
  /** OID, as CX.4 and EI have it. */
  readonly oid: string
}

export interface Cast {
  /** Facility and application of the gateway, MSH-5 and MSH-6. */
  readonly gateway: { readonly application: string; readonly facility: string }
  /** Source ids 'APP|FAC'. */
  readonly registration: string
  /** A second one with record numbers of its own, which knows some of the same people; undefined when there is none. */
  readonly walkin: string | undefined
  readonly scheduling: string
  readonly billing: string
  readonly record: Authority
  readonly walkinRecord: Authority | undefined
  readonly account: Authority
  readonly visit: Authority
  readonly booking: Authority
  readonly line: Authority
}

/** As much of a site file as a cast needs. */
export interface Stage {
  readonly gateway: { readonly application: string; readonly facility: string }
  readonly authorities: readonly {
    readonly namespace: string
    readonly system: string
    readonly types: readonly string[]
    readonly owner?: string
  }[]
}

/** The cast of a site; what is missing, when it has not all that a hospital needs. */
export function castOf({ gateway, authorities }: Stage): Cast | { readonly missing: string } {
  const owned = authorities.flatMap(({ namespace, system, types, owner }) =>
    system.startsWith('urn:oid:') && owner !== undefined && owner !== 'gateway'
      ? [{ namespace, oid: system.slice('urn:oid:'.length), types, owner }]
      : [],
  )
  const record = owned.find(({ types }) => types.includes('MR'))
  if (!record) return { missing: 'an authority of type MR with an owner' }
  const own = (type: string) => owned.find((each) => each.types.includes(type) && each.owner === record.owner)
  const [account, visit] = [own('AN'), own('VN')]
  const booking = owned.find(({ types }) => types.includes('FILL'))
  const line = owned.find((each) => each.types.length === 0)
  if (!account || !visit) return { missing: `authorities of types AN and VN that ${record.owner} owns` }
  if (!booking) return { missing: 'an authority of type FILL that a source owns' }
  if (!line)
    return { missing: 'an authority without types for ledger lines, with the billing system as owner' }
  const other = owned.find((each) => each.types.includes('MR') && each.owner !== record.owner)
  return {
    gateway,
    registration: record.owner,
    walkin: other?.owner,
    scheduling: booking.owner,
    billing: line.owner,
    record,
    walkinRecord: other,
    account,
    visit,
    booking,
    line,
  }
}
