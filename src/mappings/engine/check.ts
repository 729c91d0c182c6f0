// The checker: every row of every map against HL7 v2, FHIR R4, the leaves, the tables and the other maps.
import { handleOf, isMessageMap, isSegmentMap } from './compile.ts'
import { defaultsBase, splitName } from './compile-row.ts'
import { type ConditionResult, parseCondition } from './condition.ts'
import { isKnownType, parseElementPath, parseSteps } from './element-path.ts'
import { type Grammar, grammarOf } from './grammar.ts'
import { leaves } from './leaf.ts'
import { includersOf, isPart, overlayMaps } from './overlay.ts'
import type { MapSource, Row } from './row.ts'

/** One thing that is wrong. `text`: what is wrong (where) - what to do. */
export interface MapProblem {
  /** File, when the map was loaded from one; else the name of the map. */
  readonly file: string
  /** 'PID[Patient]#3', or the map alone. */
  readonly row: string
  readonly text: string
}

const columns = new Set(
  'v2 fhir via table when value set required beside omit deviates note as into after refs'.split(' '),
)
const FIELD = /^([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+)(?:\.(\d+))?)?$/
const COMPONENT = /^(\d+)(?:\.(\d+))?$/

/** A map and the file it was loaded from. */
export type Checked = MapSource & { readonly file?: string }

/**
 * All problems of the layers (base, realm, site; weakest first), row by row; none means that compileMaps
 * accepts the overlaid maps. `declared`: Z segments of the site and how many fields they have. Layers before `from` are
 * known to be good and only stand below the others.
 */
export function checkMaps(
  layers: readonly (readonly Checked[])[],
  tables: readonly { readonly name: string }[],
  declared: Readonly<Record<string, number>> = {},
  from = 0,
): MapProblem[] {
  const grammar = grammarOf(new Set(tables.map(({ name }) => name)), declared)
  const [base = [], ...over] = layers
  const checker = new Checker(overlayMaps(base, ...over), includersOf(layers), grammar)
  return layers.flatMap((layer, index) =>
    index < from ? [] : layer.flatMap((source) => checker.source(source, layers.slice(0, index))),
  )
}

class Checker {
  /** The maps as they will be compiled. */
  readonly #names: ReadonlyMap<string, MapSource>
  readonly #includers: ReadonlyMap<string, readonly string[]>
  readonly #grammar: Grammar
  #problems: MapProblem[] = []
  #file = ''
  #row = ''

  constructor(
    sources: readonly MapSource[],
    includers: ReadonlyMap<string, readonly string[]>,
    grammar: Grammar,
  ) {
    this.#names = new Map(sources.map((source) => [source.map, source]))
    this.#includers = includers
    this.#grammar = grammar
  }

  source(source: Checked, below: readonly (readonly Checked[])[]): MapProblem[] {
    this.#problems = []
    this.#file = source.file ?? source.map
    this.#row = source.map
    if (isMessageMap(source)) this.#message(source)
    else {
      const seen = new Set<string>()
      source.rows.forEach((row, index) => {
        this.#row = `${source.map}#${index + 1}`
        this.#columns(row)
        if (row.omit) this.#omitted(row, source, below)
        const key = JSON.stringify([row.v2, row.fhir, row.when ?? ''])
        if (seen.has(key)) this.#say(`repeats a row of the same v2, fhir and when`, 'remove one')
        seen.add(key)
        if (isSegmentMap(source)) this.#field(row, source)
        else this.#component(row, source)
        this.#target(row, source)
      })
    }
    return this.#problems
  }

