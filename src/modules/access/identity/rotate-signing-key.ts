import { z } from 'zod'
import { change } from '#kernel/writes/change'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { onSystem } from '../around.ts'
import type { SigningKeys } from './signing-keys.ts'

/**
 * Creates a new signing key for access tokens. Every process uses it from the commit on, without a restart; the old
 * keys verify until the tokens they signed have expired. Only for the operator, since it concerns every tenant.
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
        if (ctx.actor.kind !== 'cli') throw new Failure('forbidden', 'Only the operator can rotate the signing key.')
        const rotated = await keys.rotate(ctx)
        return { result: rotated, subject: rotated.keyId, after: { retired_ids: rotated.retired } }
      },
    }),
  )
