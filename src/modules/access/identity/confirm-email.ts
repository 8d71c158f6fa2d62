import { jwtVerify } from 'jose'
import { z } from 'zod'
import type { OpenRequest } from '#kernel/calls/route'
import { Failure } from '#kernel/failure'
import type { Auth } from './better-auth.ts'
import { failureOf } from './library-failure.ts'
import type { Library } from './library.ts'
import type { LockoutGuard } from './lockout.ts'
import { Password } from './shapes.ts'

export const ConfirmEmailInput = z.strictObject({ token: z.string().min(1).max(2000), password: Password })

/** Confirms an e-mail address, and returns it. */
export type ConfirmEmail = (
  input: z.output<typeof ConfirmEmailInput>,
  from: Pick<OpenRequest, 'requestId' | 'address' | 'headers'>,
) => Promise<string>

/**
 * Confirms an address for whoever has the link of the mail and the password of the account. The link alone is not
 * enough: somebody else may have signed up with the address, and would sign in with their password once its owner had
 * opened the link. The owner resets the password instead, which confirms the address as well. Wrong passwords count
 * with those at sign-in.
 */
export function confirmEmail(parts: {
  readonly auth: () => Promise<Auth>
  readonly library: Library
  readonly guard: LockoutGuard
}): ConfirmEmail {
  const { library, guard } = parts
  return async ({ token, password }, from) => {
    const { secret, internalAdapter, password: hashing } = await (await parts.auth()).$context
    const email = await emailIn(token, secret)
    const refused = await guard.take(email, from.address)
    if (refused !== undefined) throw failureOf(429, { ...refused, message: LOCKED })
    const found = await internalAdapter.findUserByEmail(email, { includeAccounts: true })
    const hash = found?.accounts.find(({ providerId }) => providerId === 'credential')?.password
    if (typeof hash !== 'string' || !(await hashing.verify({ hash, password }))) throw notThePassword()
    await guard.succeeded(email, from.address)
    await library.get('/verify-email', { token }, from)
    return email
  }
}

const LOCKED = 'Too many wrong passwords. Wait, or reset the password.'

/** The address that the token of a link confirms. */
async function emailIn(token: string, secret: string): Promise<string> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] })
    return z.object({ email: z.email() }).parse(payload).email
  } catch {
    // Safe because whatever is wrong with the token, the link is refused.
    throw failureOf(400, { code: 'INVALID_TOKEN' })
  }
}

function notThePassword(): Failure {
  const message = 'This is not the password of the account. If you did not create it, reset the password.'
  return new Failure('unauthenticated', message, { code: 'INVALID_PASSWORD' })
}
