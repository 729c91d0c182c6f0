// Text of XML (XML 1.0): what has to be written as a reference, and which FHIR types are one attribute.
import { ELEMENTS } from './definitions.ts'

export const FHIR_NAMESPACE = 'http://hl7.org/fhir'

/** Data types of which only one value is written, in the attribute `value`. */
export const isPrimitive = (type: string): boolean => ELEMENTS[type] === undefined && type !== 'Resource'

export const escaped = (text: string): string =>
  text.replace(/[&<>]/g, (sign) => (sign === '&' ? '&amp;' : sign === '<' ? '&lt;' : '&gt;'))
export const attribute = (text: string): string =>
  escaped(text).replace(/["\t\n\r]/g, (sign) => (sign === '"' ? '&quot;' : `&#${sign.charCodeAt(0)};`))

/** An element in which a whole resource stands, by its type: any one, or one that is named (Bundle.entry.response.outcome). */
export const holdsResource = (type: string): boolean =>
  type === 'Resource' || ELEMENTS[type]?.kind === 'resource'
