import { z } from 'zod'
import { PLATFORM_TENANT, writeAudit } from '#kernel/audit'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { transact } from '#kernel/database/transact'
import { job } from '#kernel/jobs/job'
import type { Job } from '#kernel/jobs/job'
import type { WriteCtx } from '#kernel/writes/change'
import { expiredBlocks, lockChain, removeEvents, tenantsWithExpiredBlocks } from './store/chain.ts'
import { RETENTION_ACTION } from './verify/removals.ts'
import type { RetentionFacts } from './verify/removals.ts'

const BLOCKS_PER_TRANSACTION = 50
const TRANSACTIONS_MAX = 10_000
const DAY_MILLISECONDS = 86_400_000

/**
 * Deletes the events of the oldest blocks: those whose events, and the events of all blocks before, are older than so many
 * days. The block headers stay. An audit event in the chain records the last block affected. Returns the number of blocks.
 */
export async function removeExpired(system: Db, ctx: Ctx, days: number): Promise<number> {
  const before = daysBefore(ctx.clock(), days)
  let sum = 0
  for (let done = 0; done < TRANSACTIONS_MAX; done++) {
    ctx.signal.throwIfAborted()
    const removed = await transact(system, (db) => removeSome({ ...ctx, db }, before))
    if (removed === 0) return sum
    sum += removed
  }
  return sum
}

const daysBefore = (now: Date, days: number) => new Date(now.getTime() - days * DAY_MILLISECONDS)

async function removeSome(ctx: WriteCtx, before: Date): Promise<number> {
  await lockChain(ctx)
  const blocks = await expiredBlocks(ctx, before, BLOCKS_PER_TRANSACTION)
  const last = blocks.at(-1)
  if (last === undefined) return 0
  await removeEvents(ctx, blocks, before)
  const after: z.output<typeof RetentionFacts> = {
    blocks_through: last.number,
    events: blocks.reduce((sum, block) => sum + block.event_ids.length, 0),
    older_than: before.toISOString(),
  }
  await writeAudit(ctx, { action: RETENTION_ACTION, subject: `block:${last.number}`, after })
  return blocks.length
}

/**
 * The nightly job that deletes expired events, in tenants that have any. Each run also does `PLATFORM_TENANT`, the
 * events without a tenant; where only these have expired, the job is due for `PLATFORM_TENANT` itself.
 */
export function retentionJob(system: Db, days: number): Job {
  return job({
    name: 'audit.remove-expired',
    describe: 'Delete audit events that are older than AUDIT_RETENTION_DAYS, whole blocks at a time.',
    cron: '41 2 * * *',
    due: (on, now) => tenantsWithExpiredBlocks(on, daysBefore(now, days)),
    payload: z.object({}),
    scopes: [],
    run: async (ctx) => {
      await removeExpired(system, ctx, days)
      await removeExpired(system, { ...ctx, tenantId: PLATFORM_TENANT }, days)
    },
  })
}
