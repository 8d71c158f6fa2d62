import type { IdentityAnswer } from './identity.ts'
import { textOf } from './identity.ts'

/** Error texts of a form by field name; `form` holds the one that concerns the whole form. */
export type Problems = Readonly<Record<string, string>>

const WORDS: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'The e-mail address or the password is wrong.',
  INVALID_EMAIL: 'This is not an e-mail address.',
  PASSWORD_TOO_SHORT: 'This password is too short.',
  PASSWORD_TOO_LONG: 'This password is too long.',
  INVALID_PASSWORD: 'This password is wrong.',
  INVALID_CODE: 'This code is wrong or was already used. Codes change every 30 seconds.',
  INVALID_BACKUP_CODE: 'This backup code is wrong or was already used.',
  INVALID_TWO_FACTOR_COOKIE: 'Your sign-in has expired. Enter your password again.',
  INVALID_TOKEN: 'This link has expired or was already used.',
  invalid_signature: 'The request of the application has expired. Start again in the application.',
  TOKEN_EXPIRED: 'This link has expired or was already used.',
}

/** Turns an error response of the auth library into error texts of the form's fields. */
export function problemsOf({ code, message, body }: IdentityAnswer, fields: readonly string[]): Problems {
  const missing = Array.isArray(body['problems']) ? body['problems'].map(textOf).filter((text) => text !== '') : []
  // The field's hint shows the whole rule already.
  if (missing.length > 0) return { password: `This password is too easy to guess: it needs ${missing.join(', ')}.` }
  const text = WORDS[code] ?? (message === '' ? 'Something went wrong. Check what you entered.' : message)
  if (code === 'INVALID_EMAIL_OR_PASSWORD') return { form: text }
  const about = fields.find((name) => code.includes(name.toUpperCase().replace('-', '_')))
  return about === undefined ? { form: text } : { [about]: text }
}
