import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { JobQueue, QueuedWork } from '#kernel/jobs/job-queue'
import { event } from '#kernel/jobs/event'
import { transact } from '#kernel/database/transact'
import { testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../test/support/tenant.ts'
import { Payload, recording, testWorkers } from '../../../test/support/worker.ts'

const SCHEDULED = { cron: '0 3 * * *', payload: z.strictObject({}) }
/** Longer than any test: whatever is done was not found by looking again. */
const NEVER_SECONDS = 600

describe('a schedule', { timeout: 30_000 }, async () => {
  const database = await testDatabase()
  const [tenant, other] = await Promise.all([testTenant(database), testTenant(database)])
  const start = await testWorkers(database, [tenant, other])

  const tick = (queue: JobQueue, job: string) => queue.boss.send(job, { kind: 'every-tenant' })
  const states = async (queue: JobQueue, job: string) =>
    (await queue.boss.findJobs<QueuedWork>(job)).map(({ state }) => state)
  /** Until so many pieces of work, orders among them, were done. */
  const done = (queue: JobQueue, job: string, count: number) =>
    vi.waitFor(
      async () => {
        const found = await states(queue, job)
        expect(found.filter((state) => state === 'completed')).toHaveLength(count)
      },
      { timeout: 20_000, interval: 50 },
    )

  it('queues the tenants that a job says are due, and no other', async () => {
    const asked: unknown[] = []
    const picky = recording('test.picky', {
      ...SCHEDULED,
      due: (...told) => {
        asked.push(told)
        return Promise.resolve([other.tenantId])
      },
    })
    const { queue } = await start([picky.job])
    await tick(queue, 'test.picky')
    await done(queue, 'test.picky', 2)
    expect(picky.runs.map(({ ctx }) => ctx.tenantId)).toEqual([other.tenantId])
    expect(asked).toEqual([[database.system, TEST_NOW]])
  })

  it('puts nothing into the queue when nobody is due', async () => {
    const idle = recording('test.idle', { ...SCHEDULED, due: () => Promise.resolve([]) })
    const { queue } = await start([idle.job])
    await tick(queue, 'test.idle')
    await done(queue, 'test.idle', 1)
    expect(await states(queue, 'test.idle')).toHaveLength(1)
  })

  it('asks again who is due when it could not be told', async () => {
    const answers = [() => Promise.reject(new Error('the database is away')), () => Promise.resolve([other.tenantId])]
    const shaky = recording('test.shaky', { ...SCHEDULED, due: () => answers.shift()?.() ?? Promise.resolve([]) })
    const { queue } = await start([shaky.job])
    await tick(queue, 'test.shaky')
    expect((await shaky.until(1))[0]?.ctx.tenantId).toBe(other.tenantId)
  })

  it('has what is for all tenants together done once', async () => {
    const once = recording('test.once', { ...SCHEDULED, due: 'one-tenant' })
    const { queue } = await start([once.job])
    await tick(queue, 'test.once')
    await done(queue, 'test.once', 2)
    expect(once.runs.map(({ ctx }) => ctx.tenantId)).toEqual([tenant.tenantId])
  })

  it('queues no tenant again whose work of an earlier tick has not ended', async () => {
    const mayEnd = Promise.withResolvers<void>()
    const slow = recording('test.slow-tick', {
      ...SCHEDULED,
      act: ({ tenantId }) => (tenantId === tenant.tenantId ? mayEnd.promise : Promise.resolve()),
    })
    const { queue } = await start([slow.job])
    await tick(queue, 'test.slow-tick')
    await done(queue, 'test.slow-tick', 2)
    await tick(queue, 'test.slow-tick')
    await done(queue, 'test.slow-tick', 4)
    mayEnd.resolve()
    await done(queue, 'test.slow-tick', 5)
    expect(slow.runs.map(({ ctx }) => ctx.tenantId).toSorted()).toEqual(
      [tenant.tenantId, other.tenantId, other.tenantId].toSorted(),
    )
  })

  it('queues a tenant beside the events that the same job was told of', async () => {
    const mayEnd = Promise.withResolvers<void>()
    const payload = z.object({ customerId: z.string().optional() })
    const both = recording('test.both', {
      ...SCHEDULED,
      on: event('test.both-added', Payload),
      payload,
      act: () => mayEnd.promise,
    })
    const { queue } = await start([both.job])
    const { db } = tenant.ctx()
    const events = ['cus_1', 'cus_2'].map((customerId) => ({ name: 'test.both-added', payload: { customerId } }))
    await transact(db, (tx) => queue.outbox.publish(tx, tenant.tenantId, events))
    await both.until(2)
    await tick(queue, 'test.both')
    await both.until(4)
    mayEnd.resolve()
    await done(queue, 'test.both', 5)
    expect(both.runs.map(({ payload: told }) => told)).toEqual(
      expect.arrayContaining([{ customerId: 'cus_1' }, { customerId: 'cus_2' }, {}]),
    )
  })

  it('has a queue of an earlier release hold each tenant once, and loses nothing of it', async () => {
    const { boss } = database.queue
    await boss.createQueue('test.upgraded', { policy: 'standard' })
    const data = { kind: 'tenant', tenantId: tenant.tenantId, payload: {} }
    await boss.insert('test.upgraded', [{ data, singletonKey: tenant.tenantId }])
    const nightly = recording('test.upgraded', SCHEDULED)
    const { queue } = await start([nightly.job])
    await nightly.until(1)
    expect((await queue.boss.getQueue('test.upgraded'))?.policy).toBe('exclusive')
  })
})

describe('of many tenants', { timeout: 30_000 }, async () => {
  const database = await testDatabase()
  const [tenant, other] = await Promise.all([testTenant(database), testTenant(database)])
  const start = await testWorkers(database, [tenant, other])
  const many = Array.from({ length: 60 }, (_, n) => `t-${n}`)

  it('all are done without looking again, while the first of them takes long', async () => {
    const mayEnd = Promise.withResolvers<void>()
    const long = recording('test.long-first', {
      ...SCHEDULED,
      act: ({ tenantId }) => (tenantId === 't-0' ? mayEnd.promise : Promise.resolve()),
    })
    const { queue } = await start([long.job], { tenantIds: many, pollSeconds: NEVER_SECONDS })
    await queue.boss.send('test.long-first', { kind: 'every-tenant' })
    const runs = await long.until(many.length)
    expect(runs.map(({ ctx }) => ctx.tenantId).toSorted()).toEqual(many.toSorted())
    mayEnd.resolve()
  })

  it('one with a backlog of long runs leaves slots to the others, and is worked off', async () => {
    const mayEnd = Promise.withResolvers<void>()
    const greedy = recording('test.greedy', {
      on: event('test.greedy-added', Payload),
      act: ({ tenantId }) => (tenantId === tenant.tenantId ? mayEnd.promise : Promise.resolve()),
    })
    const { queue } = await start([greedy.job], { pollSeconds: NEVER_SECONDS })
    const publish = ({ tenantId, ctx }: typeof tenant, count: number) => {
      const added = { name: 'test.greedy-added', payload: { customerId: 'cus_1' } }
      const events = Array.from({ length: count }, () => added)
      return transact(ctx().db, (tx) => queue.outbox.publish(tx, tenantId, events))
    }
    await publish(tenant, 30)
    await greedy.until(2)
    await publish(other, 10)
    await greedy.until(12)
    expect(greedy.runs.filter(({ ctx }) => ctx.tenantId === other.tenantId)).toHaveLength(10)
    mayEnd.resolve()
    await greedy.until(40)
  })

  it('a job whose long runs fill every place they may leaves one to every other job', async () => {
    const mayEnd = Promise.withResolvers<void>()
    const hogs = ['test.hog-1', 'test.hog-2'].map((name) =>
      recording(name, { ...SCHEDULED, act: () => mayEnd.promise }),
    )
    const small = recording('test.small', SCHEDULED)
    const jobs = [...hogs, small].map(({ job }) => job)
    const { queue } = await start(jobs, { tenantIds: many, pollSeconds: NEVER_SECONDS })
    for (const { job } of hogs) await queue.boss.send(job.name, { kind: 'every-tenant' })
    await vi.waitFor(() => expect(hogs.reduce((sum, { runs }) => sum + runs.length, 0)).toBe(10))
    await queue.boss.send('test.small', { kind: 'every-tenant' })
    await small.until(many.length)
    mayEnd.resolve()
    await Promise.all(hogs.map(({ until }) => until(many.length)))
  })
})
