import { personal } from '#kernel/audit'
import type { Role } from '#kernel/principal'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { tenantExists } from '../store.ts'
import { passwordHashing } from './password-hash.ts'
import { passwordFieldProblem, passwordProblems } from './password-rule.ts'
import { addMember } from './store/members.ts'
import { insertPerson } from './store/new-person.ts'

export interface NewPerson {
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly password: string
}

/**
 * Makes the account of a person whom the operator vouches for, with a confirmed address, and a member of the context's
 * tenant, where they then work: how an organisation gets its first owner where nobody can be sent a mail. Throws
 * `Failure('conflict')` when the address has an account.
 */
export function addPerson(system: Db) {
  const write = change<Omit<NewPerson, 'password'> & { hash: string }, { userId: string }>(
    'access.add-person',
    'access:write',
    async (ctx, { email, name, role, hash }) => {
      if (!(await tenantExists(ctx))) {
        throw new Failure('not_found', `There is no tenant ${ctx.tenantId}. Make it first: plimsoll tenants create.`)
      }
      const now = ctx.clock()
      const [userId, accountId] = [newId('usr', now), newId('acc', now)]
      if (!(await insertPerson(ctx.db, { userId, accountId, email, name, hash, now }))) {
        const message = 'There is an account with this address: invite that person instead, under /api/v1/invitations.'
        throw new Failure('conflict', message, { code: 'EMAIL_TAKEN' })
      }
      await addMember(ctx, { id: newId('mbr', now), userId, role, since: now })
      const after = { role, email: personal(`user:${userId}`, email), name: personal(`user:${userId}`, name) }
      return { result: { userId }, subject: userId, after }
    },
  )
  return async (ctx: Ctx, { password, ...person }: NewPerson): Promise<{ userId: string }> => {
    const problems = passwordProblems(password, person.email)
    if (problems.length > 0) {
      throw new Failure('invalid', 'The password is too weak.', {
        problems: [passwordFieldProblem('password', problems)],
      })
    }
    const hash = await passwordHashing.hash(password)
    // People are rows of no tenant: only the system handle writes them.
    return write({ ...ctx, db: system }, { ...person, hash })
  }
}
