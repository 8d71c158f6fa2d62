import type { FieldProblem } from '#kernel/failure'
import { isCommonPassword } from './common-passwords.ts'

export const PASSWORD_LENGTH_MIN = 8
export const PASSWORD_LENGTH_MAX = 128

/** Shown to whoever chooses a password. */
export const PASSWORD_GUIDANCE =
  'Use at least 8 characters with an upper-case letter, a lower-case letter and a digit; several words in a row make a good one.'

/**
 * What is wrong with a password somebody chooses; empty when nothing is. The e-mail, and the part before its @, may not
 * be in it.
 */
export async function passwordProblems(password: string, email: string | undefined): Promise<string[]> {
  const problems: string[] = []
  if (password.length < PASSWORD_LENGTH_MIN) problems.push(`at least ${PASSWORD_LENGTH_MIN} characters`)
  if (password.length > PASSWORD_LENGTH_MAX) problems.push(`at most ${PASSWORD_LENGTH_MAX} characters`)
  if (!/\p{Lu}/u.test(password)) problems.push('an upper-case letter')
  if (!/\p{Ll}/u.test(password)) problems.push('a lower-case letter')
  if (!/\p{Nd}/u.test(password)) problems.push('a digit')
  if (password.length >= PASSWORD_LENGTH_MIN && (await isCommonPassword(password))) {
    problems.push('something that is not among the commonest passwords, or close to one of them')
  }
  if (email !== undefined && repeatsEmail(password, email)) problems.push('something that is not your e-mail address')
  return problems
}

/** The same for an answer: which field, what was expected, an example of the kind. */
export function passwordFieldProblem(path: string, problems: readonly string[]): FieldProblem {
  return { path, expected: problems.join(', '), example: 'three-Words-and-7' }
}

const EMAIL_PART_MIN = 4

function repeatsEmail(password: string, email: string): boolean {
  const [lower, address] = [password.toLowerCase(), email.toLowerCase()]
  const [name = ''] = address.split('@', 1)
  return (
    lower.includes(address) || (name.length >= EMAIL_PART_MIN && lower.includes(name) && lower.length < name.length + 6)
  )
}
