import { afterAll } from 'vitest'
import { z } from 'zod'
import type { Ctx, OpenContext } from '#kernel/context'
import { openSignals } from '#kernel/database/signals'
import { openJobQueue } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'
import type { JobObserver } from '../../src/surfaces/worker/run-job.ts'
import { startWorker } from '../../src/surfaces/worker/worker.ts'
import type { TestDatabase } from './database.ts'
import { quiet } from './database.ts'
import type { TestTenant } from './tenant.ts'
import { TEST_NOW } from './tenant.ts'

/** The payload of the events of these tests. */
export const Payload = z.strictObject({ customerId: z.string() })

export interface StartOptions {
  readonly observe?: JobObserver
  readonly pollSeconds?: number
  readonly tenantIds?: readonly string[]
}

/** Starts workers on a test database, with schedules for the given tenants. They are stopped after the test file. */
export async function testWorkers(database: TestDatabase, tenants: readonly [TestTenant, ...TestTenant[]]) {
  const signals = await openSignals({ connection: { connectionString: database.url }, log: quiet })
  const [template] = tenants
  const known = tenants.map(({ tenantId }) => tenantId)
  const closers: (() => Promise<void>)[] = []
  afterAll(async () => {
    await Promise.all(closers.map((close) => close()))
    await signals.close()
  })

  const openContext: OpenContext = (principal, request) => ({
    ...template.ctx(),
    ...principal,
    ...request,
    db: database.forTenant(principal.tenantId, { signal: request.signal }),
  })

  return async (jobs: readonly Job[], options: StartOptions = {}) => {
    const { observe, pollSeconds = 0.5, tenantIds = known } = options
    const queue = await openJobQueue({ owner: database.owner, log: quiet, signals, work: true, retryDelaySeconds: 1 })
    await queue.register(jobs)
    const worker = await startWorker({
      queue,
      jobs,
      openContext,
      log: quiet,
      pollSeconds,
      system: database.system,
      clock: () => TEST_NOW,
      tenants: () => Promise.resolve(tenantIds),
      ...(observe ? { observe } : {}),
    })
    closers.push(async () => {
      await worker.stop(1)
      await queue.close(1)
    })
    return { queue, worker }
  }
}

/** A job whose runs a test can await one by one. */
export function recording(name: string, extra: Partial<Job> & { act?: (ctx: Ctx) => Promise<void> } = {}) {
  const runs: { ctx: Ctx; payload: unknown }[] = []
  const waiting: (() => void)[] = []
  const { act, ...shape } = extra
  const recorded: Job = {
    name,
    describe: 'Records its runs.',
    payload: Payload,
    scopes: [],
    ...shape,
    run: async (ctx, payload) => {
      runs.push({ ctx, payload })
      for (const wake of waiting.splice(0)) wake()
      await act?.(ctx)
    },
  }
  const until = async (count: number) => {
    while (runs.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    return runs
  }
  return { job: recorded, runs, until }
}
