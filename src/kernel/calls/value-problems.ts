import type { FieldProblem } from '../failure.ts'
import { DEPTH_MAX } from '../network/json-shape.ts'

const STORABLE = { expected: 'text without NUL characters and unpaired surrogates' }

const EXACT = {
  expected: `a number up to ${Number.MAX_SAFE_INTEGER}: a larger one loses digits, so send it as text`,
  example: '9007199254740993',
}

const NAMED = { expected: 'no field of this name' }

const SHALLOW = { expected: `at most ${DEPTH_MAX} levels of arrays and objects` }

/**
 * Finds values that JSON allows and that would be stored as something else, anywhere in the arguments: those of
 * `lossProblems`, and text with NUL characters or lone surrogates, in values and names, which PostgreSQL cannot store.
 * They are refused rather than changed, because two different ids must not become one.
 */
export function valueProblems(value: unknown, path: readonly string[] = []): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  collect(value, [...path], DEPTH_MAX, { problems, isText: isStorable })
  return problems
}

/**
 * Finds what parsing JSON has changed, anywhere in the value: numbers beyond 2^53 − 1, which have lost digits, and fields
 * named `__proto__`, which a copy of the object would lose. Also finds what is nested
 * deeper than 64 levels.
 */
export function lossProblems(value: unknown, path: readonly string[] = []): readonly FieldProblem[] {
  // Hardly any value has a problem, and asking whether costs a fifth of asking where.
  if (!hasLoss(value, DEPTH_MAX)) return []
  const problems: FieldProblem[] = []
  collect(value, [...path], DEPTH_MAX, { problems, isText: () => true })
  return problems
}

function hasLoss(value: unknown, levelsLeft: number): boolean {
  if (typeof value === 'number') return !isExact(value)
  if (typeof value !== 'object' || value === null) return false
  if (levelsLeft === 0) return true
  if (Array.isArray(value)) return value.some((item) => hasLoss(item, levelsLeft - 1))
  for (const name in value) {
    // safe because: `name` is a property of this object; parsed JSON has no inherited ones.
    if (name === '__proto__' || hasLoss((value as Record<string, unknown>)[name], levelsLeft - 1)) return true
  }
  return false
}

interface Collected {
  readonly problems: FieldProblem[]
  readonly isText: (text: string) => boolean
}

function collect(value: unknown, path: string[], levelsLeft: number, to: Collected): void {
  const found = (problem: Omit<FieldProblem, 'path'>, ...rest: string[]) =>
    to.problems.push({ path: [...path, ...rest].join('.'), ...problem })
  if (typeof value === 'string') {
    if (!to.isText(value)) found(STORABLE)
  } else if (typeof value === 'number') {
    if (!isExact(value)) found(EXACT)
  } else if (typeof value === 'object' && value !== null) {
    if (levelsLeft === 0) return void found(SHALLOW)
    for (const [name, inner] of Object.entries(value)) {
      if (name === '__proto__') found(NAMED, name)
      else if (!to.isText(name)) found(STORABLE, '(name)')
      else {
        path.push(name)
        collect(inner, path, levelsLeft - 1, to)
        path.pop()
      }
    }
  }
}

const isExact = (value: number) => Math.abs(value) <= Number.MAX_SAFE_INTEGER
const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')
