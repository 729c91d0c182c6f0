// Ends the process with SIGKILL at one boundary between the statements of its scripts, or before or after their commit.
import type { Database, Transaction } from '../../src/store/db.ts'

/** Statements end with a semicolon at the end of a line; what stands between $$ belongs to one. */
export function statementsOf(script: string): readonly string[] {
  const found: string[] = []
  let open = ''
  for (const line of script.split('\n')) {
    open += `${line}\n`
    const quoted = open.split('$$').length % 2 === 0
    if (quoted || !/;\s*(--.*)?$/.test(line)) continue
    found.push(open)
    open = ''
  }
  if (/^(?!\s*--)\s*\S/m.test(open)) found.push(open)
  return found
}

/**
 * `at` counts from 1: before each statement of a script, before the commit of a transaction that had one, and after it.
 * `inPieces`: the mutant that commits each statement by itself.
 */
export function killAt(db: Database, at: number, inPieces: boolean): Database {
  let passed = 0
  const boundary = () => {
    passed += 1
    if (passed === at) process.kill(process.pid, 'SIGKILL')
  }
  const transaction: Database['transaction'] = async (work, options) => {
    let scripted = false
    const result = await db.transaction(async (tx) => {
      const script: Transaction['script'] = async (text) => {
        scripted = true
        for (const statement of statementsOf(text)) {
          boundary()
          await (inPieces ? db.transaction((own) => own.script(statement)) : tx.script(statement))
        }
      }
      const done = await work({ ...tx, script })
      if (scripted) boundary()
      return done
    }, options)
    if (scripted) boundary()
    return result
  }
  return { ...db, transaction }
}
