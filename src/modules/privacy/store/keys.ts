import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

const Key = z.strictObject({ sealed: z.string() })
const ByPurpose = { purpose: z.enum(['subjects', 'reports']) }
export type KeyPurpose = z.output<typeof ByPurpose.purpose>

const select = statement(
  'privacy.find-key',
  sql`select sealed from privacy.keys where tenant_id = :tenant_id and purpose = :purpose`,
  { params: ByPurpose, row: Key },
)

const insert = writing(
  'privacy.save-key',
  sql`insert into privacy.keys (tenant_id, purpose, sealed, created_at) values (:tenant_id, :purpose, :sealed, :now)
   on conflict do nothing`,
  { params: { ...ByPurpose, ...Key.shape, now: z.date() } },
)

export async function findKey(ctx: Ctx, purpose: KeyPurpose): Promise<string | undefined> {
  const [row] = await select(ctx, { purpose })
  return row?.sealed
}

/** Stores a key and returns the stored one: when two are stored at once, both calls return the first. */
export async function saveKey(ctx: Ctx, purpose: KeyPurpose, sealed: string): Promise<string> {
  // Autocommit, because a key is made on first use and that may be a read; within a change it joins its transaction.
  await insert(autocommit(ctx), { purpose, sealed, now: ctx.clock() })
  return (await findKey(ctx, purpose)) ?? sealed
}
