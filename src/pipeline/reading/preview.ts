// What messages would make of an empty store: the real rules on a world in memory, message by message.
import { applyMapped, timesOf } from '../../canonical/apply.ts'
import { busyKey } from '../../canonical/appointment/busy.ts'
import type { FhirJson } from '../../canonical/fhir-json.ts'
import { type Finding, Refusal } from '../../canonical/finding.ts'
import type { Site } from '../../canonical/site.ts'
import { Draft } from '../../canonical/truth/draft.ts'
import { chargesKey } from '../../canonical/truth/draft-lines.ts'
import {
  absentEntity,
  entityKey,
  type LedgerLine,
  lineKey,
  Miss,
  type Need,
  registrationKey,
  World,
} from '../../canonical/truth/world.ts'
import { RESOURCE_TYPES } from '../../fhir/types.ts'
import type { AckError } from '../../hl7/ack.ts'
import type { MessageItem } from '../batch/item.ts'

export interface Preview {
  /** Resources as they are after the last message, with id, by type, patients first. */
  readonly resources: readonly FhirJson[]
  /** One for each message: why it is refused, or what it is warned of. */
  readonly results: readonly { readonly code: 'AA' | 'AE' | 'AR'; readonly errors: readonly AckError[] }[]
}

/** More than any message needs. */
const maxMisses = 10_000

/** Applies the messages in order. Nothing is stored, and nothing that a store holds is known. */
export function preview(items: readonly MessageItem[], site: Site): Preview {
  const world = new World()
  const touched = new Set<string>()
  const results = items.map((item, i) => {
    if (item.refusal) return item.refusal
    const made = applyOne(world, item, `preview-${i + 1}`, site)
    if ('code' in made) return made
    for (const { rtype, id } of made.changes) touched.add(entityKey(rtype, id))
    const warnings = made.findings.map(asAckError)
    made.commit()
    return { code: 'AA' as const, errors: [...item.warnings, ...warnings] }
  })
  const resources = [...touched].flatMap((key) => {
    const { rtype, id, body } = world.entities.get(key) ?? {}
    return body ? [{ resourceType: rtype, id, ...body }] : []
  })
  return { resources: resources.sort((a, b) => rank(a) - rank(b)), results }
}

const types = [...RESOURCE_TYPES.keys()]
const rank = (resource: FhirJson): number => types.indexOf(String(resource.resourceType))

function applyOne(
  world: World,
  item: MessageItem,
  messageId: string,
  site: Site,
): Draft | Preview['results'][number] {
  const { mapped, sender, receivedAt } = item
  if (!mapped || !sender) throw new Error('a message without mapping or source reached the rules')
  for (let misses = 0; ; misses++) {
    const draft = new Draft(world, messageId, site)
    const times = timesOf(mapped, receivedAt.getTime(), site.policy.futureEventHours)
    const controlId = item.header?.controlId ?? ''
    draft.occurred = times.event
    try {
      applyMapped({
        draft,
        site,
        source: sender,
        mapped,
        event: item.event,
        controlId,
        times,
        references: new Map(),
      })
      draft.fold()
      return draft
    } catch (error) {
      if (error instanceof Miss && misses < maxMisses) fill(world, error.need)
      else if (error instanceof Refusal) return { code: error.ack, errors: [asAckError(error.finding)] }
      else throw error
    }
  }
}

/** Nothing is stored, so what is asked for is absent, except for what earlier messages have made. */
function fill(world: World, need: Need): void {
  switch (need.kind) {
    case 'entity': {
      const key = entityKey(need.rtype, need.id)
      world.entities.set(key, absentEntity(need.rtype, need.id))
      world.merges.set(key, null)
      world.members.set(key, new Set())
      return
    }
    case 'merge':
      world.merges.set(entityKey(need.rtype, need.id), null)
      return
    case 'registration':
      world.registrations.set(registrationKey(need.rtype, need.system, need.value), null)
      return
    case 'ledger':
      world.lines.set(lineKey(need.source, need.line), null)
      return
    case 'charges': {
      const lines: LedgerLine[] = []
      for (const line of world.lines.values())
        if (line?.accountId === need.accountId && line.code === need.code) lines.push(line)
      world.charges.set(chargesKey(need.accountId, need.code), lines)
      return
    }
    case 'busy':
      world.busy.set(busyKey(need.actor, need.day), [])
      return
    case 'referrers':
    case 'dependents': {
      const keys = [...world.entities].filter(([, { body }]) =>
        JSON.stringify(body ?? null).includes(`"${need.target}"`),
      )
      const list = need.kind === 'referrers' ? world.referrers : world.dependentsOf
      list.set(
        need.target,
        keys.map(([key]) => key).filter((key) => key !== need.target),
      )
    }
  }
}

function asAckError({ severity, code, app, locations, text }: Finding): AckError {
  return { severity, code, ...(app !== undefined && { app }), locations, text }
}
