// Parameters of a statement in the making: values never reach its text, only their places do.
import { createHash } from 'node:crypto'

export class Binds {
  readonly values: unknown[]
  readonly #texts = new Map<string, string>()

  /** The tenant is $1 in every statement. */
  constructor(tenant: number) {
    this.values = [tenant]
  }

  /** The place of a value, such as `$4`. */
  add(value: unknown): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  /** The same for a text that may come again: a type, the code of a parameter. */
  text(value: string): string {
    const known = this.#texts.get(value)
    if (known !== undefined) return known
    const place = `${this.add(value)}::text`
    this.#texts.set(value, place)
    return place
  }
}

/** A text as LIKE pattern that matches itself anywhere. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`

/** Of a search table: tenant, type and parameter, which its primary key begins with. */
export function scope(alias: string, rtype: string, param: string, binds: Binds): string {
  return `${alias}.tenant = $1 and ${alias}.rtype = ${binds.text(rtype)} and ${alias}.param = ${binds.text(paramKey(param))}`
}

/** The name of a parameter as rows have it; that of a composite ends in a token of any length, here in its hash. */
export function paramKey(param: string): string {
  const mark = param.indexOf('$')
  if (mark < 0) return param
  return `${param.slice(0, mark)}$${createHash('sha256').update(param).digest('hex').slice(0, 16)}`
}
