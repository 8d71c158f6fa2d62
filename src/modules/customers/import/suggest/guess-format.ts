import { dateFormat } from '../date-format.ts'
import { numberFormat } from '../number-format.ts'
import { readValue, UNREADABLE } from '../read-value.ts'
import type { ValueKind } from '../read-value.ts'

/** How sampled values are written: without a format as ISO dates or plain numbers, else in one. */
export interface GuessedFormat {
  readonly format?: string
  /** Another format that fits all samples, and means something else. */
  readonly orElse?: string
}

const DAYS = [
  ...['MM/DD/YYYY', 'M/D/YYYY', 'DD/MM/YYYY', 'D/M/YYYY', 'DD.MM.YYYY', 'D.M.YYYY', 'YYYY/MM/DD', 'YYYYMMDD'],
  ...['MM-DD-YYYY', 'DD-MM-YYYY', 'DD-MMM-YYYY', 'D MMM YYYY', 'MMM D, YYYY'],
  ...['MM/DD/YY', 'M/D/YY', 'DD/MM/YY', 'D/M/YY', 'YYYY-MM-DD', 'YYYY-MM', 'MM/YYYY', 'MMM YYYY'],
]
const TIMES = [
  ...['', ' HH:mm', ' H:mm', ' HH:mm:ss', ', HH:mm', ', h:mm A', ' h:mm A', ' hh:mm A', ' h:mm:ss A', ' HH:mm Z'],
  ...[' HH:mm:ss Z', 'THH:mm:ssZ'],
]
const DATE_PATTERNS = TIMES.flatMap((time) => DAYS.map((day) => `${day}${time}`))

/** Guesses how samples of a date or time are written; undefined if no format fits all of them. */
export function guessDateFormat(kind: 'date' | 'timestamp', samples: readonly string[]): GuessedFormat | undefined {
  if (samples.every((sample) => isReadable(kind, sample))) return {}
  const fitting = DATE_PATTERNS.filter((pattern) => {
    const format = dateFormat(pattern)
    return samples.every((sample) => {
      const iso = format?.toIso(sample)
      return iso !== undefined && isReadable('timestamp', iso)
    })
  })
  return guessed(fitting, (pattern, sample) => dateFormat(pattern)?.toIso(sample), samples)
}

/** Guesses how samples of a number are written; undefined if no format fits all of them. */
export function guessNumberFormat(kind: ValueKind, samples: readonly string[]): GuessedFormat | undefined {
  if (samples.every((sample) => isReadable(kind, sample))) return {}
  const sign = samples.flatMap((sample) => /[^\d\s.,'’()+−%-]+/.exec(sample)?.[0] ?? [])[0] ?? ''
  const plain = ['1,234.56', '1.234,56', '1 234,56', "1'234.56", '1234,56', '1234.56']
  const signed = plain.flatMap((number) => [`${sign}${number}`, `${number} ${sign}`])
  const patterns = [...(sign === '' ? plain : signed), ...(kind === 'decimal' ? ['12.5%', '12,5%'] : [])]
  const fitting = patterns.filter((pattern) =>
    samples.every((sample) => isReadable(kind, numberFormat(pattern)?.toPlain(sample) ?? 'none')),
  )
  return guessed(fitting, (pattern, sample) => numberFormat(pattern)?.toPlain(sample), samples)
}

function isReadable(kind: ValueKind, text: string): boolean {
  return readValue(kind, text) !== UNREADABLE
}

type ReadAs = (pattern: string, sample: string) => string | undefined

/** The first pattern that fits, and another that reads some sample differently. */
function guessed([format, ...others]: string[], readAs: ReadAs, samples: readonly string[]): GuessedFormat | undefined {
  if (format === undefined) return undefined
  const orElse = others.find((other) => samples.some((sample) => readAs(other, sample) !== readAs(format, sample)))
  return orElse === undefined ? { format } : { format, orElse }
}
