import type { FieldProblem } from '#kernel/failure'
import { isCommonPassword } from './common-passwords.ts'

export const PASSWORD_LENGTH_MIN = 8
export const PASSWORD_LENGTH_MAX = 128

/** The hint for a person who chooses a password. */
export const PASSWORD_GUIDANCE =
  'Use at least 8 characters with an upper-case letter, a lower-case letter and a digit. Several words in a row make a strong password.'

/**
 * What a new password is missing; empty when it is acceptable. It must not repeat the e-mail address, or the part
 * before its @.
 */
export async function passwordProblems(password: string, email: string | undefined): Promise<string[]> {
  const problems: string[] = []
  if (password.length < PASSWORD_LENGTH_MIN) problems.push(`at least ${PASSWORD_LENGTH_MIN} characters`)
  if (password.length > PASSWORD_LENGTH_MAX) problems.push(`at most ${PASSWORD_LENGTH_MAX} characters`)
  if (!/\p{Lu}/u.test(password)) problems.push('an upper-case letter')
  if (!/\p{Ll}/u.test(password)) problems.push('a lower-case letter')
  if (!/\p{Nd}/u.test(password)) problems.push('a digit')
  if (password.length >= PASSWORD_LENGTH_MIN && (await isCommonPassword(password))) {
    problems.push('less common words or characters')
  }
  if (email !== undefined && repeatsEmail(password, email)) problems.push('something other than your e-mail address')
  return problems
}

/** The result of `passwordProblems` as the field problem of a failure. */
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
