import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { requireScope } from '#kernel/writes/scope'
import { auditedName } from '../audited-name.ts'
import type { ApiKey } from './contract.ts'
import { findKey, listKeys, revokeKey } from './store/keys.ts'

/** Every key of the tenant for those who may see them; otherwise the caller's own. */
export async function listApiKeys(ctx: Ctx): Promise<ApiKey[]> {
  requireScope(ctx, 'keys:read')
  if (ctx.scopes.has('access:read')) return listKeys(ctx)
  if (ctx.userId === undefined) requireScope(ctx, 'access:read')
  return listKeys(ctx, ctx.userId)
}

/**
 * From the commit on, no process accepts the key, nor any that was made with it: the database tells them all. One's own
 * takes `keys:write`, another's `access:write` as well.
 */
export const revokeApiKey = change<{ keyId: string }, ApiKey>(
  'access.revoke-key',
  'keys:write',
  async (ctx, { keyId }) => {
    const before = await findKey(ctx, keyId)
    // The key of another person is not found either: who may not see it learns nothing of it.
    const revoked = before !== undefined && mayRevoke(ctx, before) ? await revokeKey(ctx, keyId) : undefined
    if (revoked === undefined) throw new Failure('not_found', `There is no key ${keyId}.`)
    const [was, is] = [before ?? revoked, revoked].map((key) => auditedName(ctx, `key:${keyId}`, key))
    return { result: revoked, subject: keyId, before: was, after: is }
  },
)

function mayRevoke(ctx: Ctx, key: ApiKey): boolean {
  if (ctx.scopes.has('access:write')) return true
  return key.userId !== null && key.userId === ctx.userId
}
