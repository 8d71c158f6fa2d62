import { APIError } from 'better-auth/api'
import { PASSWORD_GUIDANCE } from './password-rule.ts'

/** Our errors in the auth library's format. Its endpoints answer them, and `failureOf` converts them for our routes. */
export const apiErrors = {
  weakPassword: (problems: readonly string[]) =>
    new APIError('BAD_REQUEST', {
      code: 'PASSWORD_WEAK',
      message: `This password is too easy to guess: it needs ${problems.join(', ')}. ${PASSWORD_GUIDANCE}`,
      problems,
    }),
  accountLocked: (retryAfterSeconds: number) =>
    new APIError(
      'TOO_MANY_REQUESTS',
      {
        code: 'ACCOUNT_LOCKED',
        message: `Too many wrong passwords. Try again in ${Math.ceil(retryAfterSeconds / 60)} minutes, or reset your password.`,
        retryAfterSeconds,
      },
      { 'Retry-After': String(retryAfterSeconds) },
    ),
  invalidName: () =>
    new APIError('BAD_REQUEST', {
      code: 'INVALID_NAME',
      message: 'A name must have 1 to 100 characters and must not contain a link.',
    }),
  /** The library answers it like any sign-up, so that it does not reveal who is invited. */
  notInvited: () => new APIError('FORBIDDEN', { code: 'SIGN_UP_BY_INVITATION', message: 'Sign-up is by invitation.' }),
  /** The same error as the library's for a wrong code. */
  usedCode: () => new APIError('UNAUTHORIZED', { code: 'INVALID_CODE', message: 'Invalid code' }),
  mailUnavailable: () =>
    new APIError('SERVICE_UNAVAILABLE', {
      code: 'MAIL_UNAVAILABLE',
      message: 'This server cannot send e-mail. Ask the operator to set SMTP_URL.',
    }),
  noOrganisation: () =>
    new APIError('FORBIDDEN', {
      code: 'NO_ORGANISATION',
      message: 'You are not a member of any organisation. Ask for an invitation.',
    }),
} as const
