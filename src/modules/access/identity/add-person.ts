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

const PersonDetails = z.strictObject({ email: z.string(), name: z.string(), role: z.enum(ROLES) })
const NewPerson = PersonDetails.extend({ password: z.string() })
export type NewPerson = z.output<typeof NewPerson>

/**
 * Creates a person's account with a confirmed e-mail address, and makes the person a member of the context's tenant. An
 * operator uses it for the first owner of an organisation where no mail can be sent. Throws `Failure('conflict')` when
 * the address already has an account.
 */
export function addPerson(system: Db) {
  const write = change({
    action: 'access.add-person',
    scope: 'access:write',
    effect: 'create',
    input: PersonDetails.extend({ hash: z.string() }),
    output: z.object({ userId: z.string() }),
    async work(ctx, { email, name, role, hash }) {
      if (!(await tenantExists(ctx))) {
        throw new Failure('not_found', `There is no tenant ${ctx.tenantId}. Create it first: plimsoll tenants create.`)
      }
      const now = ctx.clock()
      const userId = newId('usr', now)
      const person = { user_id: userId, account_id: newId('acc', now), email, name, hash, now }
      if (!(await insertPerson(ctx, person))) {
        const message =
          'An account with this e-mail address already exists. Invite the person instead, under /api/v1/invitations.'
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
      // Users have no tenant, so only the system handle can write them.
      return write({ ...ctx, db: system }, { ...person, hash })
    },
  })
}
