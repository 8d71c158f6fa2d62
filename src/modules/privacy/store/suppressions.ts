import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
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

const suppressing = statement<{ tenant_id: string }>(
  'privacy.tenants-with-suppressions',
  `with recursive tenants as (
     (select tenant_id from privacy.suppressions order by tenant_id limit 1)
     union all
     select (select s.tenant_id from privacy.suppressions s where s.tenant_id > t.tenant_id order by s.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants t
   where exists (select from privacy.suppressions s where s.tenant_id = t.tenant_id and s.returned_at is null)`,
)

/** The tenants that erased somebody who has not been seen again. `system` sees every tenant. */
export async function tenantsWithSuppressions(system: Db): Promise<string[]> {
  return (await suppressing(system, [])).map(({ tenant_id }) => tenant_id)
}

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
