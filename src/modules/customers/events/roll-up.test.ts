import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { RegisterClientInput } from '../accounts/contract.ts'
import { registerClient } from '../accounts/register-client.ts'
import { saveCalls } from './ingest.ts'
import { eventJobs } from './jobs.ts'
import { recordEvent } from './record-event.ts'
import { rollUp } from './roll-up.ts'
import type { SegmentCall } from './segment.ts'

const database = await testDatabase()

const group = (groupId: string): SegmentCall => ({
  kind: 'group',
  messageId: `group-${groupId}`,
  userId: null,
  groupId,
  createdOn: null,
  traitsJson: '{}',
})

interface Use {
  readonly client: number
  readonly day: number
  readonly hour: number
  readonly user: number | null
  readonly feature: number
  readonly seconds: number
  readonly isError: boolean
}

const event = (use: Use, index: number): SegmentCall => ({
  kind: 'event',
  messageId: `m${index}`,
  occurredAt: new Date(Date.UTC(2026, 10, use.day, use.hour)).toISOString(),
  name: 'used',
  userId: use.user === null ? null : `u${use.user}`,
  groupId: `c${use.client}`,
  feature: `f${use.feature}`,
  sessionId: null,
  durationSeconds: use.seconds,
  isError: use.isError,
  propertiesJson: null,
})

