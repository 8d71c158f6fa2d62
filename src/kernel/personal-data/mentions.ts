import type { Person } from '../personal-data.ts'
import { phoneCore } from './person.ts'

/** Finds mentions of a person in text: e-mail addresses, phone numbers and full names, in any case and format. */
export interface Mentions {
  /**
   * A PostgreSQL pattern (for `~*`) that matches every mention, with some false positives; null when there is nothing
   * to search for.
   */
  readonly pattern: string | null
  readonly isIn: (text: string) => boolean
  /** Replaces each mention; the result is never longer than the text. */
  readonly scrub: (text: string) => string
  /** Replaces mentions in JSON text, in strings, keys and numbers; everything else is unchanged byte for byte. */
  readonly scrubJson: (json: string) => string
}

export const ERASED = '[erased]'

/** Compiles the search for a person. Only distinctive names are searched for. */
export function mentionsOf(person: Person): Mentions {
  const names = [...person.names].filter(isDistinctive)
  const exact = [
    ...[...person.emails].map(exactEmail),
    ...[...person.phones].map(exactPhone),
    ...names.flatMap(exactName),
  ]
  const rough = [
    ...[...person.emails].map(roughEmail),
    ...[...person.phones].map((phone) => phoneCore(phone).split('').join('[^0-9a-zA-Z]{0,3}')),
    ...names.flatMap((name) => orders(name).map((words) => words.map(anyCase).join('.{1,6}'))),
  ]
  if (exact.length === 0) return { pattern: null, isIn: () => false, scrub: same, scrubJson: same }
  const found = new RegExp(exact.join('|'), 'giu')
  const scrub = (text: string) => text.replaceAll(found, replacement)
  return {
    pattern: rough.join('|'),
    isIn: (text) => scrub(text) !== text,
    scrub,
    scrubJson: (json) => json.replaceAll(JSON_TOKEN, (token) => scrubToken(token, scrub)),
  }
}

/**
 * Whether a name is distinctive: two words and five letters. A single word such as `Support` or `Max` occurs in any
 * text.
 */
export function isDistinctive(name: string): boolean {
  const words = wordsOf(name)
  const letters = words.join('').length
  return (words.length > 1 && letters > 4) || (letters > 2 && UNSPACED.test(name))
}

const same = (text: string) => text
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
/** A string, or a number outside one. */
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g

function scrubToken(token: string, scrub: (text: string) => string): string {
  if (!token.startsWith('"')) return scrub(token) === token ? token : 'null'
  // safe because: the token is a JSON string.
  const text = JSON.parse(token) as string
  const scrubbed = scrub(text)
  return scrubbed === text ? token : JSON.stringify(scrubbed)
}

const replacement = (mention: string) => (mention.length >= ERASED.length ? ERASED : '*'.repeat(mention.length))

const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')

/**
 * Matches an address literally and URL-encoded, but not as part of a longer address. Ids are often joined with - or _.
 */
function exactEmail(email: string): string {
  const inUrl = encodeURIComponent(email)
  const spellings = [...new Set([email, email.normalize('NFD'), inUrl])].map(escape).join('|')
  return `(?:(?<![\\p{L}\\p{N}.%+])|(?<=%[0-9a-f]{2}))(?:${spellings})(?![\\p{L}\\p{N}-]|\\.[\\p{L}\\p{N}])`
}

function roughEmail(email: string): string {
  const spellings = new Set([email, email.normalize('NFD')])
  return [...spellings].map((text) => anyCase(text).replace('@', '(@|%40)').replaceAll('\\+', '(\\+|%2B)')).join('|')
}

const SEPARATOR = '[\\s()./\\u00a0-]{0,3}'
function exactPhone(phone: string): string {
  const digits = phoneCore(phone).split('').join(SEPARATOR)
  return `(?<![\\p{L}\\p{N}])[+(]{0,2}(?:[0-9]${SEPARATOR}){0,6}${digits}(?![0-9])`
}

const GAP = '(?:[\\s,.;\'’"()\\u00a0+-]|\\\\"|%20){1,4}'

function exactName(name: string): string[] {
  const normal = orders(name)
  const decomposed = normal.map((words) => words.map((word) => word.normalize('NFD')))
  const spellings = [...normal, ...decomposed].map((words) => words.map(escape).join(GAP))
  return [...new Set(spellings)].map((text) => `(?<![\\p{L}\\p{N}])${text}(?![\\p{L}\\p{N}\\p{M}@])`)
}

const wordsOf = (name: string) => name.split(/[^\p{L}\p{N}\p{M}]+/u).filter((word) => word !== '')

/** Both orders of a name: Ada King Lovelace, and Lovelace, Ada King. */
function orders(name: string): string[][] {
  const words = wordsOf(name)
  const last = words.at(-1)
  return last === undefined || words.length < 2 ? [words] : [words, [last, ...words.slice(0, -1)]]
}

/**
 * Matches any non-ASCII character: the database may fold case for ASCII letters only, and an accent may be a separate
 * character.
 */
function anyCase(text: string): string {
  return escape(text).replaceAll(/[\u0080-\u{10ffff}]/gu, '.{1,3}')
}
