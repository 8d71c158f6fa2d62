import { z } from 'zod'
import { personal } from '#kernel/audit'
import { ROLES } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { change } from '#kernel/writes/change'
import { around } from '../around.ts'
import { tenantExists } from '../store.ts'
import { passwordHashing } from './password-hash.ts'
import { passwordFieldProblem, passwordProblems } from './password-rule.ts'
import { addMember } from './store/members.ts'
import { insertPerson } from './store/new-person.ts'

const Named = z.strictObject({ email: z.string(), name: z.string(), role: z.enum(ROLES) })
const NewPerson = Named.extend({ password: z.string() })
export type NewPerson = z.output<typeof NewPerson>

/**
 * Makes the account of a person whom the operator vouches for, with a confirmed address, and a member of the context's
 * tenant, where they then work: how an organisation gets its first owner where nobody can be sent a mail. Throws
 * `Failure('conflict')` when the address has an account.
 */
export function addPerson(system: Db) {
  const write = change({
    action: 'access.add-person',
    scope: 'access:write',
    effect: 'create',
    input: Named.extend({ hash: z.string() }),
    output: z.object({ userId: z.string() }),
    async work(ctx, { email, name, role, hash }) {
      if (!(await tenantExists(ctx))) {
        throw new Failure('not_found', `There is no tenant ${ctx.tenantId}. Make it first: plimsoll tenants create.`)
      }
      const now = ctx.clock()
      const userId = newId('usr', now)
      const person = { user_id: userId, account_id: newId('acc', now), email, name, hash, now }
      if (!(await insertPerson(ctx, person))) {
        const message = 'There is an account with this address: invite that person instead, under /api/v1/invitations.'
        throw new Failure('conflict', message, { code: 'EMAIL_TAKEN' })
      }
      await addMember(ctx, { id: newId('mbr', now), user_id: userId, role, since: now })
      const after = { role, email: personal(`user:${userId}`, email), name: personal(`user:${userId}`, name) }
      return { result: { userId }, subject: userId, after }
    },
  })
  return around(write, {
    input: NewPerson,
    output: write.output,
    async run(ctx, { password, ...person }) {
      const problems = await passwordProblems(password, person.email)
      if (problems.length > 0) {
        throw new Failure('invalid', 'The password is too weak.', {
          problems: [passwordFieldProblem('password', problems)],
        })
      }
      const hash = await passwordHashing.hash(password)
      // People are rows of no tenant: only the system handle writes them.
      return write({ ...ctx, db: system }, { ...person, hash })
    },
  })
}
