// How text is compared in searches: the same function on what is stored and on what is asked for
// (http://hl7.org/fhir/R4/search.html#string and #token).
//
// Strings: compatibility forms decomposed (NFKD), marks removed, lower case, letters without a decomposition
// spelled out (ß ss, ø o, ł l, ...), apostrophes and full stops removed, other punctuation a space, white
// space collapsed. So `O'Brien-Smíth, St. Mary` is `obrien smith st mary`. Text of punctuation only stays as
// it is, in lower case.

/** Letters that NFKD leaves whole, after lower case. */
const SPELLED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ŋ: 'n',
  ŧ: 't',
}

/** Text as it is compared by string parameters. Idempotent. */
export function normaliseText(text: string): string {
  if (/^[a-z0-9]+(?: [a-z0-9]+)*$/.test(text)) return text
  if (/^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/.test(text)) return text.toLowerCase()
  const lower = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
  const spelled = lower.replace(/[ßæœøđðþłħıŋŧ]/g, (letter) => SPELLED[letter] ?? letter)
  const words = spelled
    .replace(/['’‘ʼʻ`´.]/g, '')
    .replace(/[\p{P}\p{S}\s]+/gu, ' ')
    .trim()
  return words === '' ? text.trim().toLowerCase() : words
}

const EXTENSION = /(?:;ext=|;|\bext\.?|x|#)\s*[0-9]{1,8}$/i
const PHONE = /^\+?[0-9\s()./-]*$/

/**
 * Forms of a telecom value that find each other, without repetition. Phone numbers: digits only, with and
 * without the country code when it is written (`+1 217 5550301` and `2175550301`), without extension.
 * Everything else, such as an e-mail address: lower case.
 */
export function contactForms(value: string): readonly string[] {
  const plain = value.trim().replace(/^(?:tel|mailto|sms):/i, '')
  const number = plain.replace(EXTENSION, '').trim()
  if (plain.includes('@') || !PHONE.test(number) || !/[0-9]/.test(number)) return [plain.toLowerCase()]
  const digits = number.replace(/\(0\)/g, '').replace(/[^0-9]/g, '')
  const isInternational = number.startsWith('+') || number.startsWith('00')
  const full = digits.replace(/^0+/, '') || digits
  if (full.length === 11 && full.startsWith('1')) return [full, full.slice(1)]
  const national = isInternational ? nationalPart(number) : ''
  return national === '' || national === full ? [full] : [full, national]
}

/** What follows a country code that is set off: `+49 (0)30 1234` -> `301234`. */
function nationalPart(number: string): string {
  const match = /^(?:\+|00)\s*[1-9][0-9]{0,2}[\s()./-]+(.*)$/.exec(number.replace('(0)', ' '))
  return (match?.[1] ?? '').replace(/[^0-9]/g, '').replace(/^0+/, '')
}

/** The parameter that finds names by their sound. */
export const SOUND_PARAM = 'phonetic'

/** Parameters whose values are compared by contactForms. */
export const CONTACT_PARAMS: ReadonlySet<string> = new Set(['phone', 'email', 'telecom'])
