import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'

/** The role with which a caller manages members: a person's own, owner for the command line, admin for service keys. */
function actingRole({ role, actor }: Pick<Ctx, 'role' | 'actor'>): Role {
  return role ?? (actor.kind === 'cli' ? 'owner' : 'admin')
}

/** Refuses a change of a role, or to a role, above the caller's own. */
export function requireRank(ctx: Pick<Ctx, 'role' | 'actor'>, role: Role): void {
  const own = actingRole(ctx)
  if (ROLES.indexOf(role) <= ROLES.indexOf(own)) return
  throw new Failure('forbidden', `The role ${role} is above your own (${own}).`, {
    code: 'ROLE_ABOVE_YOURS',
  })
}

/** The id of the person who calls. Refuses service keys and jobs, which belong to no person. */
export function requirePerson({ userId }: Pick<Ctx, 'userId'>): string {
  if (userId !== undefined) return userId
  throw new Failure('forbidden', 'Only a person has an account. Sign in first.', { code: 'PERSON_NEEDED' })
}
