// Words of FHIRPath (http://hl7.org/fhirpath/N1/grammar.html): names, literals, signs; comments are left out.

export interface Token {
  readonly kind: 'name' | 'quoted' | 'text' | 'number' | 'time' | 'constant' | 'this' | 'sign' | 'end'
  readonly text: string
}

const FORMS: readonly (readonly [Token['kind'] | 'blank', RegExp])[] = [
  ['blank', /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/y],
  ['time', /@(T?[0-9][0-9:.TZ+-]*)/y],
  ['number', /([0-9]+(?:\.[0-9]+)?)/y],
  ['text', /'((?:[^'\\]|\\.)*)'/y],
  ['quoted', /[`"]((?:[^`"\\]|\\.)*)[`"]/y],
  ['constant', /%(?:([A-Za-z_][\w-]*)|`([^`]*)`|'([^']*)'|"([^"]*)")/y],
  ['this', /\$(this|index|total)\b/y],
  ['name', /([A-Za-z_]\w*)/y],
  ['sign', /(<=|>=|!=|!~|[()[\]{}.,=~<>+\-*/|&])/y],
]

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }

const unescaped = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex?: string, sign = '') =>
    hex === undefined ? (ESCAPES[sign] ?? sign) : String.fromCharCode(Number.parseInt(hex, 16)),
  )

const maxExpressionCharacters = 10_000

/** Splits an expression. Throws an Error at what is no word of FHIRPath. */
export function tokenize(text: string): readonly Token[] {
  if (text.length > maxExpressionCharacters)
    throw new Error(`it has more than ${maxExpressionCharacters} characters`)
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const found = FORMS.map(([kind, form]) => {
      form.lastIndex = at
      return { kind, match: form.exec(text), end: form.lastIndex }
    }).find(({ match }) => match)
    if (!found?.match) throw new Error(`it cannot be read from character ${at + 1} on`)
    const own = found.match.slice(1).find((each) => each !== undefined) ?? ''
    at = found.end
    if (found.kind === 'blank') continue
    const isText = found.kind === 'text' || found.kind === 'quoted'
    tokens.push({ kind: found.kind, text: isText ? unescaped(own) : own })
  }
  return tokens
}