  #say(what: string, remedy: string): void {
    this.#problems.push({
      file: this.#file,
      row: this.#row,
      text: `${what} (${this.#row} in ${this.#file}) - ${remedy}`,
    })
  }

  #omitted(row: Row, source: Checked, below: readonly (readonly Checked[])[]): void {
    const found = below
      .flat()
      .some(
        (one) =>
          one.map === source.map && one.rows.some(({ v2, fhir }) => v2 === row.v2 && fhir === row.fhir),
      )
    if (!found)
      this.#say(`omits ${row.v2} -> ${row.fhir}, which is not there`, 'correct v2 and fhir, or remove it')
  }

  #columns(row: Row): void {
    for (const key of Object.keys(row)) {
      if (!columns.has(key)) this.#say(`has a column '${key}' that rows do not have`, 'remove it')
    }
  }

  #message(source: MapSource): void {
    const part = isPart(source)
    const names = part ? (this.#includers.get(source.map) ?? []) : [source.map]
    const wholes = names.flatMap((name) => this.#names.get(name) ?? [])
    if (part && wholes.length === 0) this.#say('is a part that no message map includes', 'name it in include')
    if (!part && wholes.some(({ events }) => !events?.length))
      this.#say('serves no event', "name them in events: ['ADT^A01']")
    for (const name of source.include ?? []) {
      if (!this.#includers.has(name)) this.#say(`includes '${name}', which is no part`, 'correct include')
    }
    const made = wholes.map(({ rows }) => new Set(rows.flatMap((row) => row.as ?? [])))
    source.rows.forEach((row, index) => {
      this.#row = `${source.map}#${index + 1}`
      this.#columns(row)
      for (const name of [row.v2, ...(row.after ?? [])])
        if (!name.startsWith('Z') && !this.#grammar.hasSegment(name))
          this.#say(
            `segment '${name}' is in no version of HL7 v2`,
            `correct ${name === row.v2 ? 'v2' : 'after'}`,
          )
      const via = row.via ?? `${row.v2}[${row.fhir}]`
      const map = this.#names.get(via)
      if (!map) this.#say(`there is no map '${via}'`, 'add it to segments or correct via')
      else if (splitName(via).from !== row.v2)
        this.#say(`'${via}' maps another segment than ${row.v2}`, 'correct via')
      for (const handle of [
        ...Object.values(row.refs ?? {}),
        ...(row.into === undefined ? [] : [row.into]),
      ]) {
        if (made.some((handles) => !handles.has(handleOf(handle))))
          this.#say(`no row of this map makes '${handle}'`, `add "as": "${handle}" or correct it`)
      }
      this.#condition(row.when === undefined ? undefined : parseCondition(row.when), undefined)
    })
  }

  #field(row: Row, source: MapSource): void {
    const { from } = splitName(source.map)
    const match = FIELD.exec(row.v2)
    if (match?.[1] !== from) {
      this.#say(`v2 '${row.v2}' is no field of ${from}`, `write ${from}-1`)
      return
    }
    this.#position(row.v2)
    this.#condition(row.when === undefined ? undefined : parseCondition(row.when), undefined)
  }

  #position(position: string): void {
    const match = FIELD.exec(position.replace(/\[\d+\]/, ''))
    const [, segment = '', field = '0', component, subcomponent] = match ?? []
    if (!this.#grammar.hasSegment(segment) && segment.startsWith('Z')) return
    const types = this.#grammar.field(segment, Number(field))
    if (!types) {
      this.#say(`${segment}-${field} is in no version of HL7 v2`, 'correct the position')
      return
    }
    if (component !== undefined) this.#within(position, types, Number(component), subcomponent)
  }

  /** Component and subcomponent exist in one of the types; of a primitive the first is the value itself. */
  #within(
    position: string,
    types: readonly string[],
    component: number,
    subcomponent: string | undefined,
  ): void {
    // OBX-5 is of the type that OBX-2 names.
    if (types.length === 0 || types.includes('VARIES')) return
    const inner = types.flatMap((type) => this.#grammar.component(type, component) ?? [])
    if (inner.length === 0 && component > 1) {
      this.#say(`${position} is beyond the components of ${types.join(', ')}`, 'correct the position')
      return
    }
    if (subcomponent === undefined || Number(subcomponent) === 1) return
    if (inner.every((type) => !this.#grammar.component(type, Number(subcomponent)))) {
      this.#say(`${position} is beyond the subcomponents of ${inner.join(', ')}`, 'correct the position')
    }
  }

  #component(row: Row, source: MapSource): void {
    const { from } = splitName(source.map)
    const match = COMPONENT.exec(row.v2)
    if (!match) {
      this.#say(`v2 '${row.v2}' is no component`, "write '1' or '1.1'")
      return
    }
    const [, component = '0', subcomponent] = match
    if (this.#grammar.isComposite(from))
      this.#within(`${from}.${row.v2}`, [from], Number(component), subcomponent)
    this.#condition(row.when === undefined ? undefined : parseCondition(row.when), from)
  }

  #condition(result: ConditionResult | undefined, type: string | undefined): void {
    if (!result) return
    if ('fault' in result) {
      this.#say(`when: ${result.fault}`, 'see the row language for its eight predicates')
      return
    }
    for (const position of result.positions) {
      if (type === undefined && FIELD.test(position.replace(/\[\d+\]/, ''))) this.#position(position)
      else if (type === undefined || position.includes('-')) {
        this.#say(`when: '${position}' is no position here`, type === undefined ? 'write PID-5' : "write '1'")
      }
    }
  }

  #target(row: Row, source: MapSource): void {
    if (row.fhir === '-' || row.omit) return
    const { target } = splitName(source.map)
    const path = isSegmentMap(source) ? parseElementPath(target, row.fhir) : undefined
    const steps = isSegmentMap(source) ? undefined : parseSteps(target, row.fhir)
    const parsed = path ?? steps
    if (!parsed) {
      this.#say(
        `fhir '${row.fhir}' is no path`,
        "write name, period.start, extension('url').valueCode or $fact",
      )
      return
    }
    if (parsed.unknown !== undefined && isKnownType(target)) {
      this.#say(`R4 has no ${parsed.unknown}`, 'correct fhir, or write a $fact')
    }
    if (row.table !== undefined && !this.#grammar.tables.has(row.table)) {
      this.#say(`there is no table '${row.table}'`, 'add a ConceptMap of that name or correct table')
    }
    this.#via(row, path?.type ?? steps?.steps.at(-1)?.type ?? '')
    this.#defaults(row, path ? defaultsBase(path, this.#yields(row.via)) : target)
  }

  #via(row: Row, type: string): void {
    if (row.via === undefined) {
      if (row.value === undefined) this.#say('has neither via nor value', 'name a data type map or a leaf')
      return
    }
    const map = this.#names.get(row.via)
    const leaf = leaves.get(row.via)
    if (!map && !leaf) {
      this.#say(`there is no map or leaf '${row.via}'`, 'correct via')
      return
    }
    const yields = this.#yields(row.via) ?? ''
    if (type === '' || yields === '' || fits(type, yields)) {
      const targets = /^Reference\((.*)\)$/.exec(type)?.[1]
      if (targets && leaf?.links && !targets.split('|').includes(leaf.links) && targets !== 'Resource') {
        this.#say(`${row.fhir} does not refer to ${leaf.links}`, `use a leaf for ${targets}`)
      }
      return
    }
    this.#say(`${row.via} yields ${yields}, ${row.fhir} is ${type}`, `use a map or leaf for ${type}`)
  }

  #yields(via = ''): string | undefined {
    return this.#names.has(via) ? splitName(via).target : leaves.get(via)?.yields
  }

  #defaults(row: Row, base: string): void {
    for (const key of Object.keys(row.set ?? {})) {
      const steps = parseSteps(base.replace(/\(.*/, ''), key)
      if (!steps) this.#say(`set '${key}' is no path`, 'correct it')
      else if (steps.unknown !== undefined) this.#say(`set: R4 has no ${steps.unknown}`, 'correct it')
    }
  }
}

// What may stand where: the narrower type in the place of the wider.
const wider: Readonly<Record<string, readonly string[]>> = {
  string: ['code', 'markdown', 'id'],
  markdown: ['string'],
  dateTime: ['date', 'instant'],
  instant: ['dateTime'],
  integer: ['positiveInt', 'unsignedInt'],
  unsignedInt: ['positiveInt', 'integer'],
  positiveInt: ['integer'],
  decimal: ['integer'],
  uri: ['string'],
  SimpleQuantity: ['Quantity'],
}

function fits(type: string, yields: string): boolean {
  const plain = type.replace(/\(.*/, '')
  return plain === yields || wider[plain]?.includes(yields) === true
}
