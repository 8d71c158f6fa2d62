import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { autocommit } from '#kernel/database/transact'
import { Failure } from '#kernel/failure'
import type { OpenRequest } from '#kernel/calls/route'
import type { Library, LibraryAnswer } from './library.ts'
import { TokensAnswer } from './session-tokens.ts'
import type { Tokens } from './session-tokens.ts'
import { Email, Password, TenantRef } from './shapes.ts'
import { findTokenGrant } from './store/grants.ts'
import { findPerson } from './store/people.ts'
import { endSession, findSessionByToken, switchSessionTenant } from './store/sessions.ts'
import type { Clock } from '#kernel/clock'

export const SignInInput = z.strictObject({
  email: Email,
  password: Password,
  code: z.string().trim().min(6).max(40).optional().describe('The code of an authenticator app, or a backup code.'),
  tenant_id: TenantRef.optional().describe('The organisation to work in. Default: the one you last worked in.'),
})

export const SignedIn = TokensAnswer.extend({
  user: z.object({ id: z.string(), email: z.string(), name: z.string() }),
})

export type SignIn = (input: z.output<typeof SignInInput>, from: OpenRequest) => Promise<z.output<typeof SignedIn>>

/** Signs a person in for an API client: creates a session, as for a browser, and issues its tokens. */
export function signIn(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly library: Library
  readonly tokens: Tokens
}): SignIn {
  const { db, clock, library, tokens } = parts
  return async (input, from) => {
    const token = await sessionToken(library, input, from)
    const session = await findSessionByToken(db, token)
    const person = session === undefined ? undefined : await findPerson(db, session.user_id)
    if (session === undefined || person === undefined) throw new Error('a session that was just created was not found')
    const sessionId = session.session_id
    const tenantId = input.tenant_id ?? session.tenant_id
    if (tenantId === null || (await findTokenGrant({ db }, { userId: person.id, tenantId, sessionId })) === undefined) {
      await endSession(autocommit({ db }), sessionId, person.id)
      throw new Failure('forbidden', 'You are not a member of that organisation.', { code: 'NOT_A_MEMBER' })
    }
    if (tenantId !== session.tenant_id) await switchSessionTenant(autocommit({ db }), sessionId, tenantId, clock())
    const { id, email, name } = person
    const { tenant_id, ...issued } = await tokens.start({ userId: id, sessionId, tenantId })
    return { ...issued, user: { id, email, name }, tenant_id }
  }
}

async function sessionToken(library: Library, input: Parameters<SignIn>[0], from: OpenRequest): Promise<string> {
  const { email, password, code } = input
  const first = await library.post('/sign-in/email', { email, password }, from)
  if (first.body['twoFactorRedirect'] !== true) return tokenOf(first)
  if (code === undefined) {
    throw new Failure('unauthenticated', 'Send the code of your authenticator app, or a backup code, as `code`.', {
      code: 'TWO_FACTOR_REQUIRED',
      problems: [{ path: 'body.code', expected: 'a code of six digits, or a backup code', example: '123456' }],
    })
  }
  const path = /^\d{6}$/.test(code) ? '/two-factor/verify-totp' : '/two-factor/verify-backup-code'
  return tokenOf(await library.post(path, { code }, from, first.cookie))
}

function tokenOf({ body }: LibraryAnswer): string {
  const { token } = body
  if (typeof token !== 'string') throw new Error('the auth library answered a sign-in without a session token')
  return token
}
