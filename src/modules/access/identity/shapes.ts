import { z } from 'zod'
import { PASSWORD_GUIDANCE, PASSWORD_LENGTH_MAX } from './password-rule.ts'

/** The inputs and outputs that the account routes share. */

export const Email = z.string().trim().max(254).pipe(z.email('an e-mail address such as ada@example.com'))
/** Checks the length only: `passwordProblems` reports everything that is missing at once. */
export const NewPassword = z.string().min(1).max(1000).describe(PASSWORD_GUIDANCE)
export const Password = z.string().min(1).max(PASSWORD_LENGTH_MAX)
export const TenantRef = z.string().min(1).max(63)

export const MessageAnswer = z.object({ status: z.string(), message: z.string() })
