import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { change } from '#kernel/writes/change'
import { around } from '../around.ts'
import { passwordHashing } from './password-hash.ts'
import { endResets } from './store/people.ts'
import { replacePassword } from './store/new-person.ts'

const Ref = z.strictObject({ user_id: z.string() })

/**
 * Gives a person a new password, ends their sessions and open links, and on request takes away a second factor that they
 * have lost. For the operator, where no mail can be sent; the caller looks up who the person is.
 */
export function resetPerson(system: Db) {
  const write = change({
    action: 'access.reset-person',
    scope: 'access:write',
    effect: 'update',
    input: Ref.extend({ hash: z.string(), second_factor: z.boolean() }),
    output: z.undefined(),
    async work(ctx, { user_id, hash, second_factor }) {
      await replacePassword(ctx, { user_id, hash, second_factor, now: ctx.clock() })
      await endResets(ctx, { user_id })
      return { result: undefined, subject: user_id, after: { second_factor_removed: second_factor } }
    },
  })
  return around(write, {
    input: Ref.extend({ password: z.string(), second_factor: z.boolean() }),
    output: z.undefined(),
    async run(ctx, { password, ...person }) {
      const hash = await passwordHashing.hash(password)
      // Accounts have no tenant, so only the system handle can write them.
      return write({ ...ctx, db: system }, { ...person, hash })
    },
  })
}
