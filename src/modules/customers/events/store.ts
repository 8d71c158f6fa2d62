import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const ensurePartition = statement<{ made: boolean }>(
  'customers.ensure-usage-partition',
  'select customers.ensure_usage_partition($1::date) as made',
)

/** Makes the monthly partitions that these instants (ISO text) need and that are not there yet. */
export async function ensurePartitions(ctx: Ctx, instants: Iterable<string>): Promise<void> {
  const months = new Set<string>()
  for (const instant of instants) months.add(instant.slice(0, 7))
  for (const month of [...months].toSorted()) await ensurePartition(ctx.db, [`${month}-01`])
}

const mark = statement<never>(
  'customers.mark-usage-dirty',
  `insert into customers.usage_dirty (tenant_id, client_id, day)
   select $1, client_id, day from unnest($2::text[], $3::date[]) as d(client_id, day)
   on conflict (tenant_id, client_id, day) do update set marked_at = now()`,
)

/**
 * Marks days whose rollups are out of date, in the transaction that stored their events. The update locks a mark that
 * is there already: a roll-up that takes the mark away either waits for this transaction or sees its events. In
 * one order, so that two writers never wait for each other.
 */
export async function markDirty(ctx: Ctx, clientIds: readonly string[], days: readonly string[]): Promise<void> {
  const marks = new Map(
    clientIds.map((clientId, index) => [`${clientId} ${days[index]}`, [clientId, days[index]] as const]),
  )
  const sorted = [...marks.keys()].toSorted().flatMap((key) => [marks.get(key)])
  await mark(ctx.db, [ctx.tenantId, sorted.map((entry) => entry?.[0]), sorted.map((entry) => entry?.[1])])
}
