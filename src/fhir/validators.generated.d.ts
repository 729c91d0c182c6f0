// Shape of validators.generated.js.
import type { Validator } from './checks.ts'

/** Resource type -> validator of its content, for every type of types.ts. */
export declare const validators: Readonly<Record<string, Validator>>
