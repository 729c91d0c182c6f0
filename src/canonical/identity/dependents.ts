// What refers to a record without being loaded: a merge changes nothing in most of it but the reference, and a patient may
// have tens of thousands of such things. Whatever else could change in one of them makes it loaded and folded.
import { type Change, type Redirect, redirection } from '../truth/change.ts'
import { isRestricted } from '../truth/label.ts'
import { Miss, splitEntityKey, type World } from '../truth/world.ts'

/** A thing that refers to another, as far as it is known without its contributions. */
export interface Dependent {
  readonly rtype: string
  readonly id: string
  readonly version: number
  /** When its version was made, milliseconds. */
  readonly since: number
  /** What it is shown to refer to: 'Patient/x'. */
  readonly refersTo: string
  /** Records shown as that one of which its contributions speak: 'Patient/x'. */
  readonly names: readonly string[]
  /** They are named by nothing but `{"reference": ...}`, without a display of their own. */
  readonly bare: boolean
  /** Search parameters by which it is found at what it refers to. */
  readonly params: readonly string[]
}

/**
 * Types whose fold uses what is shown of a merged record for more than its references, or has projections that depend
 * on it. All others are folded and then redirected (fold.ts).
 */
const folded: ReadonlySet<string> = new Set([
  'Patient',
  'Account',
  'Appointment',
  'Coverage',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'Device',
  'HealthcareService',
  'Schedule',
  'Slot',
])

/** True for 'ChargeItem/x', of which a merge changes references only. */
export const isPlain = (key: string): boolean => !folded.has(key.slice(0, key.indexOf('/')))

/** As much of a draft as this needs. */
interface Shown {
  survivor(reference: string): string
  entity(rtype: string, id: string): { readonly body: Parameters<typeof isRestricted>[0] }
}

export class DraftDependents {
  readonly #world: World
  readonly #shown: Shown

  constructor(world: World, shown: Shown) {
    this.#world = world
    this.#shown = shown
  }

  /** Keys of what is shown to refer to 'Patient/x', loaded or not. */
  of(target: string): readonly string[] {
    const known = this.#world.dependentsOf.get(target)
    if (known) return known
    // Trying out what else would be needed would ask for each of them.
    const need = { kind: 'dependents', target } as const
    this.#world.miss(need)
    throw new Miss(need)
  }

  /** A dependent that is not loaded. */
  find(key: string): Dependent | undefined {
    return this.#world.entities.has(key) ? undefined : this.#world.dependents.get(key)
  }

  /** What becomes of a thing that is not loaded; undefined when it has to be. */
  changeOf(key: string): Change | 'none' | undefined {
    const dependent = this.find(key)
    const redirect = dependent && this.#redirectOf(dependent)
    if (!redirect || redirect === 'none') return redirect
    const { rtype, id, version, since, params } = dependent
    return redirection({ rtype, id, version: version + 1, since }, { ...redirect, params })
  }

  /** What its references become; undefined when more than that may change. */
  #redirectOf({ rtype, names, bare, refersTo }: Dependent): Omit<Redirect, 'params'> | 'none' | undefined {
    const [to, ...others] = new Set(names.map((each) => this.#shown.survivor(each)))
    if (to === undefined || others.length > 0) return undefined
    if (to === refersTo) return 'none'
    // A visit shows the display of its patient as long as it is that patient (encounter.ts).
    if (rtype === 'Encounter' && refersTo.startsWith('Patient/') && !bare) return undefined
    return this.#labelOf(refersTo, true) === this.#labelOf(to, false) ? { from: refersTo, to } : undefined
  }

  /** Whether what is about a person is protected: as it is stored, or as it is now. */
  #labelOf(reference: string, stored: boolean): boolean {
    const [rtype, id] = splitEntityKey(reference)
    if (rtype !== 'Patient') return false
    return isRestricted((stored ? this.#world : this.#shown).entity(rtype, id).body)
  }

  /** What is about a person from now on without being loaded. */
  *about(patient: string): Iterable<string> {
    for (const [key, each] of this.#world.dependents)
      if (!this.#world.entities.has(key) && each.names.some((name) => this.#shown.survivor(name) === patient))
        yield key
  }
}
