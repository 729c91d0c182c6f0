// Finds the files that hold HL7 v2: those named, and in folders those that look like it.
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CannotRun, codeOf } from './exit.ts'
import { beginsLikeHl7 } from './payloads.ts'

/** A batch may be as large as the gateway takes them over HTTP. */
export const maxFileBytes = 100 * 1024 * 1024
export const maxFiles = 1_000_000
/** Standard input. */
export const STDIN = '-'

export interface Found {
  readonly files: readonly string[]
  /** Text files in folders that hold something else. */
  readonly skipped: readonly string[]
}

/**
 * Files of `paths`: a file as it is named, a folder with all below it, sorted by name; *.hl7, and *.txt that
 * begin like HL7 v2. Throws CannotRun for a path that is not there.
 */
export function findFiles(paths: readonly string[]): Found {
  const files: string[] = []
  const skipped: string[] = []
  const walk = (folder: string) => {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (!entry.isFile() && !isLinkedFile(path)) continue
      else if (/\.hl7$/i.test(entry.name)) files.push(path)
      else if (/\.txt$/i.test(entry.name)) (beginsLikeHl7(firstBytes(path)) ? files : skipped).push(path)
      if (files.length > maxFiles) throw new CannotRun(`more than ${maxFiles} files (${folder}) - name fewer`)
    }
  }
  for (const path of paths) {
    if (path === STDIN) files.push(path)
    else if (kindOf(path) === 'folder') walk(path)
    else files.push(path)
  }
  return { files, skipped }
}

function kindOf(path: string): 'file' | 'folder' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Links to folders are not followed: they may lead in a circle. */
function isLinkedFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function firstBytes(path: string): Uint8Array {
  const bytes = Buffer.alloc(256)
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return bytes.subarray(0, readSync(file, bytes))
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** The bytes of a file. Throws CannotRun when it cannot be read or is larger than `maxFileBytes`. */
export function readBytes(path: string): Uint8Array {
  try {
    if (path !== STDIN && statSync(path).size > maxFileBytes) {
      throw new CannotRun(`${path} is larger than ${maxFileBytes} bytes - split it`)
    }
    return readFileSync(path === STDIN ? 0 : path)
  } catch (error) {
    if (error instanceof CannotRun) throw error
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): CannotRun {
  const code = codeOf(error)
  const reason = code === 'ENOENT' ? 'is not there' : `cannot be read (${code ?? 'unknown'})`
  return new CannotRun(`${path} ${reason} - name files or folders with HL7 v2 messages`)
}
