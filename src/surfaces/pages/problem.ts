import type { IdentityAnswer } from './identity.ts'
import { textOf } from './identity.ts'

/** What is wrong with a form: beside the fields it concerns, or, under `form`, with all of it. */
export type Problems = Readonly<Record<string, string>>

const WORDS: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'The e-mail address or the password is wrong.',
  INVALID_EMAIL: 'This is not an e-mail address.',
  PASSWORD_TOO_SHORT: 'This password is too short.',
  PASSWORD_TOO_LONG: 'This password is too long.',
  INVALID_PASSWORD: 'This password is wrong.',
  INVALID_CODE: 'This code is wrong or was used. Codes change every 30 seconds.',
  INVALID_BACKUP_CODE: 'This backup code is wrong or was used.',
  INVALID_TWO_FACTOR_COOKIE: 'Too much time has passed since the password. Sign in again.',
  INVALID_TOKEN: 'This link is out of date or was used.',
  invalid_signature: 'The request of the application is out of date. Start again there.',
  TOKEN_EXPIRED: 'This link is out of date or was used.',
}

/** What the library says of a form that it refused, beside the field that it is about. */
export function problemsOf({ code, message, body }: IdentityAnswer, fields: readonly string[]): Problems {
  const lacks = Array.isArray(body['problems']) ? body['problems'].map(textOf).filter((text) => text !== '') : []
  // The rule itself stands beside the field already.
  if (lacks.length > 0) return { password: `This password is too easy to guess: it needs ${lacks.join(', ')}.` }
  const text = WORDS[code] ?? (message === '' ? 'This did not work. Check what you entered.' : message)
  if (code === 'INVALID_EMAIL_OR_PASSWORD') return { form: text }
  const about = fields.find((name) => code.includes(name.toUpperCase().replace('-', '_')))
  return about === undefined ? { form: text } : { [about]: text }
}
