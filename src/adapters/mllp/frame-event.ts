// What reading MLLP frames yields (HL7 Transport Specification MLLP, release 1): frames, warnings, faults.

/** What was wrong with a frame that could be read all the same. The first two are about its first octets. */
export type FrameWarning =
  | 'LEADING_WHITESPACE'
  | 'BOM'
  | 'MLLP_FS_WITHOUT_CR'
  | 'MLLP_LF_AFTER_FS'
  | 'MLLP_FS_IN_PAYLOAD'
  | 'MLLP_VT_IN_PAYLOAD'
  | 'MLLP_MISSING_VT'

/** Why octets did not become a frame. */
export type FrameFaultCode =
  | 'MLLP_BYTES_BEFORE_VT'
  | 'MLLP_MISSING_VT'
  | 'TRUNCATED_FRAME'
  | 'FRAME_TIMEOUT'
  | 'EMPTY_PAYLOAD'
  | 'UTF16_CONTENT'
  | 'FRAME_TOO_LARGE'
  | 'TOO_MUCH_GARBAGE'
  | 'LOOKS_LIKE_HTTP'
  | 'LOOKS_LIKE_TLS'

/** One payload, its own copy, with the offset of its VT in the stream. */
export interface FrameRead {
  readonly type: 'frame'
  readonly payload: Uint8Array
  readonly offset: number
  readonly warnings: readonly FrameWarning[]
}

/**
 * Octets that are no frame. `offset`: of the VT or first stray octet in the stream; `length`: how many octets;
 * `sample`: the first 256 of them, `head`: the first 4096 of a frame. After a `fatal` one nothing more is read.
 */
export interface FrameFault {
  readonly type: 'fault'
  readonly code: FrameFaultCode
  readonly offset: number
  readonly length: number
  readonly sample: Uint8Array
  readonly head: Uint8Array
  readonly fatal: boolean
}

export type FrameEvent = FrameRead | FrameFault

export const SAMPLE_BYTES = 256
export const HEAD_BYTES = 4096

/** Builds a fault from the first octets concerned. */
export function fault(
  code: FrameFaultCode,
  offset: number,
  length: number,
  head: Uint8Array,
  fatal: boolean,
): FrameFault {
  return { type: 'fault', code, offset, length, sample: head.subarray(0, SAMPLE_BYTES), head, fatal }
}
