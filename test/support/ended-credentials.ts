import { expect, vi } from 'vitest'
import type { Scope } from '#kernel/principal'
import type { App } from '../../src/app.ts'
import { signedIn } from './credentials.ts'
import type { Issuer, SignedIn } from './credentials.ts'
import type { TestDatabase } from './database.ts'
import { request, toolList } from './entry-point-walk.ts'
import type { TestTenant } from './tenant.ts'

export const ENDED = [
  'expired key',
  'revoked key',
  'key of a disabled service account',
  'ended session',
  'removed member',
  'key of a removed member',
] as const

export interface Server {
  readonly app: App
  readonly database: TestDatabase
  readonly url: string
  readonly issuer: Issuer
  readonly tenant: TestTenant
}

/** Credentials that were in use and have just ended, once the process was notified. */
export async function endedCredential(how: (typeof ENDED)[number], server: Server): Promise<string> {
  const { app, database, url, issuer, tenant } = server
  const ended = async (authorization: string, end: () => Promise<unknown>): Promise<string> => {
    const look = async () => (await request(url, toolList('/mcp'), authorization)).status
    expect(await look()).toBe(200)
    await end()
    await vi.waitFor(async () => expect(await look()).toBe(401), { interval: 5 })
    return authorization
  }
  const member = () => signedIn(database, tenant.tenantId, 'owner')
  const remove = ({ userId }: SignedIn) =>
    database.owner.query('delete from access.members where user_id = $1', [userId])
  if (how === 'ended session') {
    const person = await member()
    return ended(`Bearer ${issuer.token(person)}`, () =>
      database.owner.query('delete from access.sessions where id = $1', [person.sessionId]),
    )
  }
  if (how === 'removed member') {
    const person = await member()
    return ended(`Bearer ${issuer.token(person)}`, () => remove(person))
  }
  if (how === 'key of a removed member') {
    const person = await member()
    const { key } = await app.access.createKey(tenant.ctx({ userId: person.userId }), { name: 'own', scopes: SCOPES })
    return ended(`Bearer ${key}`, () => remove(person))
  }
  if (how === 'key of a disabled service account') {
    const { serviceAccountId } = await app.access.createServiceAccount(tenant.ctx(), { name: 'sync', scopes: SCOPES })
    const { key } = await app.access.createKey(tenant.ctx(), { name: 'k', scopes: SCOPES, serviceAccountId })
    return ended(`Bearer ${key}`, () => app.access.disableServiceAccount(tenant.ctx(), { serviceAccountId }))
  }
  const { key, apiKey } = await app.access.createKey(tenant.ctx(), { name: 'doomed', scopes: SCOPES })
  if (how === 'revoked key') return ended(`Bearer ${key}`, () => app.access.revokeKey(tenant.ctx(), apiKey))
  await database.owner.query('update access.api_keys set expires_at = now() where key_id = $1', [apiKey.keyId])
  return `Bearer ${key}`
}

const SCOPES: Scope[] = ['customers:read', 'customers:write']
