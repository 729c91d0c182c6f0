// Octets that no honest sender would send, out of a seed: damaged messages, lying headers, floods of delimiters.
import { type Chance, chanceOf } from '../../src/generate/chance.ts'
import { Traffic } from '../bench/traffic.ts'

export interface Hostile {
  readonly kind: string
  /** Without the frame around it; with `replies` undefined the octets as they go out. */
  readonly payload: Buffer
  /** One, or none to an acknowledgement. Undefined: octets that are no frame, after which we end our half. */
  readonly replies: 0 | 1 | undefined
}

const large = 200_000

function letters(count: number): string {
  const pick = chanceOf(1)
  return Array.from({ length: count }, () => String.fromCharCode(65 + pick.below(26))).join('')
}
const nasty = [
  "' OR 1=1--",
  '$' + '{jndi:ldap://x}',
  '{{7*7}}',
  '__proto__',
  'constructor',
  '<img src=x onerror=alert(1)>',
  '../../etc/passwd',
  '=cmd|calc',
  '\\X00\\',
  '\\X0D\\PV1|1|I',
  '\\.sp200000000\\',
  '\\.in+99999\\',
  '\\Xzz\\',
  '\\',
  '\u0000',
  '\ud800',
  '\u202e\u2066',
  'a\u0301'.repeat(500),
  '1e400',
  'NaN',
  '-0',
  '00000000',
  '99991231235960',
  '20260401060000.0000+2599',
  '""',
  '^^^^^^^^^^^^',
  'x'.repeat(5_000),
  // Too long for an index entry, however it is compressed.
  letters(5_000),
]
const controlIds = ['A\u0000B', letters(3_000), '\\X0D\\', '', '^', '\u{1f600}', '__proto__', ' ', '""']
const charsets = [
  'UNICODE UTF-16',
  'UNICODE UTF-8',
  '8859/1',
  'ISO IR87',
  'GB 18030-2000',
  'KLINGON',
  '8859/1~ISO IR87',
]

/** Mostly small: the large ones take the time. */
const size = (pick: Chance): number => pick.below(pick.below(12) === 0 ? large : large / 100)
const octets = (pick: Chance, most: number): Buffer =>
  Buffer.from(Array.from({ length: 1 + pick.below(most) }, () => pick.below(256)))
const bytesOf = (made: string | Buffer = ''): Buffer =>
  Buffer.isBuffer(made) ? made : Buffer.from(made, 'utf8')

type Make = (pick: Chance, valid: string) => string | Buffer

/** `field` of a segment of the message replaced. */
function withField(text: string, segment: number, field: number, value: string): string {
  const segments = text.split('\r')
  const fields = (segments[segment] ?? '').split('|')
  fields[field] = value
  segments[segment] = fields.join('|')
  return segments.join('\r')
}

function somewhere(pick: Chance, text: string, change: (fields: string[], at: number) => void): string {
  const segments = text.split('\r').filter((each) => each !== '')
  const segment = pick.below(segments.length)
  const fields = (segments[segment] ?? '').split('|')
  // Not the control id: the reply could not be matched.
  const at = segment === 0 ? 2 + pick.below(7) : 1 + pick.below(Math.max(fields.length - 1, 1))
  change(fields, at)
  segments[segment] = fields.join('|')
  return `${segments.join('\r')}\r`
}

