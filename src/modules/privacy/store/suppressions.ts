import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const count = statement<{ found: boolean }>(
  'privacy.has-suppressions',
  'select exists (select from privacy.suppressions where tenant_id = $1 and returned_at is null) as found',
)
const among = statement<{ found: boolean }>(
  'privacy.find-suppressed',
  `select exists (select from privacy.suppressions
     where tenant_id = $1 and subject_hash = any($2::text[]) and returned_at is null) as found`,
)
const markReturned = statement<{ subject_hash: string; request_id: string }>(
  'privacy.mark-returned',
  `update privacy.suppressions set returned_at = $3
   where tenant_id = $1 and subject_hash = any($2::text[]) and returned_at is null returning subject_hash, request_id`,
)
const listReturned = statement<{ subject_hash: string; request_id: string; erased_at: Date; returned_at: Date }>(
  'privacy.list-returned',
  `select subject_hash, request_id, erased_at, returned_at from privacy.suppressions
   where tenant_id = $1 and returned_at is not null order by returned_at desc limit $2`,
)

export async function hasSuppressions(ctx: Ctx): Promise<boolean> {
  const [row] = await count(ctx.db, [ctx.tenantId])
  return row?.found === true
}

export async function anySuppressed(ctx: Ctx, hashes: readonly string[]): Promise<boolean> {
  const [row] = await among(ctx.db, [ctx.tenantId, hashes])
  return row?.found === true
}

/** Of these hashes, those of people who were erased and had not been seen again until now. */
export async function saveReturned(ctx: Ctx, hashes: readonly string[]) {
  return markReturned(ctx.db, [ctx.tenantId, hashes, ctx.clock()])
}

export async function findReturned(ctx: Ctx, limit: number) {
  return listReturned(ctx.db, [ctx.tenantId, limit])
}
