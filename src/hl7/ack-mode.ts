// Original and enhanced acknowledgement mode (HL7 v2.9.1 chapter 2, 2.8; table 0155).

/** How a source is answered: original mode, enhanced mode, or what each message asks for. */
export type AckSetting = 'original' | 'enhanced' | 'auto'

/** Which acknowledgements a message gets. `refused` covers AE, AR, CE and CR. */
export interface AckPlan {
  readonly mode: 'original' | 'enhanced'
  readonly accept: { readonly stored: boolean; readonly refused: boolean }
  readonly application: { readonly stored: boolean; readonly refused: boolean }
}

/**
 * The plan for one message. `auto` is enhanced when MSH-15 or MSH-16 is valued. `always` answers in original
 * mode a message that would otherwise get no reply whatever happens: MLLP release 1 senders wait for one.
 */
export function decideAckMode(
  msh15: string | undefined,
  msh16: string | undefined,
  setting: AckSetting,
  always = false,
): AckPlan {
  const original: AckPlan = {
    mode: 'original',
    accept: { stored: false, refused: false },
    application: { stored: true, refused: true },
  }
  const silent = !msh15 && !msh16
  if (setting === 'original' || (setting === 'auto' && silent)) return original
  // Enhanced by setting although the message asks for nothing: the accept acknowledgement is what it is about.
  const accept = wanted(silent ? 'AL' : msh15)
  const application = wanted(msh16)
  const never = !accept.stored && !accept.refused && !application.stored && !application.refused
  return never && always ? original : { mode: 'enhanced', accept, application }
}

/** Table 0155. A value outside the table is answered: silence is what a sender cannot recover from. */
function wanted(condition: string | undefined): { readonly stored: boolean; readonly refused: boolean } {
  switch (condition) {
    case undefined:
    case '':
    case 'NE':
      return { stored: false, refused: false }
    case 'SU':
      return { stored: true, refused: false }
    case 'ER':
      return { stored: false, refused: true }
    default:
      return { stored: true, refused: true }
  }
}
