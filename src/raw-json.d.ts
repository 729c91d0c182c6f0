// JSON.rawJSON (ECMAScript proposal-json-parse-with-source, in V8 since 11.4): decimals that keep their digits.
interface JSON {
  rawJSON(text: string): { readonly rawJSON: string }
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
}
