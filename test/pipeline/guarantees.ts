// What the profiles in profiles/fhir guarantee, held against resources that the rules have made.
import { ProfileSet } from '../../src/fhir/profile/set.ts'
import type { JsonObject } from '../../src/fhir/types.ts'
import { ownResources } from '../../src/pipeline/site/packages.ts'

export const ownProfiles = new ProfileSet(ownResources())

/** Types that we have a profile of. */
export const guaranteed: readonly string[] = ownProfiles
  .all()
  .flatMap(({ type }) => (type === 'Extension' ? [] : [type]))
  .sort()

/** What a resource lacks of the profile of its type. */
export const lacking = (resource: JsonObject): string[] =>
  ownProfiles
    .validate(resource, ownProfiles.ofType(String(resource.resourceType)))
    .map(({ diagnostics }) => diagnostics)
