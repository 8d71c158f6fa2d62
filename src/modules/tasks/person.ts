import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'

/** The person whose tasks a call means. Throws `USER_REQUIRED` for credentials that act for nobody. */
export function requirePerson(ctx: Pick<Ctx, 'userId'>): string {
  if (ctx.userId !== undefined) return ctx.userId
  throw new Failure(
    'forbidden',
    'Tasks belong to a person, and this credential acts for none. Sign in, or use an API key that a person made.',
    { code: 'USER_REQUIRED' },
  )
}
