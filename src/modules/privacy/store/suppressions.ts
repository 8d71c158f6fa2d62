import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const Hashes = z.array(z.string()).readonly()
const Found = z.strictObject({ found: z.boolean() })
const Returned = z.strictObject({ subject_hash: z.string(), request_id: z.string() })

const save = writing(
  'privacy.save-suppressions',
  sql`insert into privacy.suppressions (tenant_id, subject_hash, request_id, erased_at)
   select :tenant_id, hash, :request_id, :now from unnest(:hashes::text[]) as h(hash)
   on conflict (tenant_id, subject_hash) do update
   set request_id = excluded.request_id, erased_at = excluded.erased_at, returned_at = null`,
  { params: { request_id: z.string(), hashes: Hashes, now: z.date() } },
)
const any = statement(
  'privacy.has-suppressions',
  sql`select exists (select from privacy.suppressions where tenant_id = :tenant_id and returned_at is null) as found`,
  { row: Found },
)
const among = statement(
  'privacy.find-suppressed',
  sql`select exists (select from privacy.suppressions
     where tenant_id = :tenant_id and subject_hash = any(:hashes::text[]) and returned_at is null) as found`,
  { params: { hashes: Hashes }, row: Found },
)
const markReturned = writing(
  'privacy.mark-returned',
  sql`update privacy.suppressions set returned_at = :now
   where tenant_id = :tenant_id and subject_hash = any(:hashes::text[]) and returned_at is null
   returning subject_hash, request_id`,
  { params: { hashes: Hashes, now: z.date() }, row: Returned },
)
const listReturned = statement(
  'privacy.list-returned',
  sql`select request_id, erased_at, returned_at from privacy.suppressions
   where tenant_id = :tenant_id and returned_at is not null order by returned_at desc limit :limit`,
  {
    params: { limit: z.int() },
    row: z.strictObject({ request_id: z.string(), erased_at: z.date(), returned_at: z.date() }),
  },
)

const suppressing = statement(
  'privacy.tenants-with-suppressions',
  sql`with recursive tenants as (
     (select tenant_id from privacy.suppressions order by tenant_id limit 1)
     union all
     select (select s.tenant_id from privacy.suppressions s where s.tenant_id > t.tenant_id order by s.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants t
   where exists (select from privacy.suppressions s where s.tenant_id = t.tenant_id and s.returned_at is null)`,
  { row: z.strictObject({ tenant_id: z.string() }) },
)

/** The tenants with erased people who were not found stored again. `system` is the system handle. */
export async function tenantsWithSuppressions(system: Db): Promise<string[]> {
  return (await suppressing({ db: system })).map(({ tenant_id }) => tenant_id)
}

export async function saveSuppressions(ctx: WriteCtx, requestId: string, hashes: readonly string[]): Promise<void> {
  await save(ctx, { request_id: requestId, hashes, now: ctx.clock() })
}

export async function hasSuppressions(ctx: Ctx): Promise<boolean> {
  const [row] = await any(ctx)
  return row?.found === true
}

export async function anySuppressed(ctx: Ctx, hashes: readonly string[]): Promise<boolean> {
  const [row] = await among(ctx, { hashes })
  return row?.found === true
}

/** Marks the erased people with these hashes as stored again. Returns those not marked before. */
export async function saveReturned(ctx: WriteCtx, hashes: readonly string[]) {
  return markReturned(ctx, { hashes, now: ctx.clock() })
}

export async function findReturned(ctx: Ctx, limit: number) {
  return listReturned(ctx, { limit })
}
