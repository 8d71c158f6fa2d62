import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { event } from '#kernel/jobs/event'
import { DEAD_LETTERS, openJobQueue } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'
import type { Tx } from '#kernel/database/db'
import { transact } from '#kernel/database/transact'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { Payload, recording, testWorkers } from '../../../test/support/worker.ts'
import type { JobObserver } from './run-job.ts'

describe('the worker', { timeout: 30_000 }, async () => {
  const database = await testDatabase()
  const [tenant, other] = await Promise.all([testTenant(database), testTenant(database)])
  const tenantIds = [tenant.tenantId, other.tenantId]
  const startJobs = await testWorkers(database, [tenant, other])
  const start = (jobs: readonly Job[], observe?: JobObserver) => startJobs(jobs, observe ? { observe } : {})

  it('delivers an event whose transaction commits, as the job, for its tenant; one rolled back never', async () => {
    const listener = recording('test.on-added', { on: event('test.added', Payload) })
    const { queue } = await start([listener.job])
    const publish = (tx: Tx, customerId: string) =>
      queue.outbox.publish(tx, tenant.tenantId, [{ name: 'test.added', payload: { customerId } }])

    const broken = transact(tenant.ctx().db, async (tx) => {
      await publish(tx, 'cus_lost')
      throw new Error('rolled back')
    })
    await expect(broken).rejects.toThrow('rolled back')
    await transact(tenant.ctx().db, (tx) => publish(tx, 'cus_kept'))

    const [run] = await listener.until(1)
    expect(run?.payload).toEqual({ customerId: 'cus_kept' })
    expect(run?.ctx).toMatchObject({ tenantId: tenant.tenantId, actor: { kind: 'job', id: 'test.on-added' } })
    expect(listener.runs).toHaveLength(1)
  })

  it('delivers no event that is published and declared nowhere: the change that publishes it fails', async () => {
    const queue = await openJobQueue({ owner: database.owner, log: quiet, work: false })
    onTestFinished(() => queue.close(1))
    await queue.register([], [event('test.known', Payload)])
    const publish = (name: string) =>
      transact(tenant.ctx().db, (tx) =>
        queue.outbox.publish(tx, tenant.tenantId, [{ name, payload: { customerId: 'cus_1' } }]),
      )
    await expect(publish('test.known')).resolves.toBeUndefined()
    await expect(publish('test.unknown')).rejects.toThrow('test.unknown is not declared by any module')
  })

  it('turns one order of a schedule into a run for every tenant', async () => {
    const nightly = recording('test.nightly', { cron: '0 3 * * *', payload: z.strictObject({}) })
    const { queue } = await start([nightly.job])
    expect(await queue.boss.getSchedules()).toMatchObject([
      { name: 'test.nightly', cron: '0 3 * * *', timezone: 'UTC' },
    ])

    await queue.boss.send('test.nightly', { kind: 'every-tenant' })
    const runs = await nightly.until(2)
    expect(runs.map(({ ctx }) => ctx.tenantId).toSorted()).toEqual(tenantIds.toSorted())
  })

  it('takes down the schedule of a job that is gone', async () => {
    const { queue } = await start([recording('test.unscheduled').job])
    expect(await queue.boss.getSchedules()).toEqual([])
  })

  it('tries a failed run again, and puts it among the dead letters when its retries are used up', async () => {
    const outcomes: string[] = []
    const failing = recording('test.failing', {
      on: event('test.doomed', Payload),
      retries: 1,
      act: () => Promise.reject(new Error('the vendor is down')),
    })
    const { queue } = await start([failing.job], (_, outcome) => outcomes.push(outcome))
    const dead = Promise.withResolvers<unknown>()
    await queue.boss.work(DEAD_LETTERS, { pollingIntervalSeconds: 0.5 }, async ([letter]) => dead.resolve(letter?.data))

    const published = { name: 'test.doomed', payload: { customerId: 'cus_1' } }
    await transact(tenant.ctx().db, (tx) => queue.outbox.publish(tx, tenant.tenantId, [published]))

    expect(await dead.promise).toEqual({ kind: 'tenant', tenantId: tenant.tenantId, payload: published.payload })
    expect(failing.runs).toHaveLength(2)
    expect(outcomes).toEqual(['failed', 'failed'])
  })

  it('refuses a payload the job does not take before the job sees it', async () => {
    const refused = Promise.withResolvers<unknown>()
    const strict = recording('test.strict', { on: event('test.odd', Payload), retries: 0 })
    const { queue } = await start([strict.job], (name, outcome) => refused.resolve([name, outcome]))
    const published = { name: 'test.odd', payload: { customer: 7 } }
    await transact(tenant.ctx().db, (tx) => queue.outbox.publish(tx, tenant.tenantId, [published]))

    expect(await refused.promise).toEqual(['test.strict', 'invalid'])
    expect(strict.runs).toEqual([])
  })

  it('aborts a run at its deadline', async () => {
    const ended = Promise.withResolvers<unknown>()
    const slow = recording('test.slow', {
      on: event('test.slow', Payload),
      retries: 0,
      timeoutSeconds: 1,
      act: (ctx) => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
    })
    const { queue } = await start([slow.job], (_, outcome) => ended.resolve(outcome))
    const published = { name: 'test.slow', payload: { customerId: 'cus_1' } }
    await transact(tenant.ctx().db, (tx) => queue.outbox.publish(tx, tenant.tenantId, [published]))

    expect(await ended.promise).toBe('timeout')
  })

  it('that stops waits for the run in progress', async () => {
    const mayEnd = Promise.withResolvers<void>()
    const outcomes: string[] = []
    const long = recording('test.long', { on: event('test.long', Payload), act: () => mayEnd.promise })
    const { queue, worker } = await start([long.job], (_, outcome) => outcomes.push(outcome))
    const published = { name: 'test.long', payload: { customerId: 'cus_1' } }
    await transact(tenant.ctx().db, (tx) => queue.outbox.publish(tx, tenant.tenantId, [published]))
    await long.until(1)

    const stopped = worker.stop(30)
    expect(outcomes).toEqual([])
    mayEnd.resolve()
    await stopped
    expect(outcomes).toEqual(['done'])
  })

  it('leaves a tenant able to add work and unable to read any', async () => {
    await expect(sql`select data from jobs.job`.execute(tenant.ctx().db)).rejects.toThrow(/permission denied/)
    await expect(sql`delete from jobs.job`.execute(tenant.ctx().db)).rejects.toThrow(/permission denied/)
  })
})
