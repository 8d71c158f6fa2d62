import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '#kernel/context'
import type { Person, PersonalDataOutcome } from '#kernel/personal-data'
import { withFacts, personOf } from '#kernel/personal-data/person'
import { autocommit } from '#kernel/database/transact'
import { addCustomers } from '../../../../test/support/customer-data.ts'
import { addPerson } from '../../../../test/support/person-data.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import type { TestDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { saveCalls } from '../events/ingest.ts'
import { readSegmentCall } from '../events/segment.ts'
import { customersPersonalData } from './holders.ts'

const ADA = { email: 'ada@example.com', name: 'Ada Lovelace', phone: '+1 (415) 555-0123', userId: 'u-ada' }
const BOB = { email: 'bob@example.com', name: 'Bob Babbage', phone: '+44 20 7946 0958', userId: 'u-bob' }
const IDENTIFIERS = /ada@example\.com|ada%40example|ada\s+lovelace|u-ada|415\D{0,3}555\D{0,3}0123/i

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})

describe('the personal data of the customers module', () => {
  it('is found from an e-mail address: ids, names and phone numbers', async () => {
    const { tenant } = await filled()
    const known = await identified(tenant.ctx(), personOf({ emails: ['ADA@example.com'] }))
    expect([...known.names]).toEqual(['Ada Lovelace'])
    expect([...known.phones]).toEqual(['+14155550123'])
    expect([...known.refs].toSorted()).toEqual(['contact:cnt_u-ada', 'event-user:before-u-ada', 'event-user:u-ada'])
  })

  it.each([{ phones: ['(415) 555-0123'] }, { refs: ['contact:cnt_u-ada'] }, { refs: ['event-user:u-ada'] }])(
    'is found from %j as well',
    async (facts) => {
      const { tenant } = await filled()
      const known = await identified(tenant.ctx(), personOf(facts))
      expect([...known.emails]).toEqual(['ada@example.com'])
    },
  )

  it('is exported completely, with nothing of others except texts that mention the person', async () => {
    const { tenant, ada } = await filled()
    const rows = await Promise.all(customersPersonalData.map((holder) => holder.export(tenant.ctx(), ada)))
    const tables = rows.flat().map((row) => `${String(row['relation'])} ${String(row['table'])}`)
    expect(new Set(tables)).toMatchInlineSnapshot(`
      Set {
        "own customers.contacts",
        "own customers.tracked_users",
        "own customers.same_users",
        "own customers.usage_events",
        "mentioned customers.usage_events",
        "own customers.unattributed_events",
        "own customers.usage_daily_users",
        "mentioned customers.usage_daily_features",
        "mentioned customers.event_receipts",
        "own customers.tickets",
        "mentioned customers.tickets",
        "own customers.survey_answers",
        "own customers.customers",
        "mentioned customers.contracts",
        "mentioned customers.payments",
        "mentioned customers.lifecycle_history",
        "mentioned customers.segments",
        "mentioned customers.milestones",
        "mentioned customers.timeline_events",
      }
    `)
    expect(JSON.stringify(rows.flat())).not.toContain('bob@example.com')
  })

  it('is erased; the data of others is unchanged, and a second erasure finds nothing', async () => {
    const { tenant, ada } = await filled()
    const before = await usageOf(tenant.tenantId)
    const previewed = await outcomes(tenant.ctx(), ada, 'preview')
    const erased = await outcomes(tenant.ctx(), ada, 'erase')
    expect(erased).toEqual(previewed)
    expect(await linesOf(tenant.tenantId)).not.toMatch(IDENTIFIERS)
    expect(await linesOf(tenant.tenantId)).toMatch(/bob@example\.com/)
    expect(await usageOf(tenant.tenantId)).toEqual(before)
    const again = await outcomes(tenant.ctx(), ada, 'erase')
    expect(
      Object.values(again).map(({ erased: gone, pseudonymised, scrubbed }) => [gone, pseudonymised, scrubbed]),
    ).toEqual(customersPersonalData.map(() => [0, 0, 0]))
  })

  it('is in every table of a holder, so that each is tested', async () => {
    const { tenant } = await filled()
    const tables = [...new Set(customersPersonalData.flatMap((holder) => holder.tables))]
    const without: string[] = []
    for (const table of tables) {
      const { rowCount } = await database.owner.query(`select from ${table} where tenant_id = $1 limit 1`, [
        tenant.tenantId,
      ])
      if (rowCount === 0) without.push(table)
    }
    expect(without, 'give addPerson (test/support/person-data.ts) a row for each of these tables').toEqual([])
  })

  it('of another tenant with the same address is untouched', async () => {
    const mine = await filled()
    const theirs = await filled()
    const before = await linesOf(theirs.tenant.tenantId)
    await outcomes(mine.tenant.ctx(), mine.ada, 'erase')
    expect(await linesOf(theirs.tenant.tenantId)).toBe(before)
  })

  it('includes what a person did before they signed in, and nobody else who used the same device', async () => {
    const { tenant } = await filled()
    const bodies = [
      { type: 'track', messageId: 'a1', anonymousId: 'device', event: 'Priced', context: { groupId: 'acme' } },
      { type: 'track', messageId: 'a2', anonymousId: 'tablet', event: 'Priced', context: { groupId: 'acme' } },
      { type: 'identify', messageId: 'a3', userId: 'u-ada', anonymousId: 'device' },
      { type: 'identify', messageId: 'a4', userId: 'u-bob', anonymousId: 'device' },
      { type: 'alias', messageId: 'a5', userId: 'u-ada', previousId: 'u-before' },
    ] as const
    const received = { now: TEST_NOW, skewMilliseconds: 0, newMessageId: () => 'unused' }
    const calls = bodies.map((body) => readSegmentCall(body.type, body, received))
    await saveCalls(
      tenant.ctx(),
      calls.filter((call) => 'kind' in call),
    )
    const ada = await identified(tenant.ctx(), personOf({ emails: [ADA.email] }))
    expect([...ada.refs].toSorted()).toEqual([
      'contact:cnt_u-ada',
      'event-user:before-u-ada',
      'event-user:device',
      'event-user:u-ada',
      'event-user:u-before',
    ])
    await outcomes(tenant.ctx(), ada, 'erase')
    const { rows } = await database.owner.query(
      `select message_id, user_id from customers.usage_events
       where tenant_id = $1 and message_id in ('a1', 'a2') order by 1`,
      [tenant.tenantId],
    )
    expect(rows).toEqual([
      { message_id: 'a1', user_id: expect.stringMatching(/^erased_/) },
      { message_id: 'a2', user_id: 'tablet' },
    ])
    const left = await database.owner.query(
      'select user_id, other_id from customers.same_users where tenant_id = $1 order by 2',
      [tenant.tenantId],
    )
    expect(left.rows).toEqual([
      { user_id: 'u-bob', other_id: 'before-u-bob' },
      { user_id: 'u-bob', other_id: 'device' },
    ])
  })
})

