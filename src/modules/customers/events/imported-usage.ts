import type { Ctx } from '#kernel/context'
import type { WriteCtx } from '#kernel/writes/change'
import { ensurePartitions, markDirty } from './store/events.ts'

/**
 * Creates the monthly partitions for usage at these instants (ISO text) before it is stored. Runs in a transaction of
 * its own, because it briefly locks the whole table.
 */
export async function createUsagePartitions(ctx: Ctx, instants: readonly string[]): Promise<void> {
  await ensurePartitions(ctx, instants)
}

/**
 * Marks the days of stored usage for roll-up, in the transaction that stored it. `clientIds` and `instants` are
 * parallel arrays.
 */
export async function markUsageDays(
  ctx: WriteCtx,
  clientIds: readonly string[],
  instants: readonly string[],
): Promise<void> {
  await markDirty(
    ctx,
    clientIds,
    instants.map((instant) => instant.slice(0, 10)),
  )
}
