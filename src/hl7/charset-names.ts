// Names of character sets, as sent and as the runtime knows them (HL7 v2 table 0211; WHATWG Encoding Standard).
import { TextDecoder } from 'node:util'

export const ASCII = 'us-ascii'
export const LATIN_1 = 'iso-8859-1'
export const FALLBACK = 'windows-1252'

// Table 0211 and what is seen instead of it, without case, spaces and punctuation -> label of the Encoding Standard.
const LABELS: Readonly<Record<string, string>> = {
  ASCII,
  USASCII: ASCII,
  ISOIR6: ASCII,
  ANSI: FALLBACK,
  LATIN1: LATIN_1,
  UNICODE: 'utf-8',
  UNICODEUTF8: 'utf-8',
  UTF8: 'utf-8',
  WINDOWS1250: 'windows-1250',
  WINDOWS1251: 'windows-1251',
  WINDOWS1252: FALLBACK,
  WINDOWS1253: 'windows-1253',
  WINDOWS1254: 'windows-1254',
  WINDOWS1255: 'windows-1255',
  WINDOWS1256: 'windows-1256',
  WINDOWS1257: 'windows-1257',
  CP1250: 'windows-1250',
  CP1251: 'windows-1251',
  CP1252: FALLBACK,
  ISOIR14: 'shift_jis',
  ISOIR87: 'iso-2022-jp',
  SHIFTJIS: 'shift_jis',
  SJIS: 'shift_jis',
  MS932: 'shift_jis',
  EUCJP: 'euc-jp',
  GB180302000: 'gb18030',
  GB18030: 'gb18030',
  GB2312: 'gb18030',
  GBK: 'gb18030',
  KSX1001: 'euc-kr',
  KSC5601: 'euc-kr',
  EUCKR: 'euc-kr',
  BIG5: 'big5',
}

const REFUSED = /^(?:UNICODE)?(?:UTF|UCS)(?:16|32|2|4)/

/** The Encoding Standard label for a name of table 0211, 'refused' for UTF-16 and UTF-32, undefined when unknown. */
export function charsetOf(name: string): string | undefined {
  const key = name.toUpperCase().replace(/[^A-Z0-9]/g, '')
  const latin = /^(?:ISO)?8859([1-9]|1[0134-6])$/.exec(key)
  if (latin) return `iso-8859-${latin[1]}`
  if (REFUSED.test(key)) return 'refused'
  return LABELS[key]
}

const decoders = new Map<string, TextDecoder>()

/** The decoder of a label, made once. A byte order mark stays in the text. */
export function decoder(label: string, fatal = false): TextDecoder {
  const key = fatal ? `${label}!` : label
  let known = decoders.get(key)
  if (!known) {
    known = new TextDecoder(label, { fatal, ignoreBOM: true })
    decoders.set(key, known)
  }
  return known
}
