// Dates that are not in the form of HL7, read by a form such as MM/DD/YYYY HH:mm (HL7 v2.9.1 chapter 2A, DTM).

const TOKEN = /YYYY|YY|MM|DD|HH|hh|mm|ss|A/g
const patterns: Readonly<Record<string, string>> = {
  YYYY: '(?<YYYY>\\d{4})',
  YY: '(?<YY>\\d{2})',
  MM: '(?<MM>\\d{1,2})',
  DD: '(?<DD>\\d{1,2})',
  HH: '(?<HH>\\d{1,2})',
  hh: '(?<hh>\\d{1,2})',
  mm: '(?<mm>\\d{2})',
  ss: '(?<ss>\\d{2})',
  A: '(?<A>[AaPp][Mm])',
}

/** True for a form with a year, a month and a day, each part once. */
export function isDateForm(form: string): boolean {
  const found: readonly string[] = form.match(TOKEN) ?? []
  const years = found.filter((each) => each.startsWith('YY')).length
  return years === 1 && found.includes('MM') && found.includes('DD') && new Set(found).size === found.length
}

/** Two digits of a year later than this are of the last century. */
const youngestTwoDigits = 49

/** Turns values of a form into HL7's; others stay. */
export function datesOf(form: string): (value: string) => string {
  const escaped = form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  const pattern = new RegExp(`^${escaped.replace(TOKEN, (token) => patterns[token] ?? token)}$`)
  return (value) => {
    const { YYYY, YY, MM = '', DD = '', HH, hh, mm, ss, A } = pattern.exec(value.trim())?.groups ?? {}
    const year = YYYY ?? (YY && `${Number(YY) > youngestTwoDigits ? '19' : '20'}${YY}`)
    if (year === undefined) return value
    const hour = HH ?? (hh && twelve(Number(hh), A))
    const time = hour === undefined ? '' : `${two(hour)}${mm ?? '00'}${ss ?? ''}`
    return `${year}${two(MM)}${two(DD)}${time}`
  }
}

const two = (digits: string): string => digits.padStart(2, '0')

/** 12 AM is midnight. */
const twelve = (hour: number, half: string | undefined): string =>
  String((hour % 12) + (half?.toUpperCase() === 'PM' ? 12 : 0))
