import { Failure } from '../failure.ts'
import type { ListFiles, NewFile } from '../files.ts'

const NAME_CHARACTERS_MAX = 512
const ABOUT_CHARACTERS_MAX = 300
const LIST_MAX = 1000
/** Sorts after every character allowed in a name. */
const LAST_CHARACTER = '\u{10FFFF}'

/** Returns the name, or throws `invalid` if it is not allowed. */
export function checkedName(name: string): string {
  const segments = name.split('/')
  const isRight =
    name.length > 0 &&
    name.length <= NAME_CHARACTERS_MAX &&
    isPlainText(name) &&
    !name.includes('\\') &&
    segments.every((segment) => segment.trim() === segment && !['', '.', '..'].includes(segment))
  if (isRight) return name
  throw invalid(
    'name',
    `1 to ${NAME_CHARACTERS_MAX} characters in segments separated by /, none of them empty, . or .., without control characters or \\`,
    'imports/2026-11-30/rejected.csv',
  )
}

/** Throws `invalid` that names a wrong field of a new file. */
export function checkNewFile({ name, mediaType, expiresAt, about }: NewFile, now: Date): void {
  checkedName(name)
  if (!/^[\w.+-]{1,100}\/[\w.+-]{1,100}(; ?[\w-]+=[\w.+-]+)?$/.test(mediaType)) {
    throw invalid('mediaType', 'a media type', 'text/csv; charset=utf-8')
  }
  if (expiresAt !== undefined && !(expiresAt > now)) throw invalid('expiresAt', 'a time in the future', undefined)
  if (about !== undefined && !(about.length <= ABOUT_CHARACTERS_MAX && /^[a-z][a-z-]*:\S+$/.test(about))) {
    throw invalid('about', 'a kind and an id', 'user:usr_1')
  }
}

/** Range of a listing: names after `after`, from `from` on and before `until`. */
export interface NameRange {
  readonly after: string
  readonly from: string
  readonly until: string
  readonly limit: number
}

export function nameRange({ prefix = '', cursor, limit = 100 }: ListFiles): NameRange {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) {
    throw invalid('limit', `a whole number from 1 to ${LIST_MAX}`, 100)
  }
  if (!isPlainText(prefix)) throw invalid('prefix', 'the beginning of a name', 'imports/')
  return { after: readCursor(cursor), from: prefix, until: prefix + LAST_CHARACTER, limit }
}

export const cursorAfter = (name: string): string => Buffer.from(name).toString('base64url')

function readCursor(cursor: string | undefined): string {
  if (cursor === undefined) return ''
  const name = Buffer.from(cursor, 'base64url').toString()
  if (cursorAfter(name) === cursor && isPlainText(name)) return name
  throw invalid('cursor', 'the nextCursor of the previous page', undefined)
}

/** Whether a text can be stored and is in Unicode's composed form (NFC), so that equal names are one file. */
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\u{10FFFF}]/u.test(text) && text.normalize('NFC') === text
}

function invalid(path: string, expected: string, example: unknown): Failure {
  const problem = { path, expected, ...(example !== undefined && { example }) }
  return new Failure('invalid', `The file cannot be handled: ${path} must be ${expected}.`, { problems: [problem] })
}
