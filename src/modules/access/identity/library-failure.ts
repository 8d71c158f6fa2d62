import { Failure } from '#kernel/failure'
import { passwordFieldProblem } from './password-rule.ts'

const RETRY_SECONDS = 900

/** A refusal of the auth library as a failure of ours. */
export function failureOf(status: number, body: Readonly<Record<string, unknown>>): Failure {
  const code = typeof body['code'] === 'string' ? body['code'] : ''
  const message = typeof body['message'] === 'string' ? body['message'] : 'The request was refused.'
  if (code === 'MAIL_UNAVAILABLE') return new Failure('unavailable', message, { code })
  if (status >= 500) return new Failure('unavailable', 'Signing in does not work at the moment. Try again soon.')
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
  new Failure('invalid', 'This link is out of date or was used. Ask for another.', { code: 'INVALID_TOKEN' })

const KNOWN: Readonly<Record<string, () => Failure>> = {
  INVALID_EMAIL_OR_PASSWORD: () =>
    new Failure('unauthenticated', 'The e-mail or the password is wrong.', { code: 'INVALID_CREDENTIALS' }),
  EMAIL_NOT_VERIFIED: () =>
    new Failure('forbidden', 'Confirm your e-mail first: open the link in the mail you got, or ask for another.', {
      code: 'EMAIL_NOT_VERIFIED',
    }),
  NO_ORGANISATION: () =>
    new Failure('forbidden', 'You are a member of no organisation. Ask for an invitation.', {
      code: 'NO_ORGANISATION',
    }),
  EMAIL_PASSWORD_SIGN_UP_DISABLED: () =>
    new Failure('forbidden', 'Nobody can make an account here. Ask the operator.', { code: 'SIGN_UP_CLOSED' }),
  INVALID_EMAIL: () =>
    new Failure('invalid', 'This is not an e-mail address.', {
      code: 'INVALID_EMAIL',
      problems: [{ path: 'body.email', expected: 'an e-mail address', example: 'ada@example.com' }],
    }),
  INVALID_NAME: () =>
    new Failure('invalid', 'The name is wrong.', {
      code: 'INVALID_NAME',
      problems: [{ path: 'body.name', expected: '1 to 100 characters, without a link', example: 'Ada Lovelace' }],
    }),
  INVALID_PASSWORD: () => new Failure('invalid', 'The password is wrong.', { code: 'INVALID_PASSWORD' }),
  INVALID_TOKEN: invalidLink,
  TOKEN_EXPIRED: invalidLink,
  USER_NOT_FOUND: invalidLink,
  INVALID_CODE: () => new Failure('unauthenticated', 'The code is wrong or was used.', { code: 'INVALID_CODE' }),
  INVALID_BACKUP_CODE: () => new Failure('unauthenticated', 'The code is wrong or was used.', { code: 'INVALID_CODE' }),
  TOTP_ALREADY_ENABLED: () =>
    new Failure('conflict', 'Two-factor sign-in is on already. Turn it off first.', { code: 'TWO_FACTOR_ON' }),
  TOTP_NOT_ENABLED: () =>
    new Failure('conflict', 'Two-factor sign-in is not on. Start with enrol.', { code: 'TWO_FACTOR_OFF' }),
}
