// The files of one export while they are written: lines by type, compressed in pieces, a new file when one is full. All pieces
// of a file together are one deflate stream, so that it can be sent as gzip as it is (RFC 1951, RFC 1952).
import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, inflateRaw } from 'node:zlib'
import type { Chunk } from '../../store/export-files.ts'
import type { FileRow } from '../../store/export-jobs.ts'

const pack = promisify(deflateRaw)
const unpack = promisify(inflateRaw)
/** Fast: the text of resources shrinks to a tenth all the same. */
const level = 1

type Kind = FileRow['kind']
type File = { -readonly [name in keyof FileRow]: FileRow[name] } & { chunks: number }

/** Lines of one type that are not in a file yet. */
interface Pending {
  readonly kind: Kind
  readonly rtype: string
  lines: string[]
  characters: number
  file: File | undefined
}

export interface FilesOptions {
  readonly maxFileBytes: number
  readonly chunkBytes: number
  /** Stores a piece; rejects when that is of no use any more. `written` is the number of resources so far. */
  readonly store: (chunk: Chunk, written: number) => Promise<void>
}

/** Pieces that are compressed and stored at the same time. */
const maxInFlight = 3

export class ExportFiles {
  readonly #options: FilesOptions
  readonly #pending = new Map<string, Pending>()
  readonly #files: File[] = []
  readonly #inFlight = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined
  #written = 0

  constructor(options: FilesOptions) {
    this.#options = options
  }

  get written(): number {
    return this.#written
  }

  /** Adds a line. Await it: it is what keeps memory small. */
  add(kind: Kind, rtype: string, line: string): Promise<void> | undefined {
    const key = `${kind} ${rtype}`
    let pending = this.#pending.get(key)
    if (!pending) {
      pending = { kind, rtype, lines: [], characters: 0, file: undefined }
      this.#pending.set(key, pending)
    }
    pending.lines.push(line)
    pending.characters += line.length + 1
    if (kind === 'output') this.#written++
    return pending.characters >= this.#options.chunkBytes ? this.#flush(pending) : undefined
  }

  /** Writes what is left; all files in the order in which they were begun. */
  async end(): Promise<FileRow[]> {
    for (const pending of this.#pending.values()) if (pending.lines.length > 0) await this.#flush(pending)
    await Promise.all(this.#inFlight)
    this.#check()
    return this.#files.map(({ chunks: _chunks, ...file }) => file)
  }

  async #flush(pending: Pending): Promise<void> {
    const { lines, kind, rtype } = pending
    const text = Buffer.from(`${lines.join('\n')}\n`)
    pending.lines = []
    pending.characters = 0
    const isFull = pending.file && pending.file.bytes + text.length > this.#options.maxFileBytes
    if (!pending.file || isFull) {
      pending.file = {
        n: this.#files.length + 1,
        kind,
        rtype,
        count: 0,
        bytes: 0,
        packedBytes: 0,
        crc: 0,
        chunks: 0,
      }
      this.#files.push(pending.file)
    }
    const { file } = pending
    file.count += lines.length
    file.bytes += text.length
    file.crc = crc32(text, file.crc)
    const work: Promise<void> = this.#write(file, file.chunks++, text)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#inFlight.delete(work))
    this.#inFlight.add(work)
    while (this.#inFlight.size >= maxInFlight) await Promise.race(this.#inFlight)
    this.#check()
  }

  async #write(file: File, place: number, text: Buffer): Promise<void> {
    const data = await pack(text, { level, finishFlush: constants.Z_FULL_FLUSH })
    file.packedBytes += data.length
    await this.#options.store({ n: file.n, place, data }, this.#written)
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
  }
}

/** A gzip header without a name or time, of an unknown system; and the empty last block of a deflate stream. */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
const lastBlock = Buffer.from([0x03, 0x00])
const checkBytes = 8

export const gzipBytes = ({ packedBytes }: Pick<FileRow, 'packedBytes'>): number =>
  head.length + packedBytes + lastBlock.length + checkBytes

/** The file as gzip, or as plain text. Throws when its pieces were taken away meanwhile: a part must not look like the whole. */
export async function* contentOf(
  file: Pick<FileRow, 'bytes' | 'crc' | 'packedBytes'>,
  chunks: AsyncIterable<Buffer>,
  gzip: boolean,
): AsyncGenerator<Buffer> {
  if (gzip) yield head
  let packed = 0
  for await (const chunk of chunks) {
    packed += chunk.length
    yield gzip ? chunk : await unpack(chunk, { finishFlush: constants.Z_SYNC_FLUSH })
  }
  if (packed !== file.packedBytes) throw new Error('the files of this export were taken away')
  if (!gzip) return
  const check = Buffer.alloc(checkBytes)
  check.writeUInt32LE(file.crc, 0)
  check.writeUInt32LE(file.bytes % 2 ** 32, 4)
  yield Buffer.concat([lastBlock, check])
}
