import type { Ctx } from '#kernel/context'
import type { WriteCtx } from '#kernel/writes/change'
import { ensurePartitions, markDirty } from './store/events.ts'

/**
 * Makes the monthly partitions for usage at these instants (ISO text), before it is stored. In a transaction of its
 * own: it locks the whole table for a moment.
 */
export async function makeUsageMonths(ctx: Ctx, instants: readonly string[]): Promise<void> {
  await ensurePartitions(ctx, instants)
}

/**
 * Marks the days of usage that was stored for rolling up, in the transaction that stored it. `clientIds` and `instants`
 * are parallel.
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
