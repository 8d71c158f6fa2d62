import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import type { SigningKeys } from './signing-keys.ts'

/**
 * Makes a new key that signs access tokens from the commit on, in every process and without a restart; the old ones
 * verify until what they signed has expired. For the operator: it concerns every tenant.
 */
export function rotateSigningKey(system: Db, keys: SigningKeys) {
  const write = change<object, { keyId: string; retired: readonly string[] }>(
    'access.rotate-signing-key',
    'access:write',
    async (ctx) => {
      const rotated = await keys.rotate(ctx.db)
      return { result: rotated, subject: rotated.keyId, after: { retired_ids: rotated.retired } }
    },
  )
  return async (ctx: Ctx) => {
    if (ctx.actor.kind !== 'cli') throw new Failure('forbidden', 'Only the operator rotates the signing key.')
    return write({ ...ctx, db: system }, {})
  }
}
