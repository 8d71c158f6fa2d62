import type { FieldProblem } from '../failure.ts'

const STORABLE = 'text without NUL characters and unpaired surrogates'

/**
 * Finds text that JSON allows and PostgreSQL cannot store, anywhere in the arguments: NUL characters and lone
 * surrogates, in values and names. It is refused rather than removed, because two different ids must not become one.
 */
export function textProblems(value: unknown, path: readonly string[] = []): readonly FieldProblem[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [{ path: path.join('.'), expected: STORABLE }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    isStorable(name)
      ? textProblems(inner, [...path, name])
      : [{ path: [...path, '(name)'].join('.'), expected: STORABLE }],
  )
}

const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')
