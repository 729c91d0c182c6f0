// Invariants of profiles: FHIRPath, parsed when the profile is loaded.
import { holds, maxSteps, type Scope } from '../fhirpath/evaluate.ts'
import { unknownFunctions } from '../fhirpath/functions.ts'
import { type Ast, parseFhirPath } from '../fhirpath/syntax.ts'
import type { Compiling } from './compile.ts'
import { type ItemCheck, report } from './run.ts'
import type { ConstraintRule } from './structure.ts'
import { isCodeOf } from './values.ts'

export function compileConstraint(
  { key, severity, human, expression }: ConstraintRule,
  { label, terminology, note }: Compiling,
): ItemCheck | undefined {
  if (expression === '') return undefined
  let ast: Ast
  try {
    ast = parseFhirPath(expression)
    const [missing] = unknownFunctions(ast)
    if (missing !== undefined) throw new Error(`${missing}() is not supported`)
  } catch (error) {
    note(`${key} is not checked: ${error instanceof Error ? error.message : 'it cannot be read'}`)
    return undefined
  }
  const memberOf: Scope['memberOf'] = (url, { value }) => {
    const set = terminology.group(url)
    return set && isCodeOf(set, value)
  }
  const text = `breaks ${key}: ${human} (${expression.slice(0, 500)}), which ${label} asks for - correct it`
  const gravity = severity === 'warning' ? 'warning' : 'error'
  return (item, run) => {
    try {
      const budget = { steps: maxSteps }
      if (
        holds(ast, item, {
          resource: run.resource,
          root: run.root,
          memberOf,
          budget,
          clock: run.clock,
        }) !== true
      )
        report(run, '', 'invariant', text, gravity)
    } catch (error) {
      const why = error instanceof Error ? error.message : 'it failed'
      report(run, '', 'not-supported', `${key} of ${label} could not be decided: ${why}`, 'information')
    }
  }
}
