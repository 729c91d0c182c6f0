// A message structure as a table: from the place of one segment to the place of the next (HL7 v2.9.1 chapter 2, 2.12).

/** A group as defined; the root is the message. */
export interface GroupDefinition {
  readonly name: string
  readonly parent: GroupDefinition | undefined
  /** Position among the children of the parent. */
  readonly at: number
  readonly repeats: boolean
  readonly optional: boolean
  readonly children: (Slot | GroupDefinition)[]
}

/** A place for a segment: a child of a group. */
export interface Slot {
  readonly segment: string
  readonly group: GroupDefinition
  readonly at: number
  readonly repeats: boolean
  readonly optional: boolean
  /** Not of the structure, but senders put it here. */
  readonly extra: boolean
  /** Steps found so far, by the name of the next segment. */
  readonly steps: Map<string, Step>
}

/**
 * How to get from one slot to the next. `move`: leave groups, open groups. `repeat`: the same, unless the group to
 * be repeated still lacks its first segment. `stay`: put the segment `levels` up and keep the place.
 */
export interface Step {
  readonly kind: 'move' | 'repeat' | 'stay'
  readonly slot: Slot
  /** How many groups to leave, innermost first. */
  readonly levels: number
  readonly open: readonly GroupDefinition[]
  /** So many of the groups to open would lack their first segment: one that is there already is taken instead. */
  readonly headless: number
  readonly misplaced: boolean
}

export interface CompiledStructure {
  readonly root: GroupDefinition
  /** Before the first segment. */
  readonly start: Slot
  /** All names it has a place for. */
  readonly names: ReadonlySet<string>
}

// What senders add about the patient whatever the structure, so that an IN2 finds its IN1 in every message.
const PATIENT_EXTRAS = ['PD1', 'NK1', 'PV1', 'PV2', 'OBX', 'AL1', 'DG1', 'GT1']
const INSURANCE_EXTRA = ['IN1', 'IN2', 'IN3']

/** Compiles the notation of structures.generated.ts. */
export function compileStructure(name: string, text: string): CompiledStructure {
  const root = newGroup(name, undefined, false, false)
  const tokens = (text.match(/[[\]{}()]|\w+:?/g) ?? []).values()
  readItems(root, tokens)
  const names = new Set<string>()
  collectNames(root, names)
  const patient = groupWith(root, 'PID')
  if (patient) addExtras(patient, names)
  return { root, start: newSlot('', root, -1), names }
}

function newGroup(
  name: string,
  parent: GroupDefinition | undefined,
  optional: boolean,
  repeats: boolean,
): GroupDefinition {
  return { name, parent, at: parent?.children.length ?? 0, repeats, optional, children: [] }
}

function newSlot(
  segment: string,
  group: GroupDefinition,
  at: number,
  optional = false,
  repeats = false,
  extra = false,
): Slot {
  return { segment, group, at, repeats, optional, extra, steps: new Map() }
}

/** Reads children of a group up to the bracket that ends it. */
function readItems(parent: GroupDefinition, tokens: Iterator<string>): void {
  let optional = false
  let repeats = false
  for (let next = tokens.next(); !next.done; next = tokens.next()) {
    const token = next.value
    if (token === '[') optional = true
    else if (token === '{') repeats = true
    else if (token === ')' || token === '}') {
      // The end of this group, or of a segment that repeats, whose braces say nothing more.
      if (repeats) repeats = false
      else return
    } else if (token === ']') optional = false
    else if (token.endsWith(':')) {
      const child = newGroup(token.slice(0, -1), parent, optional, repeats)
      parent.children.push(child)
      readItems(child, tokens)
      repeats = false
    } else if (token !== '(') {
      parent.children.push(newSlot(token, parent, parent.children.length, optional, repeats))
    }
  }
}

function isGroup(child: Slot | GroupDefinition): child is GroupDefinition {
  return 'children' in child
}

function collectNames(group: GroupDefinition, names: Set<string>): void {
  for (const child of group.children) {
    if (isGroup(child)) collectNames(child, names)
    else names.add(child.segment)
  }
}

/** The group that has a segment directly in it. */
function groupWith(group: GroupDefinition, segment: string): GroupDefinition | undefined {
  for (const child of group.children) {
    const found = isGroup(child) ? groupWith(child, segment) : child.segment === segment ? group : undefined
    if (found) return found
  }
  return undefined
}

