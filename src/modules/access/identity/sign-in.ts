import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import type { OpenRequest } from '#kernel/calls/route'
import type { Library, LibraryAnswer } from './library.ts'
import type { SessionTokens, Tokens } from './session-tokens.ts'
import { findTokenGrant } from './store/grants.ts'
import { findPerson } from './store/people.ts'
import { endSession, findSessionByToken, switchSessionTenant } from './store/sessions.ts'
import type { Clock } from '#kernel/clock'

export interface SignInInput {
  readonly email: string
  readonly password: string
  /** Of an authenticator app, or a backup code. */
  readonly code?: string | undefined
  /** Absent: where the person last worked. */
  readonly tenantId?: string | undefined
}

export interface SignedIn extends SessionTokens {
  readonly user: { readonly id: string; readonly email: string; readonly name: string }
  readonly tenant_id: string
}

/** Signs a person in for an API client: a session as a browser has it, and the tokens of it. */
export function signIn(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly library: Library
  readonly tokens: Tokens
}) {
  const { db, clock, library, tokens } = parts
  return async (input: SignInInput, from: OpenRequest): Promise<SignedIn> => {
    const token = await sessionToken(library, input, from)
    const session = await findSessionByToken(db, token)
    const person = session === undefined ? undefined : await findPerson(db, session.user_id)
    if (session === undefined || person === undefined) throw new Error('a session that was just made is gone')
    const sessionId = session.id
    const tenantId = input.tenantId ?? session.active_tenant_id
    if (tenantId === null || (await findTokenGrant(db, { userId: person.id, tenantId, sessionId })) === undefined) {
      await endSession(db, sessionId, person.id)
      throw new Failure('forbidden', 'You are not a member of that organisation.', { code: 'NOT_A_MEMBER' })
    }
    if (tenantId !== session.active_tenant_id) await switchSessionTenant(db, sessionId, tenantId, clock())
    const { id, email, name } = person
    const issued = await tokens.start({ userId: id, sessionId, tenantId })
    return { ...issued, user: { id, email, name }, tenant_id: tenantId }
  }
}

async function sessionToken(library: Library, input: SignInInput, from: OpenRequest): Promise<string> {
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
  if (typeof token !== 'string') throw new Error('the auth library signed somebody in without a session')
  return token
}
