import type { Ctx } from '#kernel/context'

/** The caller's user id. It is always present, because every task operation requires a person. */
export function personOf({ userId }: Pick<Ctx, 'userId'>): string {
  if (userId === undefined) throw new Error('A task operation was called without a person.')
  return userId
}
