import type { Db } from '#kernel/database/db'
import type { Job } from '#kernel/jobs/job'
import type { JobQueue, QueuedWork } from '#kernel/jobs/job-queue'

const BATCH = 500

export interface DueParts {
  readonly queue: JobQueue
  /** The database handle without a tenant. */
  readonly system: Db
  readonly now: Date
  /** The ids of all tenants. */
  readonly tenants: () => Promise<readonly string[]>
}

/**
 * Enqueues a scheduled job once for each tenant that is due, so that a failure affects only its tenant. A tenant whose
 * work of an earlier tick is still waiting, running or to be retried is not queued again.
 */
export async function enqueueDue(job: Job, { queue, system, now, tenants }: DueParts): Promise<void> {
  const due = await dueTenants(job, { system, now, tenants })
  for (let start = 0; start < due.length; start += BATCH) {
    const rows = due.slice(start, start + BATCH).map((tenantId) => {
      const data: QueuedWork = { kind: 'tenant', tenantId, payload: {} }
      return { data, singletonKey: tenantId }
    })
    await queue.boss.insert(job.name, rows)
  }
}

async function dueTenants({ due }: Job, { system, now, tenants }: Omit<DueParts, 'queue'>): Promise<readonly string[]> {
  if (due === undefined) return tenants()
  if (due === 'one-tenant') return (await tenants()).slice(0, 1)
  return due(system, now)
}
