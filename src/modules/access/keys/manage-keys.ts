import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { query } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { requireScope } from '#kernel/writes/scope'
import { auditedName } from '../audited-name.ts'
import type { ApiKey } from './contract.ts'
import { listKeys, listKeysOf, lockKey, revokeKey } from './store/keys.ts'

/** Every key of the tenant for callers with `access:read`; otherwise the caller's own keys. */
export const listApiKeys = query({
  scope: 'keys:read',
  input: z.strictObject({}),
  output: z.custom<ApiKey[]>(),
  async run(ctx) {
    if (ctx.userId !== undefined && !ctx.scopes.has('access:read')) return listKeysOf(ctx, ctx.userId)
    requireScope(ctx, 'access:read')
    return listKeys(ctx)
  },
})

/**
 * Revokes a key and every key that was created with it. From the commit on no process accepts them: the database
 * signals it to all. The caller's own key requires `keys:write`; another's also requires `access:write`.
 */
export const revokeApiKey = change({
  action: 'access.revoke-key',
  scope: 'keys:write',
  effect: 'destroy',
  input: z.strictObject({ keyId: z.string().max(100) }),
  output: z.custom<ApiKey>(),
  async work(ctx, { keyId }) {
    const before = await lockKey(ctx, keyId)
    // A key of another person is also reported as not found, so that the answer does not reveal that it exists.
    const revoked = before !== undefined && mayRevoke(ctx, before) ? await revokeKey(ctx, keyId) : undefined
    if (revoked === undefined) throw new Failure('not_found', `There is no key ${keyId}.`)
    const [was, is] = [before ?? revoked, revoked].map((key) => auditedName(ctx, `key:${keyId}`, key))
    return { result: revoked, subject: keyId, before: was, after: is }
  },
})

function mayRevoke(ctx: Ctx, key: ApiKey): boolean {
  if (ctx.scopes.has('access:write')) return true
  return key.userId !== null && key.userId === ctx.userId
}