function addExtras(patient: GroupDefinition, names: Set<string>): void {
  const add = (group: GroupDefinition, segment: string, optional: boolean, repeats: boolean) => {
    group.children.push(newSlot(segment, group, group.children.length, optional, repeats, true))
  }
  for (const segment of PATIENT_EXTRAS) if (!names.has(segment)) add(patient, segment, true, true)
  if (!names.has('IN1')) {
    const insurance = newGroup('INSURANCE', patient, true, true)
    patient.children.push(insurance)
    for (const segment of INSURANCE_EXTRA) add(insurance, segment, segment !== 'IN1', segment === 'IN3')
  }
  for (const segment of [...PATIENT_EXTRAS, ...INSURANCE_EXTRA]) names.add(segment)
}

/** The groups to open, outermost first, and the slot in the innermost. */
interface Way {
  readonly open: readonly GroupDefinition[]
  readonly slot: Slot
}

/** The way to a segment by which a group may begin: nothing required is skipped. */
function wayIn(child: Slot | GroupDefinition, segment: string): Way | undefined {
  if (!isGroup(child)) return child.segment === segment ? { open: [], slot: child } : undefined
  for (const inner of child.children) {
    const way = wayIn(inner, segment)
    if (way) return { open: [child, ...way.open], slot: way.slot }
    if (!inner.optional) return undefined
  }
  return undefined
}

/** The way to a segment anywhere inside, whatever is skipped. */
function anyWay(child: Slot | GroupDefinition, segment: string): Way | undefined {
  if (!isGroup(child)) return child.segment === segment ? { open: [], slot: child } : undefined
  for (const inner of child.children) {
    const way = anyWay(inner, segment)
    if (way) return { open: [child, ...way.open], slot: way.slot }
  }
  return undefined
}

/** The groups around a slot, innermost first, each with the position reached in it. */
function levelsOf(from: Slot): { readonly group: GroupDefinition; readonly at: number }[] {
  const levels = []
  let at = from.at
  for (let group: GroupDefinition | undefined = from.group; group; group = group.parent) {
    levels.push({ group, at })
    at = group.at
  }
  return levels
}

/** The step from a slot to a segment the structure has; found once, then kept with the slot. */
export function stepTo(from: Slot, segment: string): Step | undefined {
  const known = from.steps.get(segment)
  if (known) return known
  const levels = levelsOf(from)
  const step = onward(levels, segment) ?? backward(levels, segment) ?? incomplete(levels, segment)
  if (step) from.steps.set(segment, step)
  return step
}

type Levels = ReturnType<typeof levelsOf>

/** As the structure has it: further on in an open group, innermost first, or an open group again. */
function onward(levels: Levels, segment: string): Step | undefined {
  for (const [level, { group, at }] of levels.entries()) {
    const here = group.children[at]
    const same = here && !isGroup(here) && here.segment === segment ? here : undefined
    if (same?.repeats) return step('move', same, level, [])
    for (const child of group.children.slice(at + 1)) {
      const way = wayIn(child, segment)
      if (!way) continue
      // Extras stand at the end of their group; going there would make everything after them misplaced.
      const aside = way.slot.extra && PATIENT_EXTRAS.includes(segment)
      return step(aside ? 'stay' : 'move', way.slot, level, way.open)
    }
    const again = group.parent && group.repeats ? wayIn(group, segment) : undefined
    if (again) return step('repeat', again.slot, level + 1, again.open)
    if (same) return step('move', same, level, [])
  }
  return undefined
}

/** Out of order: what an open group has already passed. */
function backward(levels: Levels, segment: string): Step | undefined {
  for (const [level, { group, at }] of levels.entries()) {
    for (const child of group.children.slice(0, Math.max(at, 0))) {
      const way = wayIn(child, segment)
      if (!way) continue
      const kind = way.open.length === 0 ? 'stay' : 'move'
      return { ...step(kind, way.slot, level, way.open), misplaced: true }
    }
  }
  return undefined
}

/** A segment of a group whose first segment was not sent: open the group here, or join one that is there. */
function incomplete(levels: Levels, segment: string): Step | undefined {
  for (const [level, { group, at }] of levels.entries()) {
    const others = [...group.children.slice(at + 1), ...group.children.slice(0, Math.max(at, 0))]
    for (const child of others) {
      const way = anyWay(child, segment)
      if (!way) continue
      const whole = way.open.findIndex((inner) => wayIn(inner, segment) !== undefined)
      const headless = whole < 0 ? way.open.length : whole
      return { ...step('move', way.slot, level, way.open), headless, misplaced: true }
    }
  }
  return undefined
}

function step(kind: Step['kind'], slot: Slot, levels: number, open: readonly GroupDefinition[]): Step {
  return { kind, slot, levels, open, headless: 0, misplaced: false }
}
