import type { Field } from '../entities.ts'
import { NUMBER_KINDS, readValue, UNREADABLE } from '../read-value.ts'
import { chosen } from '../read-field.ts'
import { KNOWN_VALUES } from './known-headers.ts'
import { guessDateFormat, guessNumberFormat } from './guess-format.ts'
import type { GuessedFormat } from './guess-format.ts'

/** A field's source as a mapping writes it, and what a reviewer must know about it. */
export interface SuggestedField {
  readonly name: string
  readonly source: string | Readonly<Record<string, unknown>>
  readonly note?: string
}

/**
 * Suggests how a column fills a field, from the values it has; undefined if they do not fit. Without values, its header
 * is all there is.
 */
export function guessField(
  entity: string,
  name: string,
  field: Field,
  column: string,
  values: readonly string[],
): SuggestedField | undefined {
  if (field.oneOf !== undefined) return guessChoice(entity, name, field.oneOf, column, values)
  if (field.kind === 'date' || field.kind === 'timestamp')
    return withFormat(name, column, guessDateFormat(field.kind, values))
  if (NUMBER_KINDS.includes(field.kind)) return guessNumber(name, field, column, values)
  if (field.kind === 'boolean' && values.some((value) => readValue('boolean', value) === UNREADABLE)) return undefined
  if (field.pattern !== undefined && values.some((value) => field.pattern?.test(value) === false)) return undefined
  return { name, source: column }
}

function withFormat(name: string, column: string, guess: GuessedFormat | undefined): SuggestedField | undefined {
  if (guess === undefined) return undefined
  const { format, orElse, unread = [] } = guess
  const notes = [
    ...(orElse === undefined ? [] : [`or ${orElse}? Both fit.`]),
    ...(unread.length === 0 ? [] : [`not read: ${unread.slice(0, UNREAD_MAX).join(', ')}`]),
  ]
  return {
    name,
    source: format === undefined ? column : { column, format },
    ...(notes.length > 0 && { note: notes.join('; ') }),
  }
}

/** The most unread values that a note shows. */
const UNREAD_MAX = 3

function guessNumber(
  name: string,
  { kind, min, max }: Field,
  column: string,
  values: readonly string[],
): SuggestedField | undefined {
  const guess = guessNumberFormat(kind, values)
  if (guess?.format === undefined && min !== undefined) {
    const isOutside = (value: string) => Number(value) < min || (max !== undefined && Number(value) > max)
    if (values.some(isOutside)) return undefined
  }
  return withFormat(name, column, guess)
}

/** The most values that a map is written for; a column with more is not a choice. */
const CHOICES_MAX = 30

function guessChoice(
  entity: string,
  name: string,
  oneOf: readonly string[],
  column: string,
  values: readonly string[],
): SuggestedField | undefined {
  const known = KNOWN_VALUES[`${entity}.${name}`] ?? KNOWN_VALUES[name] ?? {}
  const pairs = values.map((value) => {
    const lower = value.toLowerCase()
    return { value, to: chosen(oneOf, value) ?? (Object.hasOwn(known, lower) ? known[lower] : undefined) }
  })
  const unknown = pairs.flatMap(({ value, to }) => (to === undefined ? [value] : []))
  if (values.length > CHOICES_MAX || (values.length > 0 && unknown.length === values.length)) return undefined
  if (pairs.every(({ value }) => chosen(oneOf, value) !== undefined)) return { name, source: column }
  const map = Object.fromEntries(pairs.flatMap(({ value, to }) => (to === undefined ? [] : [[value, to]])))
  if (unknown.length === 0) return { name, source: { column, map } }
  const note = `add ${unknown.map((value) => JSON.stringify(value)).join(', ')}: one of ${oneOf.join(', ')}`
  return { name, source: { column, map }, note }
}
