// Names by sound and by likeness: Soundex (US National Archives), Metaphone (Philips 1990), Jaro-Winkler
// (1990); and what searches by `phonetic` compare (http://hl7.org/fhir/R4/patient.html#search).

/** Upper-case letters A-Z and digits only: accents fall off, apostrophes, hyphens and blanks go. */
export function plainName(text: string): string {
  const folded = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/[øØ]/g, 'o')
    .replace(/[łŁ]/g, 'l')
    .replace(/[đĐðÐ]/g, 'd')
    .replace(/[æÆ]/g, 'ae')
    .replace(/[œŒ]/g, 'oe')
  return folded.toUpperCase().replace(/[\s\p{P}\p{S}]/gu, '')
}

const maxCompared = 60

/** 0 = nothing in common, 1 = equal. Names are cut at 60 letters. */
export function jaroWinkler(a: string, b: string): number {
  const [left, right] = [a.slice(0, maxCompared), b.slice(0, maxCompared)]
  if (left === right) return left === '' ? 0 : 1
  const jaro = jaroOf(left, right)
  let prefix = 0
  while (prefix < 4 && prefix < left.length && left[prefix] === right[prefix]) prefix++
  return jaro + prefix * 0.1 * (1 - jaro)
}

function jaroOf(a: string, b: string): number {
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1)
  const taken = new Array<boolean>(b.length).fill(false)
  const matchedA: string[] = []
  for (let i = 0; i < a.length; i++) {
    const to = Math.min(b.length, i + reach + 1)
    for (let j = Math.max(0, i - reach); j < to; j++) {
      if (taken[j] || a[i] !== b[j]) continue
      taken[j] = true
      matchedA.push(a[i] ?? '')
      break
    }
  }
  const matches = matchedA.length
  if (matches === 0) return 0
  const matchedB = [...b].filter((_, j) => taken[j])
  const swapped = matchedA.filter((each, i) => each !== matchedB[i]).length / 2
  return (matches / a.length + matches / b.length + (matches - swapped) / matches) / 3
}

const soundexCodes: Readonly<Record<string, string>> = {
  B: '1',
  F: '1',
  P: '1',
  V: '1',
  C: '2',
  G: '2',
  J: '2',
  K: '2',
  Q: '2',
  S: '2',
  X: '2',
  Z: '2',
  D: '3',
  T: '3',
  L: '4',
  M: '5',
  N: '5',
  R: '6',
}

/** Letter and three digits; '' when there is no letter. H and W do not part equal codes, vowels do. */
export function soundex(name: string): string {
  const letters = plainName(name).replace(/[^A-Z]/g, '')
  let code = letters.slice(0, 1)
  let last = soundexCodes[code] ?? ''
  for (const letter of letters.slice(1)) {
    const digit = soundexCodes[letter] ?? ''
    if (digit !== '' && digit !== last) code += digit
    if (letter !== 'H' && letter !== 'W') last = digit
    if (code.length === 4) break
  }
  return code === '' ? '' : code.padEnd(4, '0')
}

const isVowel = (letter: string | undefined): boolean =>
  letter !== undefined && 'AEIOU'.includes(letter) && letter !== ''
const isFront = (letter: string | undefined): boolean => letter === 'E' || letter === 'I' || letter === 'Y'
const maxMetaphone = 8

/** Sound of an English name, at most eight letters: 'KATHERINE' and 'CATHERINE' are 'K0RN'. */
export function metaphone(name: string): string {
  const word = plainName(name)
    .replace(/[^A-Z]/g, '')
    .replace(/^(?:KN|GN|PN|AE|WR)/, (pair) => pair.slice(1))
    .replace(/^X/, 'S')
    .replace(/^WH/, 'W')
    .replace(/([^C])\1+/g, '$1')
    .replace(/MB$/, 'M')
  let sound = ''
  for (let i = 0; i < word.length && sound.length < maxMetaphone; ) {
    const [code, used] = soundAt(word, i)
    sound += code
    i += used
  }
  return sound
}

/** Sound of the letter at i, and how many letters it takes. */
function soundAt(word: string, i: number): readonly [code: string, used: number] {
  const letter = word[i] ?? ''
  const next = word[i + 1]
  const before = word[i - 1]
  if (isVowel(letter)) return [i === 0 ? letter : '', 1]
  switch (letter) {
    case 'C':
      return soundOfC(word, i)
    case 'D':
      return next === 'G' && isFront(word[i + 2]) ? ['J', 2] : ['T', 1]
    case 'G':
      return soundOfG(word, i)
    case 'H':
      return isVowel(next) && !'CSPTG'.includes(before ?? ' ') ? ['H', 1] : ['', 1]
    case 'K':
      return before === 'C' ? ['', 1] : ['K', 1]
    case 'P':
      return next === 'H' ? ['F', 2] : ['P', 1]
    case 'Q':
      return ['K', 1]
    case 'S':
      if (next === 'H') return ['X', 2]
      return next === 'I' && (word[i + 2] === 'O' || word[i + 2] === 'A') ? ['X', 1] : ['S', 1]
    case 'T':
      if (next === 'I' && (word[i + 2] === 'O' || word[i + 2] === 'A')) return ['X', 1]
      if (next === 'H') return ['0', 2]
      return next === 'C' && word[i + 2] === 'H' ? ['', 1] : ['T', 1]
    case 'V':
      return ['F', 1]
    case 'W':
    case 'Y':
      return isVowel(next) ? [letter, 1] : ['', 1]
    case 'X':
      return ['KS', 1]
    case 'Z':
      return ['S', 1]
    default:
      return [letter, 1]
  }
}

function soundOfC(word: string, i: number): readonly [code: string, used: number] {
  const next = word[i + 1]
  if (next === 'H') return word[i - 1] === 'S' || word[i + 2] === 'R' ? ['K', 2] : ['X', 2]
  if (next === 'I' && word[i + 2] === 'A') return ['X', 1]
  if (isFront(next)) return [word[i - 1] === 'S' ? '' : 'S', 1]
  return next === 'C' || next === 'K' ? ['K', 2] : ['K', 1]
}

function soundOfG(word: string, i: number): readonly [code: string, used: number] {
  const next = word[i + 1]
  const after = word[i + 2]
  if (next === 'H') return after !== undefined && isVowel(after) ? ['K', 2] : ['', 2]
  if (next === 'N' && (after === undefined || (after === 'E' && word[i + 3] === 'D'))) return ['', 1]
  return isFront(next) ? ['J', 1] : ['K', 1]
}

/** Letters that are written at the beginning of a word and not heard. */
const silent = /^(?:[KGP](?=N)|W(?=R)|A(?=E))/

/**
 * The sound of each word of a name: the letter that it is heard to begin with, and the digits of its Soundex. Soundex
 * alone parts Catherine from Katherine, Metaphone alone Meyer from Meier. A word without Latin letters is its own sound.
 */
export function soundsOf(name: string): readonly string[] {
  const sounds = name.split(/[\s\p{Pd},;/]+/u).flatMap((word) => {
    const plain = plainName(word)
    const heard = plain.replace(silent, '')
    const code = soundex(heard)
    if (code === '') return plain === '' ? [] : [plain]
    return [`${metaphone(heard).slice(0, 1) || code.slice(0, 1)}${code.slice(1)}`]
  })
  return [...new Set(sounds)]
}
