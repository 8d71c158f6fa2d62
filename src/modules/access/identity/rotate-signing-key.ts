import { z } from 'zod'
import { change } from '#kernel/writes/change'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { onSystem } from '../around.ts'
import type { SigningKeys } from './signing-keys.ts'

/**
 * Makes a new key that signs access tokens from the commit on, in every process and without a restart; the old ones
 * verify until what they signed has expired. For the operator: it concerns every tenant.
 */
export const rotateSigningKey = (system: Db, keys: SigningKeys) =>
  onSystem(
    system,
    change({
      action: 'access.rotate-signing-key',
      scope: 'access:write',
      effect: 'update',
      input: z.strictObject({}),
      output: z.object({ keyId: z.string(), retired: z.array(z.string()) }),
      async work(ctx) {
        if (ctx.actor.kind !== 'cli') throw new Failure('forbidden', 'Only the operator rotates the signing key.')
        const rotated = await keys.rotate(ctx)
        return { result: rotated, subject: rotated.keyId, after: { retired_ids: rotated.retired } }
      },
    }),
  )