const kinds: Readonly<Record<string, Make>> = {
  octets: (pick) => octets(pick, 400),
  text: (pick) => 'lorem ipsum\r'.repeat(1 + pick.below(40)),
  'only MSH': (pick) =>
    'MSH|^~\\&|ADT1|LKH|PORTICO|LKH|20260401||ADT^A01|1|P|2.5.1'.slice(0, 1 + pick.below(58)),
  truncated: (pick, valid) => valid.slice(0, 1 + pick.below(valid.length)),
  flipped: (pick, valid) => {
    const octets = Buffer.from(valid, 'latin1')
    for (let i = 0; i < 1 + pick.below(8); i++) octets[pick.below(octets.length)] = pick.below(256)
    return octets
  },
  spliced: (pick, valid) => {
    const at = pick.below(valid.length)
    const from = pick.below(valid.length)
    return valid.slice(0, at) + valid.slice(from, from + pick.below(400)) + valid.slice(at)
  },
  'segments in disorder': (pick, valid) => {
    const [msh = '', ...rest] = valid.split('\r')
    return [
      msh,
      ...rest
        .map((each) => ({ each, at: pick.below(1_000) }))
        .sort((a, b) => a.at - b.at)
        .map(({ each }) => each),
    ].join('\r')
  },
  'nasty field': (pick, valid) =>
    somewhere(pick, valid, (fields, at) => {
      fields[at] = pick.one(nasty)
    }),
  'odd control id': (pick, valid) => withField(valid, 0, 9, pick.one(controlIds)),
  'field gone': (pick, valid) =>
    somewhere(pick, valid, (fields, at) => {
      fields[at] = ''
    }),
  'odd separators': (pick) => {
    const odd = () => String.fromCharCode(pick.below(256))
    const separator = odd()
    return Buffer.from(
      `MSH${separator}${odd()}${odd()}${odd()}${odd()}${separator}ADT1${separator}LKH\rPID${separator}1\r`,
      'latin1',
    )
  },
  'lying charset': (pick, valid) =>
    Buffer.concat([
      Buffer.from(withField(valid, 0, 17, pick.one(charsets)), 'latin1'),
      Buffer.of(0xff, 0xfe, 0xc3, 0x28, 0x0d),
    ]),
  'many repetitions': (pick, valid) => withField(valid, 2, 3, '~'.repeat(size(pick))),
  'many components': (pick, valid) => withField(valid, 2, 5, '^'.repeat(size(pick))),
  'many fields': (pick, valid) => `${valid}ZZZ${'|'.repeat(size(pick))}\r`,
  'many segments': (pick, valid) => valid + 'NTE|1||x\r'.repeat(size(pick) / 10),
  'long field': (pick, valid) => withField(valid, 2, 5, 'A'.repeat(size(pick))),
  escapes: (pick, valid) =>
    withField(valid, 2, 5, '\\'.repeat(size(pick) / 4) + '\\X41'.repeat(size(pick) / 8)),
  'other version': (pick, valid) =>
    withField(valid, 0, 11, pick.one(['2.99', '', '9', '2.5.1^USA', '-1', 'x'.repeat(300)])),
  'other event': (pick, valid) =>
    withField(
      valid,
      0,
      8,
      pick.one(['ADT', 'ADT^A99', 'ORU^R01^ORU_R01', '', '^', '__proto__^constructor', 'ADT^toString']),
    ),
  'broken batch': (pick, valid) =>
    `FHS|^~\\&|ADT1|LKH\rBHS|^~\\&|ADT1|LKH\r${valid}BTS|${pick.below(9) + 2}\rFTS|7\r`,
  'nested batch': (_pick, valid) => `BHS|^~\\&\rBHS|^~\\&\rFHS|^~\\&\r${valid}BTS|1\r`,
}

/** What is no frame, or several, or half of one. */
const unframed: Readonly<Record<string, Make>> = {
  'no frame': (pick) => octets(pick, 2_000),
  http: () => 'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
  'tls hello': () => Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00),
  'half a frame': (pick, valid) => `\v${valid.slice(0, pick.below(valid.length))}`,
  'frame in a frame': (pick, valid) => `\v${valid.slice(0, pick.below(valid.length))}\v${valid}\x1c\r`,
  'empty frames': (pick) => '\v\x1c\r'.repeat(1 + pick.below(20)),
  'only delimiters': (pick) =>
    Buffer.from(Array.from({ length: 500 }, () => pick.one([0x0b, 0x1c, 0x0d, 0x0a, 0x20, 0]))),
}

/** Endless and the same for the same seed. */
export class HostileFrames {
  readonly #pick: Chance
  readonly #traffic: Traffic

  constructor(seed: number) {
    this.#pick = chanceOf(seed)
    this.#traffic = new Traffic({ seed, patients: 40, shard: 0, shards: 1 })
  }

  next(): Hostile {
    const pick = this.#pick
    if (pick.below(20) === 0) return this.#acknowledgement()
    if (pick.below(10) === 0) {
      const kind = pick.one(Object.keys(unframed))
      return { kind, payload: bytesOf(unframed[kind]?.(pick, this.#traffic.next())), replies: undefined }
    }
    const kind = pick.one(Object.keys(kinds))
    const payload = inOneFrame(bytesOf(kinds[kind]?.(pick, this.#traffic.next())))
    return { kind, payload, replies: 1 }
  }

  #acknowledgement(): Hostile {
    const msh = `MSH|^~\\&|ADT1|LKH|PORTICO|LKH|20260401||ACK|K${this.#pick.below(1_000_000)}|P|2.5.1`
    const payload = Buffer.from(
      `${msh}\rMSA|${this.#pick.one(['AA', 'AE', 'AR', 'CA', 'ZZ'])}|${this.#pick.below(99)}\r`,
    )
    return { kind: 'acknowledgement', payload, replies: 0 }
  }
}

const VT = 0x0b
const FS = 0x1c
const blank = 0x20

/** Delimiters inside would make several frames of one; framing has tests of its own. Never empty: that is a fault. */
function inOneFrame(payload: Buffer): Buffer {
  const octets = Buffer.from(payload)
  for (const [i, octet] of octets.entries()) if (octet === VT || octet === FS) octets[i] = blank
  return octets.length === 0 ? Buffer.of(blank) : octets
}
