// Where the shared specifications, corpus and acceptance suite are; tests that need them fail when they are missing.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = process.env.PORTICO_SHARED ?? resolve(import.meta.dirname, '../../shared')

/** Absolute path of a file or folder of the shared specifications. Throws when it is not there. */
export function shared(...path: string[]): string {
  const full = join(root, ...path)
  if (!existsSync(full)) throw new Error(`${full} is missing - put the shared folder beside the repository`)
  return full
}
