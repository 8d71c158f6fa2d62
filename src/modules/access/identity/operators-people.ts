import type { Db } from '#kernel/database/db'
import type { Access } from '../api.ts'
import { changeRole, membersOf, removeMember } from './members.ts'
import { resetPerson } from './reset-person.ts'
import { findMemberByEmail } from './store/members.ts'

/** The people of a tenant, as commands list and change them. */
export function operatorsPeople(system: Db): Access['people'] {
  const list = membersOf(system)
  return {
    list: (ctx) => list(ctx, {}),
    find: (ctx, email) => findMemberByEmail(system, ctx.tenantId, email),
    changeRole,
    remove: removeMember,
    reset: resetPerson(system),
  }
}
