// What a resource is told before it is written: by the base of R4, and by the profiles that it claims (meta.profile).
import { zoneClock } from '../../canonical/instant.ts'
import type { Clock } from '../../fhir/fhirpath/evaluate.ts'
import type { Issue } from '../../fhir/issue.ts'
import { claimedBy, containedIn } from '../../fhir/profile/claims.ts'
import type { Profile } from '../../fhir/profile/set.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'
import { validateResource } from '../../fhir/validate.ts'
import type { Deps } from '../context.ts'

export type Checking = Pick<Deps, 'packages' | 'gateway'>

/** Profiles that one resource claims, or one request names. */
export const maxProfiles = 20

/** All that is wrong or to be said; nothing for most. */
export function issuesOf(deps: Checking, resource: unknown, rtype: string): readonly Issue[] {
  const issues = validateResource(resource, { type: rtype })
  if (issues.length > 0 || !isObject(resource)) return issues
  const claimed = claimedBy(resource)
  if (claimed.length === 0 && containedIn(resource).every((each) => claimedBy(each).length === 0))
    return issues
  const severity = deps.gateway.site().policy.unknownProfiles === 'refuse' ? 'error' : 'information'
  return profileIssues(deps, resource, claimed, severity)
}

/** What a resource lacks of profiles; those that are not loaded are told of with `unknown`. */
export function profileIssues(
  { packages, gateway }: Checking,
  resource: JsonObject,
  urls: readonly string[],
  unknown: 'error' | 'information',
): readonly Issue[] {
  const { profiles } = packages()
  const issues: Issue[] = []
  const found: Profile[] = []
  const type = String(resource.resourceType)
  if (urls.length > maxProfiles)
    issues.push({
      severity: 'error',
      code: 'too-costly',
      diagnostics: `${type}.meta.profile: has more than ${maxProfiles} profiles - name those that matter`,
      expression: [`${type}.meta.profile`],
    })
  for (const url of urls.slice(0, maxProfiles)) {
    const profile = profiles.get(url)
    if (!profile) issues.push(notLoaded(type, url, unknown))
    else if (profile.type === type) found.push(profile)
    else
      issues.push({
        severity: 'error',
        code: 'structure',
        diagnostics: `${type}: ${profile.title} is a profile of ${profile.type} - name one of ${type}`,
        expression: [type],
      })
  }
  for (const each of containedIn(resource).flatMap(claimedBy).slice(0, maxProfiles))
    if (!profiles.get(each)) issues.push(notLoaded(type, each, unknown))
  return [...issues, ...profiles.validate(resource, found, clockOf(gateway))]
}

/** The moment of the request, and the day that it is at the site. */
function clockOf(gateway: Checking['gateway']): Clock {
  const at = gateway.now()
  const local = new Date(at.getTime() + zoneClock(gateway.site().gateway.timezone)(at.getTime()))
  return { now: at.toISOString(), today: local.toISOString().slice(0, 10) }
}

const notLoaded = (type: string, url: string, severity: 'error' | 'information'): Issue => ({
  severity,
  code: 'not-supported',
  diagnostics: `${type}: profile ${shown(url)} is not loaded here, so it was not looked at - put its package into the folder profiles of the site`,
  expression: [type],
})

/** A canonical URL as a text may have it. */
const shown = (url: string): string => (/^[\x21-\x7e]{1,300}$/.test(url) ? url : '(no URL)')
