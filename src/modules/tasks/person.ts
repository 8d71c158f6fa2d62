import type { Ctx } from '#kernel/context'

/** The person whose tasks a call means. There is one: every operation on tasks is personal. */
export function personOf({ userId }: Pick<Ctx, 'userId'>): string {
  if (userId === undefined) throw new Error('Tasks were asked for without a person.')
  return userId
}