const uses = fc.array(
  fc.record({
    client: fc.nat(2),
    day: fc.integer({ min: 1, max: 4 }),
    hour: fc.nat(23),
    user: fc.option(fc.nat(3)),
    feature: fc.nat(2),
    seconds: fc.nat(600),
    isError: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
)

const rollups = async (tenant: TestTenant) => {
  const read = async (columns: string, table: string) => {
    const { rows } = await database.owner.query(
      `select ${columns} from customers.${table} where tenant_id = $1 order by ${columns}`,
      [tenant.tenantId],
    )
    return rows
  }
  return {
    days: await read(
      'client_id, day::text, events::int, active_users, round(minutes::numeric, 6)::text, errors::int, features',
      'usage_daily',
    ),
    features: await read(
      'client_id, day::text, feature, events::int, active_users, errors::int',
      'usage_daily_features',
    ),
    users: await read('client_id, day::text, user_id, events::int, features', 'usage_daily_users'),
  }
}

/** What the rollup of days must say, counted in the plainest way. */
const expectedDays = (all: readonly Use[]) => {
  const days = Map.groupBy(all, (use) => `c${use.client} 2026-11-0${use.day}`)
  return [...days.keys()].toSorted().map((key) => {
    const of = days.get(key) ?? []
    const [client_id = '', day = ''] = key.split(' ')
    return {
      client_id,
      day,
      events: of.length,
      errors: of.filter(({ isError }) => isError).length,
      active_users: new Set(of.flatMap(({ user }) => user ?? [])).size,
      round: (of.reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(6),
      features: new Set(of.map(({ feature }) => feature)).size,
    }
  })
}

const jobNamed = (wanted: string) => {
  const found = eventJobs().find(({ name }) => name === wanted)
  if (found === undefined) throw new Error(`there is no job ${wanted}`)
  return found
}

describe('rollups', () => {
  // First in this file: a month whose rows went to the default partition already keeps them there.
  it('have the partitions of this month and the next three created ahead', async () => {
    const tenant = await testTenant(database)
    await eventJobs()
      .find(({ name }) => name === 'customers.prepare-usage-partitions')
      ?.run(tenant.ctx(), {})
    const { rows } = await database.owner.query(
      "select to_regclass('customers.usage_events_' || m) is not null as made from unnest(array['202611', '202612', '202701', '202702']) m",
    )
    expect(rows.map(({ made }) => made)).toEqual([true, true, true, true])
  })

  it('are the same for every split, order, repetition and intermediate roll-up of the events', {
    timeout: 120_000,
  }, async () => {
    const split = fc.array(
      fc.record({ size: fc.integer({ min: 1, max: 12 }), rollUp: fc.boolean(), repeat: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    await fc.assert(
      fc.asyncProperty(uses, split, fc.infiniteStream(fc.nat()), async (all, steps, chance) => {
        const [whole, parts] = [await testTenant(database), await testTenant(database)]
        const events = all.map(event)
        const groups = ['c0', 'c1', 'c2'].map(group)
        await saveCalls(whole.ctx(), [...groups, ...events])
        await rollUp(whole.ctx())

        const shuffled = events
          .map((call) => ({ call, at: chance.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ call }) => call)
        for (let done = 0, turn = 0; done < shuffled.length; turn++) {
          const step = steps[turn % steps.length] ?? { size: 1, rollUp: false, repeat: false }
          const batch = shuffled.slice(done, done + step.size)
          // The groups come last, or in between: until then their events are held.
          await saveCalls(parts.ctx(), turn === 1 ? [...batch, ...groups] : batch)
          if (step.repeat) await saveCalls(parts.ctx(), batch)
          if (step.rollUp) await rollUp(parts.ctx())
          done += step.size
        }
        await saveCalls(parts.ctx(), groups)
        await rollUp(parts.ctx())

        const result = await rollups(whole)
        expect(await rollups(parts)).toEqual(result)
        expect(result.days).toEqual(expectedDays(all))
      }),
      { numRuns: 25 },
    )
  })

  it('miss no event of concurrent writers', { timeout: 60_000 }, async () => {
    const tenant = await testTenant(database)
    await saveCalls(tenant.ctx(), [group('c0')])
    const use = { client: 0, day: 1, user: 1, feature: 1, seconds: 1, isError: false }
    const writers = Array.from({ length: 120 }, async (_, index) => {
      await saveCalls(tenant.ctx(), [event({ ...use, hour: index % 24 }, index)])
      if (index % 5 === 0) await rollUp(tenant.ctx(), { clientId: 'c0' })
    })
    await Promise.all(writers)
    await rollUp(tenant.ctx())
    expect((await rollups(tenant)).days).toMatchObject([{ client_id: 'c0', events: 120 }])
  })

  it('stay for a marked day without changes, and are deleted for a day without events', async () => {
    const tenant = await testTenant(database)
    const use = { client: 0, day: 1, hour: 9, user: 0, feature: 0, seconds: 60, isError: false }
    await saveCalls(tenant.ctx(), [group('c0'), event(use, 1)])
    await rollUp(tenant.ctx())
    const first = await rollups(tenant)
    await saveCalls(tenant.ctx(), [event({ ...use, day: 2 }, 2)])
    await rollUp(tenant.ctx())
    expect((await rollups(tenant)).days).toHaveLength(2)
    await database.owner.query(`delete from customers.usage_events where tenant_id = $1 and message_id = 'm2'`, [
      tenant.tenantId,
    ])
    await database.owner.query(
      `insert into customers.usage_dirty (tenant_id, client_id, day)
       select $1, 'c0', day from unnest('{2026-11-01,2026-11-02}'::date[]) day`,
      [tenant.tenantId],
    )
    expect(await rollUp(tenant.ctx())).toEqual({ days: 2 })
    expect(await rollups(tenant)).toEqual(first)
  })

  it('of a bulk load are computed with fresh statistics, which autovacuum would refresh later', async () => {
    const tenant = await testTenant(database)
    await database.owner.query(
      `insert into customers.usage_events (tenant_id, client_id, occurred_at, message_id, event_name)
       select $1, 'c' || n % 200, timestamptz '2026-09-01' + n / 200 * interval '1 day', 'm' || n, 'used'
       from generate_series(1, 12000) n`,
      [tenant.tenantId],
    )
    await database.owner.query(
      `insert into customers.usage_dirty (tenant_id, client_id, day)
       select distinct tenant_id, client_id, (occurred_at at time zone 'UTC')::date
       from customers.usage_events where tenant_id = $1`,
      [tenant.tenantId],
    )
    expect(await rollUp(tenant.ctx())).toEqual({ days: 12_000 })
    const { rows } = await database.owner.query(
      `select reltuples::int >= 10000 as known from pg_class where oid = 'customers.usage_daily'::regclass`,
    )
    expect(rows).toEqual([{ known: true }])
  })

  it('are due only for tenants with marked days', async () => {
    const [marked, other] = await Promise.all([testTenant(database), testTenant(database)])
    const { due } = jobNamed('customers.roll-up-usage')
    const isDue = async ({ tenantId }: TestTenant) =>
      typeof due === 'function' && (await due(database.system, TEST_NOW)).includes(tenantId)
    const use = { client: 0, day: 1, hour: 1, user: 1, feature: 1, seconds: 60, isError: false }
    await saveCalls(marked.ctx(), [group('c0'), event(use, 1)])
    await saveCalls(other.ctx(), [group('c0')])
    expect([await isDue(marked), await isDue(other)]).toEqual([true, false])
    await rollUp(marked.ctx())
    expect(await isDue(marked)).toBe(false)
  })

  it('count events that arrived before their customer was registered', async () => {
    const tenant = await testTenant(database)
    const { due, on, run } = jobNamed('customers.attribute-events')
    const isDue = async () =>
      typeof due === 'function' && (await due(database.system, TEST_NOW)).includes(tenant.tenantId)
    const use = { client: 0, day: 1, hour: 1, user: null, feature: 1, seconds: 60, isError: false }
    await saveCalls(tenant.ctx(), [event(use, 1), event({ ...use, client: 1 }, 2)])
    const registration = { client_name: 'C', company_name: 'C', contract_start_date: '2026-01-01' }
    await registerClient(tenant.ctx(), RegisterClientInput.parse({ ...registration, client_id: 'c0' }))
    const published = tenant.published.find(({ name }) => name === on?.name)
    expect(published?.payload).toEqual({ client_id: 'c0' })
    await run(tenant.ctx(), published?.payload)
    await rollUp(tenant.ctx())
    expect((await rollups(tenant)).days).toMatchObject([{ client_id: 'c0', events: 1 }])
    expect(await isDue()).toBe(true)
    await run(tenant.ctx(), {})
    expect((await rollups(tenant)).days).toHaveLength(1)
  })

  it('are computed every minute by a job that can safely run twice', async () => {
    const tenant = await testTenant(database)
    const job = eventJobs().find(({ name }) => name === 'customers.roll-up-usage')
    expect(job?.cron).toBe('* * * * *')
    await saveCalls(tenant.ctx(), [
      group('c0'),
      event({ client: 0, day: 1, hour: 1, user: 1, feature: 1, seconds: 60, isError: true }, 1),
    ])
    await job?.run(tenant.ctx(), {})
    const once = await rollups(tenant)
    await job?.run(tenant.ctx(), {})
    expect(once.days).toHaveLength(1)
    expect(await rollups(tenant)).toEqual(once)
  })
})

describe('a manually recorded event', () => {
  it('counts for its customer, once for its message id, and is audited', async () => {
    const tenant = await testTenant(database)
    await saveCalls(tenant.ctx(), [group('acme')])
    const login = { clientId: 'acme', eventName: 'login', properties: { feature: 'sso', odd: '\0' }, messageId: 'm' }
    expect(await recordEvent(tenant.ctx(), login)).toEqual({
      messageId: 'm',
      occurredAt: TEST_NOW.toISOString(),
      isNew: true,
    })
    expect(await recordEvent(tenant.ctx(), login)).toMatchObject({ isNew: false })
    await rollUp(tenant.ctx(), { clientId: 'acme' })
    expect((await rollups(tenant)).features).toMatchObject([{ client_id: 'acme', feature: 'sso', events: 1 }])
    const { rows } = await database.owner.query(
      "select subject from audit.events where tenant_id = $1 and action = 'customers.record-event'",
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ subject: 'acme' }, { subject: 'acme' }])
  })

  it('is refused to a read-only caller, and for a customer of another tenant', async () => {
    const [mine, other] = [await testTenant(database), await testTenant(database)]
    await saveCalls(other.ctx(), [group('acme')])
    const login = { clientId: 'acme', eventName: 'login' }
    await expect(recordEvent(mine.ctx(), login)).rejects.toMatchObject({ kind: 'not_found' })
    await expect(recordEvent(other.ctx({ scopes: ['customers:read'] }), login)).rejects.toMatchObject({
      kind: 'forbidden',
    })
  })

  it('is left for the next run when another roll-up holds the mark of its day: nobody waits', async () => {
    const tenant = await testTenant(database)
    const use = { client: 0, day: 1, hour: 9, user: 0, feature: 0, seconds: 60, isError: false }
    await saveCalls(tenant.ctx(), [group('c0'), event(use, 1), event({ ...use, day: 2 }, 2)])
    const other = await database.owner.connect()
    onTestFinished(() => other.release())
    await other.query('begin')
    await other.query(`select from customers.usage_dirty where tenant_id = $1 and day = '2026-11-01' for update`, [
      tenant.tenantId,
    ])
    // Would wait for ever if it waited.
    expect(await rollUp(tenant.ctx())).toEqual({ days: 1 })
    await other.query('rollback')
    expect(await rollUp(tenant.ctx())).toEqual({ days: 1 })
  })

  it('does not wait, nor is missed, when it arrives while a roll-up holds the mark of its day', async () => {
    const tenant = await testTenant(database)
    const use = { client: 0, day: 1, hour: 9, user: 0, feature: 0, seconds: 60, isError: false }
    await saveCalls(tenant.ctx(), [group('c0'), event(use, 1)])
    const other = await database.owner.connect()
    onTestFinished(() => other.release())
    await other.query('begin')
    await other.query('delete from customers.usage_dirty where tenant_id = $1', [tenant.tenantId])
    // Would wait for ever if it waited.
    await saveCalls(tenant.ctx(), [event({ ...use, hour: 10 }, 2)])
    await other.query('rollback')
    const marks = await database.owner.query('select from customers.usage_dirty where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(marks.rowCount).toBe(2)
    expect(await rollUp(tenant.ctx())).toEqual({ days: 1 })
    expect((await rollups(tenant)).days).toMatchObject([{ client_id: 'c0', events: 2 }])
  })
})
