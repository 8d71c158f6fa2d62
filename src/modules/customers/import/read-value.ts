/** The value kinds of cells, each with the expected format in words. */
export const VALUE_KINDS = {
  text: 'text',
  date: 'a date such as 2026-11-20',
  timestamp: 'a date or time such as 2026-11-20 13:45:00 (UTC unless it has an offset)',
  integer: 'a whole number',
  decimal: 'a number such as 12 or 12.5',
  /** In seconds. */
  duration: 'a number of seconds such as 90 or 1.5',
  /** Parsed into integer cents. */
  money: 'an amount such as 1200 or 1200.50',
  boolean: 'true or false',
  json: 'JSON',
} as const

export type ValueKind = keyof typeof VALUE_KINDS

/** The kinds that a file writes as a number. */
export const NUMBER_KINDS: readonly ValueKind[] = ['integer', 'decimal', 'money', 'duration']

/** A value as passed to the database; dates and times as ISO text, JSON as text. */
export type Value = string | number | boolean | null

/** Returned for a cell that cannot be parsed as its kind; `VALUE_KINDS[kind]` says what was expected. */
export const UNREADABLE = Symbol('unreadable')

/** Parses one cell. An empty cell is null for every kind. */
export function readValue(kind: ValueKind, cell: string): Value | typeof UNREADABLE {
  const text = cell.trim()
  if (text === '') return null
  switch (kind) {
    case 'text':
      return text.includes('\0') ? UNREADABLE : text
    case 'date':
      return readDate(text)
    case 'timestamp':
      return readTimestamp(text)
    case 'integer':
      return readInteger(text)
    case 'decimal':
    case 'duration':
      return DECIMAL.test(text) ? text : UNREADABLE
    case 'money':
      return readCents(text)
    case 'boolean':
      return readBoolean(text)
    case 'json':
      return readJson(text)
  }
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?$/
const DECIMAL = /^[+-]?(?:\d{1,18}(?:\.\d{1,9})?|\.\d{1,9})$/
const INTEGER = /^[+-]?\d{1,15}(?:\.0+)?$/
const MONEY = /^([+-]?)(\d{1,13})(?:\.(\d{1,2})0*)?$/
const TRUE = new Set(['true', 't', 'yes', 'y', '1'])
const FALSE = new Set(['false', 'f', 'no', 'n', '0'])

function readDate(text: string): string | typeof UNREADABLE {
  const match = DATE.exec(text)
  if (match === null) return UNREADABLE
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const date = new Date(Date.UTC(year, month - 1, day))
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year >= 1900 && year < 2200
  return isReal ? text : UNREADABLE
}

function readTimestamp(text: string): string | typeof UNREADABLE {
  const match = TIMESTAMP.exec(text)
  if (match === null) {
    const date = readDate(text)
    return date === UNREADABLE ? UNREADABLE : `${date}T00:00:00Z`
  }
  const [, date = '', hours, minutes, seconds = '0', offset = 'Z'] = match
  const isReal = readDate(date) !== UNREADABLE && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60
  if (!isReal) return UNREADABLE
  const parsed = new Date(`${text.slice(0, text.length - (match[5]?.length ?? 0)).replace(' ', 'T')}${colon(offset)}`)
  return Number.isNaN(parsed.getTime()) ? UNREADABLE : parsed.toISOString()
}

/** `+0100` → `+01:00`. */
function colon(offset: string): string {
  return offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset
}

function readInteger(text: string): number | typeof UNREADABLE {
  return INTEGER.test(text) ? Number(text) : UNREADABLE
}

/** `1200.5` → 120050. More than two decimals are refused rather than rounded. */
function readCents(text: string): number | typeof UNREADABLE {
  const match = MONEY.exec(text)
  if (match === null) return UNREADABLE
  const cents = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'))
  return match[1] === '-' ? -cents : cents
}

function readBoolean(text: string): boolean | typeof UNREADABLE {
  const lower = text.toLowerCase()
  if (TRUE.has(lower)) return true
  return FALSE.has(lower) ? false : UNREADABLE
}

function readJson(text: string): string | typeof UNREADABLE {
  try {
    JSON.parse(text)
    // PostgreSQL's jsonb refuses the escaped NUL that JSON allows.
    return text.includes('\\u0000') ? UNREADABLE : text
  } catch {
    // safe because: a parse error means that the cell is not JSON.
    return UNREADABLE
  }
}
