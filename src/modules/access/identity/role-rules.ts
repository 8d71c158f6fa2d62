import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'

/** Keys that may change members do so as an admin does; whoever sits at the machine, as an owner. */
function actingRole({ role, actor }: Pick<Ctx, 'role' | 'actor'>): Role {
  return role ?? (actor.kind === 'cli' ? 'owner' : 'admin')
}

/** Nobody gives, or takes from, a role above their own. */
export function requireRank(ctx: Pick<Ctx, 'role' | 'actor'>, role: Role): void {
  const own = actingRole(ctx)
  if (ROLES.indexOf(role) <= ROLES.indexOf(own)) return
  throw new Failure('forbidden', `This concerns the role ${role}, which is above yours (${own}).`, {
    code: 'ROLE_ABOVE_YOURS',
  })
}

/** The person a call is made by; keys of services and jobs are nobody. */
export function requirePerson({ userId }: Pick<Ctx, 'userId'>): string {
  if (userId !== undefined) return userId
  throw new Failure('forbidden', 'Only a person has an account: sign in.', { code: 'PERSON_NEEDED' })
}
