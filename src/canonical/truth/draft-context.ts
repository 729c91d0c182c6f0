// What folding asks of a draft: the policy of the site, and as what other things are shown.

import { type Site, trustIn } from '../site.ts'
import type { Draft } from './draft.ts'
import { aliasOf, familyOf } from './family.ts'
import type { FoldContext } from './fold.ts'
import { isRestricted } from './label.ts'
import { isShown, mergeable } from './world.ts'

export const contextOf = (draft: Draft, site: Site): FoldContext => ({
  trust: (source) => trustIn(site, source),
  source: (id) => site.sources.get(id),
  zone: site.gateway.timezone,
  survivor: (reference) => draft.survivor(reference),
  exists: (rtype, id) => isShown(draft.entity(rtype, id)),
  named: (rtype, system, value) => draft.lookup(rtype, system, value)?.id,
  isProtected: (patient) => isRestricted(draft.entity('Patient', patient.slice('Patient/'.length)).body),
  rivals: (appointment, own) => draft.busy.rivals(appointment, own),
  alias: (rtype, id) => (mergeable.has(rtype) ? aliasOf(draft, rtype, id) : undefined),
  family: (rtype, id) => (mergeable.has(rtype) ? familyOf(draft, rtype, id) : undefined),
  mergeFill: site.policy.mergeFill,
})
