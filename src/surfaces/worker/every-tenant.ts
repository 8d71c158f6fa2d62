import type { PgBoss } from 'pg-boss'
import type { QueuedWork } from '#kernel/jobs/job-queue'

const BATCH = 500
/** A schedule that fires again, or is retried, within this time finds the tenant's work already queued. */
const ONCE_PER_SECONDS = 30

/** Turns a schedule's order into one piece of work per tenant, so that one tenant's failure is its own. */
export async function enqueueEveryTenant(boss: PgBoss, name: string, tenants: readonly string[]): Promise<void> {
  for (let start = 0; start < tenants.length; start += BATCH) {
    const rows = tenants.slice(start, start + BATCH).map((tenantId) => {
      const data: QueuedWork = { kind: 'tenant', tenantId, payload: {} }
      return { data, singletonKey: tenantId, singletonSeconds: ONCE_PER_SECONDS }
    })
    await boss.insert(name, rows)
  }
}
