import { isRecord, textOf } from './identity.ts'
import type { Visit } from './visit.ts'

/** The person who is signed in. */
export interface Person {
  readonly userId: string
  readonly name: string
  readonly email: string
  readonly emailVerified: boolean
  readonly twoFactor: boolean
  readonly sessionId: string
  /** The organisation that is active in this session. */
  readonly organisationId: string | undefined
}

export async function personOf({ identity }: Visit): Promise<Person | undefined> {
  const { ok, body } = await identity.get('/get-session')
  const { user, session } = body
  if (!ok || !isRecord(user) || !isRecord(session)) return undefined
  const organisationId = textOf(session['activeOrganizationId'])
  return {
    userId: textOf(user['id']),
    name: textOf(user['name']),
    email: textOf(user['email']),
    emailVerified: user['emailVerified'] === true,
    twoFactor: user['twoFactorEnabled'] === true,
    sessionId: textOf(session['id']),
    organisationId: organisationId === '' ? undefined : organisationId,
  }
}

export interface Organisation {
  readonly id: string
  readonly name: string
}

/** The organisations that the signed-in person belongs to. */
export async function organisationsOf({ identity }: Visit): Promise<readonly Organisation[]> {
  const { list } = await identity.get('/organization/list')
  return list.map((one) => ({ id: textOf(one['id']), name: textOf(one['name']) }))
}

/** A redirect to the sign-in page, which leads back here. */
export function signInFirst({ url }: Visit): { readonly goTo: string } {
  return { goTo: `/sign-in?${new URLSearchParams({ next: `${url.pathname}${url.search}` }).toString()}` }
}
