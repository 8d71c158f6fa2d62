import { APIError } from 'better-auth/api'
import { PASSWORD_GUIDANCE } from './password-rule.ts'

/** Refusals in the library's own form: they leave its endpoints, and our routes translate them. */
export const refuse = {
  weakPassword: (problems: readonly string[]) =>
    new APIError('BAD_REQUEST', {
      code: 'PASSWORD_WEAK',
      message: `This password is too easy to guess: it needs ${problems.join(', ')}. ${PASSWORD_GUIDANCE}`,
      problems,
    }),
  locked: (retryAfterSeconds: number) =>
    new APIError(
      'TOO_MANY_REQUESTS',
      {
        code: 'ACCOUNT_LOCKED',
        message: `Too many wrong passwords. Try again in ${Math.ceil(retryAfterSeconds / 60)} minutes, or ask for a new password by mail.`,
        retryAfterSeconds,
      },
      { 'Retry-After': String(retryAfterSeconds) },
    ),
  badName: () =>
    new APIError('BAD_REQUEST', {
      code: 'INVALID_NAME',
      message: 'A name has 1 to 100 characters, and no link in it.',
    }),
  /** The library answers it as it answers any sign-up, so that it does not tell who is invited. */
  uninvited: () => new APIError('FORBIDDEN', { code: 'SIGN_UP_BY_INVITATION', message: 'Sign-up is by invitation.' }),
  /** As the library says it of a wrong one. */
  usedCode: () => new APIError('UNAUTHORIZED', { code: 'INVALID_CODE', message: 'Invalid code' }),
  noMail: () =>
    new APIError('SERVICE_UNAVAILABLE', {
      code: 'MAIL_UNAVAILABLE',
      message: 'No mail can be sent from here. Ask the operator to set SMTP_URL.',
    }),
  noOrganisation: () =>
    new APIError('FORBIDDEN', {
      code: 'NO_ORGANISATION',
      message: 'You are a member of no organisation. Ask for an invitation.',
    }),
} as const
