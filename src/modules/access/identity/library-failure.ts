import { Failure } from '#kernel/failure'
import { passwordFieldProblem } from './password-rule.ts'

const RETRY_SECONDS = 900

/** Converts an error response of the auth library to a `Failure`. */
export function failureOf(status: number, body: Readonly<Record<string, unknown>>): Failure {
  const code = typeof body['code'] === 'string' ? body['code'] : ''
  const message = typeof body['message'] === 'string' ? body['message'] : 'The request was refused.'
  if (code === 'MAIL_UNAVAILABLE') return new Failure('unavailable', message, { code })
  if (status >= 500) return new Failure('unavailable', 'Sign-in is temporarily unavailable. Try again later.')
  if (status === 429) {
    const { retryAfterSeconds } = body
    const wait = typeof retryAfterSeconds === 'number' ? retryAfterSeconds : RETRY_SECONDS
    return new Failure('rate_limited', message, { code: 'ACCOUNT_LOCKED', retryAfterSeconds: wait })
  }
  if (code === 'PASSWORD_WEAK') {
    const problems = Array.isArray(body['problems']) ? body['problems'].map(String) : []
    return new Failure('invalid', message, { code, problems: [passwordFieldProblem('body.password', problems)] })
  }
  const known = KNOWN[code]
  return known === undefined ? new Failure('invalid', message, code === '' ? {} : { code }) : known()
}

const invalidLink = () =>
  new Failure('invalid', 'This link has expired or was already used. Request a new one.', { code: 'INVALID_TOKEN' })

const invalidCode = () =>
  new Failure('unauthenticated', 'The code is wrong or was already used.', { code: 'INVALID_CODE' })

const KNOWN: Readonly<Record<string, () => Failure>> = {
  INVALID_EMAIL_OR_PASSWORD: () =>
    new Failure('unauthenticated', 'The e-mail address or the password is wrong.', { code: 'INVALID_CREDENTIALS' }),
  EMAIL_NOT_VERIFIED: () =>
    new Failure('forbidden', 'Confirm your e-mail address first: open the link we sent you, or request a new one.', {
      code: 'EMAIL_NOT_VERIFIED',
    }),
  NO_ORGANISATION: () =>
    new Failure('forbidden', 'You are not a member of any organisation. Ask for an invitation.', {
      code: 'NO_ORGANISATION',
    }),
  EMAIL_PASSWORD_SIGN_UP_DISABLED: () =>
    new Failure('forbidden', 'Sign-up is closed. Ask the operator for an account.', { code: 'SIGN_UP_CLOSED' }),
  INVALID_EMAIL: () =>
    new Failure('invalid', 'This is not an e-mail address.', {
      code: 'INVALID_EMAIL',
      problems: [{ path: 'body.email', expected: 'an e-mail address', example: 'ada@example.com' }],
    }),
  INVALID_NAME: () =>
    new Failure('invalid', 'The name is invalid.', {
      code: 'INVALID_NAME',
      problems: [{ path: 'body.name', expected: '1 to 100 characters, without a link', example: 'Ada Lovelace' }],
    }),
  INVALID_PASSWORD: () => new Failure('invalid', 'The password is wrong.', { code: 'INVALID_PASSWORD' }),
  INVALID_TOKEN: invalidLink,
  TOKEN_EXPIRED: invalidLink,
  USER_NOT_FOUND: invalidLink,
  INVALID_CODE: invalidCode,
  INVALID_BACKUP_CODE: invalidCode,
  TOTP_ALREADY_ENABLED: () =>
    new Failure('conflict', 'Two-factor sign-in is already on. Turn it off first.', { code: 'TWO_FACTOR_ON' }),
  TOTP_NOT_ENABLED: () =>
    new Failure('conflict', 'Two-factor sign-in is not on. Enrol first.', { code: 'TWO_FACTOR_OFF' }),
}
