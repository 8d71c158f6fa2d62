import { dateFormat } from '../date-format.ts'
import { numberFormat } from '../number-format.ts'
import { readValue, UNREADABLE } from '../read-value.ts'
import type { ValueKind } from '../read-value.ts'

/** How sampled values are written: without a format as ISO dates or plain numbers, else in one. */
export interface GuessedFormat {
  readonly format?: string
  /** Another format that fits all samples, and means something else. */
  readonly orElse?: string
  /** Samples that do not fit. */
  readonly unread?: readonly string[]
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

/** Guesses how samples of a date or time are written; undefined if no format fits most of them. */
export function guessDateFormat(kind: 'date' | 'timestamp', samples: readonly string[]): GuessedFormat | undefined {
  return guess(
    samples,
    DATE_PATTERNS,
    (pattern) => {
      const format = dateFormat(pattern)
      return (sample) => readable('timestamp', format?.toIso(sample))
    },
    (sample) => readable(kind, sample),
  )
}

/** Guesses how samples of a number are written; undefined if no format fits most of them. */
export function guessNumberFormat(kind: ValueKind, samples: readonly string[]): GuessedFormat | undefined {
  const sign = samples.flatMap((sample) => /[^\d\s.,'’()+−%\p{L}-]+/u.exec(sample)?.[0] ?? [])[0] ?? ''
  const plain = ['1,234.56', '1.234,56', '1 234,56', "1'234.56", '1234,56', '1234.56']
  const signed = plain.flatMap((number) => [`${sign}${number}`, `${number} ${sign}`])
  const patterns = [...(sign === '' ? plain : signed), ...(kind === 'decimal' ? ['12.5%', '12,5%'] : [])]
  return guess(
    samples,
    patterns,
    (pattern) => {
      const format = numberFormat(pattern)
      return (sample) => readable(kind, format?.toPlain(sample))
    },
    (sample) => readable(kind, sample),
  )
}

function readable(kind: ValueKind, text: string | undefined): string | undefined {
  return text === undefined || readValue(kind, text) === UNREADABLE ? undefined : text
}

/** Reads a sample as a value in one form; undefined if it does not fit. */
type Read = (sample: string) => string | undefined

/**
 * The format that fits most samples, the first of those that fit as many; none if `plain` fits them. Undefined if it
 * leaves half of them unread: then they are something else.
 */
function guess(
  samples: readonly string[],
  patterns: readonly string[],
  readerOf: (pattern: string) => Read,
  plain: Read,
): GuessedFormat | undefined {
  const candidates = [
    { format: undefined, read: plain },
    ...patterns.map((format) => ({ format, read: readerOf(format) })),
  ]
  const counted = candidates.map((each) => ({
    ...each,
    count: samples.filter((sample) => each.read(sample) !== undefined).length,
  }))
  const most = Math.max(...counted.map(({ count }) => count))
  if (samples.length > 0 && 2 * most <= samples.length) return undefined
  const [best, ...others] = counted.filter(({ count }) => count === most)
  if (best === undefined) return undefined
  const unread = samples.filter((sample) => best.read(sample) === undefined)
  const orElse =
    best.format === undefined
      ? undefined
      : others.find((other) => samples.some((sample) => other.read(sample) !== best.read(sample)))?.format
  return {
    ...(best.format !== undefined && { format: best.format }),
    ...(orElse !== undefined && { orElse }),
    ...(unread.length > 0 && { unread }),
  }
}
