import { escaped } from './number-format.ts'

/** How a file writes dates and times: a pattern such as `MM/DD/YYYY` or `D MMM YYYY, h:mm A`. */
export interface DateFormat {
  /** Rewrites a date or time as ISO text that `readValue` understands; undefined if it is not of this format. */
  toIso(text: string): string | undefined
  /** Whether the pattern has a time of day. */
  readonly hasTime: boolean
}

export const DATE_FORMAT_WORDS =
  'a pattern of YYYY, YY, MM, M, MMM, DD, D, HH, H, hh, h, mm, ss, A and Z and what stands between them, such as MM/DD/YYYY or YYYY-MM-DD HH:mm Z'

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Each part of a pattern with the text that it stands for. */
const PARTS: Readonly<Record<string, string>> = {
  YYYY: String.raw`(?<year>\d{4})`,
  YY: String.raw`(?<shortYear>\d{2})`,
  // The whole name or its first letters: "Sep", "Sept.", "September".
  MMM: `(?<name>${MONTHS.join('|')})[a-z]*\\.?`,
  MM: String.raw`(?<month>\d{2})`,
  M: String.raw`(?<month>\d{1,2})`,
  DD: String.raw`(?<day>\d{2})`,
  D: String.raw`(?<day>\d{1,2})`,
  HH: String.raw`(?<hour>\d{2})`,
  H: String.raw`(?<hour>\d{1,2})`,
  hh: String.raw`(?<hour>\d{2})`,
  h: String.raw`(?<hour>\d{1,2})`,
  mm: String.raw`(?<minute>\d{2})`,
  ss: String.raw`(?<second>\d{2})`,
  A: String.raw`(?<half>am|pm)`,
  Z: String.raw`(?<zone>Z|UTC|[+-]\d{2}:?\d{2})`,
}

/**
 * Compiles a pattern; undefined if it is none: it names no year, a part twice, or the day without its month. A pattern
 * without a day stands for the first day of its month or year.
 */
export function dateFormat(pattern: string): DateFormat | undefined {
  const parts = pattern.split(/(YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|h|mm|ss|A|Z)/)
  const source = parts.map((part, at) => (at % 2 === 0 ? literal(part) : (PARTS[part] ?? ''))).join('')
  const names = [...source.matchAll(/\?<(\w+)>/g)].map(([, name = '']) => name.replace(/^(shortYear|name)$/, partOf))
  const has = (name: string) => names.includes(name)
  const isTime = !has('minute') || has('hour')
  if (new Set(names).size < names.length || !has('year') || (has('day') && !has('month')) || !isTime) return undefined
  if (parts.some((part) => /^hh?$/.test(part)) !== has('half')) return undefined
  const regex = new RegExp(`^${source}$`, 'i')
  return {
    hasTime: has('hour'),
    toIso(text) {
      const found = regex.exec(text)?.groups
      return found === undefined ? undefined : isoOf(found)
    },
  }
}

const partOf = (name: string) => (name === 'name' ? 'month' : 'year')

/** Text between the parts; any white space, also one that does not break, stands for white space. */
function literal(text: string): string {
  return escaped(text).replace(/\s+/g, String.raw`\s+`)
}

function isoOf(found: Readonly<Record<string, string | undefined>>): string | undefined {
  // As in POSIX: 69 to 99 are of the last century.
  const short = Number(found['shortYear'])
  const year = found['year'] ?? String(short + (short < 69 ? 2000 : 1900))
  const named = found['name'] === undefined ? undefined : MONTHS.indexOf(found['name'].toLowerCase()) + 1
  const date = [year, two(named ?? found['month'] ?? 1), two(found['day'] ?? 1)].join('-')
  if (found['hour'] === undefined) return date
  const hour = hourOf(Number(found['hour']), found['half']?.toLowerCase())
  if (hour === undefined) return undefined
  const zone = found['zone']?.toUpperCase().replace('UTC', 'Z') ?? 'Z'
  return `${date} ${two(hour)}:${two(found['minute'] ?? 0)}:${two(found['second'] ?? 0)}${zone}`
}

/** The hour of the day: 12 AM is midnight, 12 PM is noon. */
function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour
  if (hour < 1 || hour > 12) return undefined
  return (hour % 12) + (half === 'pm' ? 12 : 0)
}

const two = (value: string | number) => String(value).padStart(2, '0')