/** A tenant with two people who are everywhere, and who mention each other. */
async function filled(): Promise<{ tenant: TestTenant; ada: Person }> {
  const tenant = await testTenant(database)
  await addCustomers(database, tenant.tenantId, [{ clientId: 'acme', name: 'Acme' }, { clientId: 'globex' }])
  await addPerson(database, tenant.tenantId, 'acme', ADA, `Bob asked ${ADA.name} <${ADA.email}> at ${ADA.phone}`)
  await addPerson(database, tenant.tenantId, 'globex', BOB, `Of no one`)
  const ada = await identified(tenant.ctx(), personOf({ emails: [ADA.email] }))
  return { tenant, ada }
}

async function identified(ctx: Ctx, person: Person): Promise<Person> {
  let known = person
  for (let round = 0; round < 3; round++) {
    for (const holder of customersPersonalData) known = withFacts(known, (await holder.identify?.(ctx, known)) ?? {})
  }
  return known
}

async function outcomes(ctx: Ctx, person: Person, what: 'preview' | 'erase') {
  const found: Record<string, PersonalDataOutcome> = {}
  for (const holder of customersPersonalData) found[holder.name] = await holder[what](autocommit(ctx), person)
  return found
}

/** Every row of the tenant in every table of customers. */
async function linesOf(tenantId: string): Promise<string> {
  const { rows } = await database.owner.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace = 'customers'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  )
  const texts = []
  for (const { name } of rows) {
    const sql = `select coalesce(string_agg(t::text, e'\\n' order by t::text), '') as lines from ${name} t where tenant_id = $1`
    const found = await database.owner.query<{ lines: string }>(sql, [tenantId])
    texts.push(name, found.rows[0]?.lines ?? '')
  }
  return texts.join('\n')
}

/** What the roll-up would count. */
async function usageOf(tenantId: string): Promise<unknown> {
  const { rows } = await database.owner.query<Record<string, unknown>>(
    `select client_id, (occurred_at at time zone 'UTC')::date as day, count(*) as events, count(distinct user_id) as people,
       count(distinct session_id) as sessions, sum((properties ->> 'error_count')::int) as errors
     from customers.usage_events where tenant_id = $1 group by 1, 2 order by 1, 2`,
    [tenantId],
  )
  return rows
}
