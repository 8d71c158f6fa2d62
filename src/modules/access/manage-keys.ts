import { change } from '#kernel/change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { requireScope } from '#kernel/scope'
import type { Signals } from '#kernel/database/signals'
import type { ApiKey, CreateKeyInput } from './contract.ts'
import { KEY_REVOKED } from './authenticate.ts'
import { keyHash, keyPrefix, newKeyText } from './key-text.ts'
import { insertKey, listKeys, revokeKey, tenantExists } from './store.ts'

/** Makes a key and returns it in clear: the only moment it exists outside its owner's hands. */
export const createKey = change<CreateKeyInput, { key: string; apiKey: ApiKey }>(
  'access.create-key',
  'access:write',
  async (ctx, input) => {
    if (!(await tenantExists(ctx))) {
      throw new Failure('not_found', `There is no tenant ${ctx.tenantId}. Make it first: plimsoll tenants create.`)
    }
    const key = newKeyText()
    const apiKey = await insertKey(ctx, {
      keyId: newId('key', ctx.clock()),
      name: input.name,
      prefix: keyPrefix(key),
      hash: keyHash(key),
      scopes: input.scopes,
      expiresAt: input.expiresAt ?? null,
    })
    return { result: { key, apiKey }, subject: apiKey.keyId, after: apiKey }
  },
)

export async function listApiKeys(ctx: Ctx): Promise<ApiKey[]> {
  requireScope(ctx, 'access:read')
  return listKeys(ctx)
}

/** From the commit on, no process accepts the key: each is told by the signal that commits with it. */
export const revokeApiKey = (signals: Pick<Signals, 'publish'>) =>
  change<{ keyId: string }, ApiKey>('access.revoke-key', 'access:write', async (ctx, { keyId }) => {
    const revoked = await revokeKey(ctx, keyId)
    if (revoked === undefined) throw new Failure('not_found', `There is no key ${keyId}.`)
    await signals.publish(ctx.db, KEY_REVOKED, revoked.hash)
    return { result: revoked.key, subject: keyId, after: revoked.key }
  })
