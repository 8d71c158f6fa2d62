/** How a file writes numbers, stated by an example: `$1,234.56`, `1.234,56 €`, `1 234`, `12.5%`. */
export interface NumberFormat {
  /** Rewrites a number with digits and a decimal point alone; undefined if it is not of this format. */
  toPlain(text: string): string | undefined
  readonly isPercentage: boolean
}

export const NUMBER_FORMAT_WORDS =
  'the number 1234.56, 1234 or 12.5 as the file writes it, such as $1,234.56 or 1.234,56 or 12.5%'

const EXAMPLE = /^(?<before>\D*?)(?:1(?<group>[,.'’\s]?)234|12)(?:(?<mark>[.,])56?)?(?<after>[^\d]*)$/u

/** Compiles an example; undefined if it is none. A currency and a percent sign may be absent from a cell, others refused. */
export function numberFormat(example: string): NumberFormat | undefined {
  const found = EXAMPLE.exec(example.trim())?.groups
  if (found === undefined) return undefined
  const { before = '', group = '', mark, after = '' } = found
  if (group !== '' && group === mark) return undefined
  const isPercentage = after.trim() === '%'
  const number = new RegExp(`^${digits(group)}${mark === undefined ? '' : `(?:${escaped(mark)}(\\d+))?`}$`, 'u')
  const signs = [before.trim(), after.trim()].filter((sign) => sign !== '')
  return {
    isPercentage,
    toPlain(text) {
      const { isNegative, rest } = withoutMinus(withoutSigns(text, signs))
      const match = number.exec(withoutSigns(rest, signs).trim())
      if (match === null) return undefined
      const whole = (match[1] ?? '').replace(/\D/g, '')
      const plain = `${isNegative ? '-' : ''}${whole}${match[2] === undefined ? '' : `.${match[2]}`}`
      return isPercentage ? share(plain) : plain
    },
  }
}

/** Digits, grouped by threes or not at all. Where a space groups, any kind of space does. */
function digits(group: string): string {
  if (group === '') return String.raw`(\d+)`
  const between = /\s/.test(group) ? String.raw`\s` : escaped(group)
  return String.raw`(\d{1,3}(?:${between}\d{3})+|\d+)`
}

function withoutSigns(text: string, signs: readonly string[]): string {
  let rest = text.trim()
  for (const sign of signs) {
    if (rest.startsWith(sign)) rest = rest.slice(sign.length).trim()
    else if (rest.endsWith(sign)) rest = rest.slice(0, -sign.length).trim()
  }
  return rest
}

/** A negative number has a minus before or after it, or stands in parentheses, as accountants write it. */
function withoutMinus(text: string): { readonly isNegative: boolean; readonly rest: string } {
  const inside = /^\((.*)\)$/.exec(text)?.[1] ?? /^[-−](.*)$/.exec(text)?.[1] ?? /^(.*)[-−]$/.exec(text)?.[1]
  return inside === undefined
    ? { isNegative: false, rest: text.replace(/^\+/, '') }
    : { isNegative: true, rest: inside }
}

/** `45` of `45%` is `0.45`: the point moves two digits to the left, without rounding. */
function share(plain: string): string {
  const [, sign = '', whole = '', decimals = ''] = /^(-?)(\d*)\.?(\d*)$/.exec(plain) ?? []
  const padded = whole.padStart(3, '0')
  return `${sign}${padded.slice(0, -2).replace(/^0+(?=\d)/, '')}.${padded.slice(-2)}${decimals}`
}

/** Text as a part of a regular expression. */
export function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}
