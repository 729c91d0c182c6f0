// Tar archives as npm and publishers of FHIR packages write them (POSIX ustar and pax, IEEE Std 1003.1-2017 pax): regular files,
// folders, and names that are too long for the header. Everything else is refused; nothing is ever written to disk.

export interface TarFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const block = 512
const maxNameCharacters = 1_000
const latin1 = new TextDecoder('latin1')
const utf8 = new TextDecoder()

/** The text of a field up to its first NUL. */
function textAt(bytes: Uint8Array, from: number, length: number): string {
  const field = bytes.subarray(from, from + length)
  const end = field.indexOf(0)
  return latin1.decode(end < 0 ? field : field.subarray(0, end))
}

function octalAt(bytes: Uint8Array, from: number, length: number): number {
  const text = textAt(bytes, from, length).trim()
  if (!/^[0-7]{1,12}$/.test(text)) throw new Error('a number in a header cannot be read')
  return Number.parseInt(text, 8)
}

function isSum(header: Uint8Array): boolean {
  let sum = 0
  for (let at = 0; at < block; at += 1) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0)
  return sum === octalAt(header, 148, 8)
}

/** A name that leads nowhere but into the archive. */
function safeName(name: string): string {
  const parts = name.split('/')
  const isBad = name.startsWith('/') || /^[A-Za-z]:|[\\\0]/.test(name) || parts.includes('..')
  if (isBad || name === '' || name.length > maxNameCharacters)
    throw new Error('a file has a name that leads out of the archive')
  return parts.filter((part) => part !== '.' && part !== '').join('/')
}

/** `path` of the records "length key=value\n" of a pax header. */
function paxPath(bytes: Uint8Array): string | undefined {
  let path: string | undefined
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(32, at)
    const length = Number(latin1.decode(bytes.subarray(at, blank)))
    if (blank < 0 || !Number.isSafeInteger(length) || length < 3)
      throw new Error('a pax header cannot be read')
    const [key, ...value] = utf8.decode(bytes.subarray(blank + 1, at + length - 1)).split('=')
    if (key === 'path') path = value.join('=')
    if (key === 'size') throw new Error('a file is too large for a package')
    at += length
  }
  return path
}

/** The regular files of an archive. Throws an Error that says what is wrong with it. */
export function readTar(bytes: Uint8Array, maxFiles: number): readonly TarFile[] {
  const files: TarFile[] = []
  let longName: string | undefined
  for (let at = 0; at + block <= bytes.length; ) {
    const header = bytes.subarray(at, at + block)
    if (header.every((each) => each === 0)) break
    if (!textAt(header, 257, 6).startsWith('ustar') || !isSum(header)) throw new Error('it is no tar archive')
    const size = octalAt(header, 124, 12)
    const content = bytes.subarray(at + block, at + block + size)
    if (content.length !== size) throw new Error('it ends too early')
    at += block + Math.ceil(size / block) * block
    const prefix = textAt(header, 345, 155)
    const own = `${prefix === '' ? '' : `${prefix}/`}${textAt(header, 0, 100)}`
    switch (String.fromCharCode(header[156] ?? 0)) {
      case '0':
      case '\0':
        if (files.length >= maxFiles) throw new Error(`it has more than ${maxFiles} files`)
        files.push({ name: safeName(longName ?? own), bytes: content })
        longName = undefined
        break
      case 'x':
        longName = paxPath(content) ?? longName
        break
      case 'L':
        longName = utf8.decode(content).replace(/\0.*$/s, '')
        break
      case 'g':
        break
      case '5':
        longName = undefined
        break
      default:
        throw new Error('it has links or special files, which no package needs')
    }
  }
  return files
}
