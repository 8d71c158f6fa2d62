import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { query } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { requireScope } from '#kernel/writes/scope'
import { auditedName } from '../audited-name.ts'
import type { ApiKey } from './contract.ts'
import { listKeys, listKeysOf, lockKey, revokeKey } from './store/keys.ts'

/** Every key of the tenant for those who may see them; otherwise the caller's own. */
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
 * From the commit on, no process accepts the key, nor any that was made with it: the database tells them all. One's own
 * takes `keys:write`, another's `access:write` as well.
 */
export const revokeApiKey = change({
  action: 'access.revoke-key',
  scope: 'keys:write',
  effect: 'destroy',
  input: z.strictObject({ keyId: z.string().max(100) }),
  output: z.custom<ApiKey>(),
  async work(ctx, { keyId }) {
    const before = await lockKey(ctx, keyId)
    // The key of another person is not found either: who may not see it learns nothing of it.
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
