import { generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../settings.ts'
import { createKeyring } from '#kernel/crypto/keyring'
import type { Module } from '#kernel/module'
import { addCustomers } from '../../../test/support/customer-data.ts'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { testFiles } from '../../../test/support/file-store.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { customersModule } from '../customers/index.ts'
import { privacyModule } from './index.ts'
import type { Privacy } from './index.ts'
import { signReport, verifyReport } from './signed-report.ts'

let database: TestDatabase
let module: Module<Privacy>
beforeAll(async () => {
  database = await testDatabase()
  const customers = customersModule({ settings: loadConfig({ ENVIRONMENT: 'test' }).customers })
  const made = privacyModule({
    keyring: createKeyring([randomBytes(32)]),
    files: testFiles(database),
    holders: () => [...(customers.personalData ?? []), ...(made.personalData ?? [])],
  })
  module = made
})

const CONSENT = { person: 'Ada@example.com', purpose: 'product_news', basis: 'consent', source: 'web_form' }

describe('consent', () => {
  it('given and withdrawn keeps both, and the newest of each purpose counts', async () => {
    const tenant = await testTenant(database)
    await consent(tenant, { state: 'given', occurred_at: '2026-01-01T00:00:00Z' })
    await consent(tenant, { state: 'withdrawn', occurred_at: '2026-02-01T00:00:00Z' })
    await consent(tenant, { state: 'given', purpose: 'analytics', occurred_at: '2025-01-01T00:00:00Z' })
    const { current, history } = await consentsOf(tenant, 'ada@EXAMPLE.com')
    expect(current.map(({ purpose, state }) => [purpose, state])).toEqual([
      ['product_news', 'withdrawn'],
      ['analytics', 'given'],
    ])
    expect(history).toHaveLength(3)
  })

  it('cannot be changed or deleted by anything that acts for a tenant', async () => {
    const tenant = await testTenant(database)
    await consent(tenant, { state: 'given' })
    await refused(tenant, ["update privacy.consents set state = 'withdrawn'", 'delete from privacy.consents'])
  })

  it('nor can requests, their keys and what was erased be lost', async () => {
    const tables = ['requests', 'suppressions', 'keys', 'retention_rules']
    const deletes = tables.map((table) => `delete from privacy.${table}`)
    await refused(await testTenant(database), [...deletes, "update privacy.keys set sealed = ''"])
  })

  it('of a neighbour is not seen, leaves an audit row without the address, and needs the scopes', async () => {
    const [mine, theirs] = [await testTenant(database), await testTenant(database)]
    await consent(theirs, { state: 'given' })
    expect((await consentsOf(mine, 'ada@example.com')).history).toEqual([])
    const audit = await database.owner.query<{ row: string }>(
      'select to_jsonb(e)::text as row from audit.events e where tenant_id = $1',
      [theirs.tenantId],
    )
    expect(audit.rows.map(({ row }) => row).join()).toContain('privacy.record-consent')
    expect(audit.rows.map(({ row }) => row).join()).not.toMatch(/ada@example/i)
    await expect(consent(mine, { state: 'given' }, ['privacy:read'])).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it('in the future is refused', async () => {
    const tenant = await testTenant(database)
    const later = { state: 'given', occurred_at: '2027-01-01T00:00:00Z' } as const
    await expect(consent(tenant, later)).rejects.toMatchObject({ problems: [{ path: 'occurred_at' }] })
  })
})

describe('retention', () => {
  it('has a default of days for every category, and takes the tenant’s own', async () => {
    const tenant = await testTenant(database)
    const before = await rules(tenant)
    expect(before.map(({ category, days }) => [category, days])).toEqual([
      ...[
        ['usage_events', 730],
        ['event_receipts', 90],
        ['support_tickets', 1095],
        ['survey_answers', 1095],
      ],
      ['communications', 1825],
    ])
    await setRules(tenant, { support_tickets: 30, usage_events: null })
    const after = new Map((await rules(tenant)).map(({ category, days }) => [category, days]))
    expect([after.get('support_tickets'), after.get('usage_events'), after.get('event_receipts')]).toEqual([
      30,
      null,
      90,
    ])
    await expect(setRules(tenant, { spaceships: 3 })).rejects.toMatchObject({
      problems: [{ path: 'rules.spaceships' }],
    })
    await expect(setRules(tenant, { support_tickets: 3 }, ['privacy:read'])).rejects.toMatchObject({
      kind: 'forbidden',
    })
    expect(await rules(await testTenant(database))).toEqual(before)
  })

  it('deletes what is past its days, and nothing of a category kept for ever, of another tenant, or that came in later', async () => {
    const [mine, theirs] = [await aged(), await aged()]
    await setRules(mine, { support_tickets: 30, usage_events: null })
    const deleted = await module.api.expire(mine.ctx())
    expect(deleted).toMatchObject({ support_tickets: 2, event_receipts: 3, survey_answers: 0 })
    expect(deleted['usage_events']).toBeUndefined()
    expect(await counts(mine)).toEqual({ tickets: 2, receipts: 1, events: 2, features: 3 })
    expect(await counts(theirs)).toEqual({ tickets: 4, receipts: 4, events: 2, features: 3 })
    expect(await module.api.expire(theirs.ctx())).toMatchObject({ support_tickets: 0, usage_events: 2 })
    expect(await counts(theirs)).toMatchObject({ events: 1, features: 2 })
    const audit = await database.owner.query<{ after: unknown }>(
      `select after from audit.events where tenant_id = $1 and action = 'privacy.expire' order by id limit 1`,
      [mine.tenantId],
    )
    expect(audit.rows[0]?.after).toMatchObject({ support_tickets: expect.any(Number) })
  })
})

describe('a signed report', () => {
  const key = generateKeyPairSync('ed25519')
  const signed = signReport({ request_id: 'prq_1', found: [{ name: 'a', erased: 3 }], kept: [] }, key)

  it('verifies whatever the order of its keys, with its own key or the one expected', () => {
    const { request_id, ...rest } = signed.report
    const reordered = JSON.stringify({ signature: signed.signature, report: { ...rest, request_id } }, null, 3)
    expect(verifyReport(reordered)).toMatchObject({ valid: true })
    expect(verifyReport(reordered, signed.signature.public_key)).toMatchObject({ valid: true })
  })

  it('of another key, altered, or of no report at all is refused, and says why', () => {
    const other = signReport(signed.report, generateKeyPairSync('ed25519'))
    expect(verifyReport(JSON.stringify(other), signed.signature.public_key)).toMatchObject({ valid: false })
    expect(verifyReport(JSON.stringify({ ...signed, report: { ...signed.report, kept: [1] } }))).toMatchObject({
      why: 'it was altered after it was signed',
    })
    expect(verifyReport('{}')).toMatchObject({ why: 'it is not a signed report' })
    expect(verifyReport('nothing')).toMatchObject({ why: 'it is not a signed report' })
  })

  it('does not bear one character changed', () => {
    const text = JSON.stringify(signed)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...Array.from('aZ09-"{}:')), (at, to) => {
        fc.pre(text[at] !== to)
        // Some bits of the last base64url character of a signature are not decoded.
        fc.pre(text[at + 1] !== '"')
        expect(verifyReport(text.slice(0, at) + to + text.slice(at + 1), signed.signature.public_key).valid).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})

/** Runs a route of the module like the HTTP surface: parses the input, then calls the operation. */
async function run(
  tenant: TestTenant,
  method: string,
  path: string,
  sent: object,
  scopes?: readonly `${string}:read`[],
) {
  const route = module.routes?.find((one) => one.method === method && one.path === path)
  if (route === undefined) throw new Error(`there is no ${method} ${path}`)
  return route.response.parse(await route.run(tenant.ctx(scopes && { scopes }), route.input?.parse(sent)))
}

type Answer<T> = Promise<T>
const PATH = '/api/v1/privacy'

// safe because: each is parsed with the response schema of its route.
const consent = (tenant: TestTenant, said: object, scopes?: readonly `${string}:read`[]) =>
  run(tenant, 'POST', `${PATH}/consents`, { ...CONSENT, ...said }, scopes)
const consentsOf = (tenant: TestTenant, person: string) =>
  run(tenant, 'GET', `${PATH}/consents`, { person }) as Answer<
    Record<'current' | 'history', { purpose: string; state: string }[]>
  >
const setRules = (tenant: TestTenant, sent: object, scopes?: readonly `${string}:read`[]) =>
  run(tenant, 'PUT', `${PATH}/retention`, { rules: sent }, scopes)
const rules = async (tenant: TestTenant) => {
  const answer = run(tenant, 'GET', `${PATH}/retention`, {})
  return ((await answer) as { rules: { category: string; days: number | null }[] }).rules
}

/** Tickets, receipts and events of today, of two months ago and of long ago, and old ones that were imported today. */
async function aged(): Promise<TestTenant> {
  const tenant = await testTenant(database)
  const id = tenant.tenantId
  await addCustomers(database, id, [{ clientId: 'acme' }])
  const ticket = `insert into customers.tickets (tenant_id, ticket_id, client_id, opened_at, closed_at, created_at)
    values ($1, $2, 'acme', $3, $4, $5)`
  for (const [ticketId, opened, closed, created] of [
    ['old', '2026-07-01', '2026-07-02', '2026-07-01'],
    ['older', '2026-06-01', '2026-06-02', '2026-06-01'],
    ['open', '2026-06-01', null, '2026-06-01'],
    ['imported', '2026-06-01', '2026-06-02', '2026-11-20'],
  ]) {
    await database.owner.query(ticket, [id, ticketId, opened, closed, created])
  }
  for (const [at, day] of ['2026-11-19', '2026-08-01', '2026-07-01', '2024-01-01'].entries()) {
    const receipt = 'insert into customers.event_receipts (tenant_id, message_id, received_at) values ($1, $2, $3)'
    await database.owner.query(receipt, [id, `m${at}`, day])
  }
  const event = `insert into customers.usage_events (tenant_id, client_id, occurred_at, message_id, event_name, received_at)
    values ($1, 'acme', '2024-01-01', $2, 'login', $3)`
  await database.owner.query(event, [id, 'long-ago', '2024-01-01'])
  await database.owner.query(event, [id, 'imported', '2026-11-20'])
  // The rollup of the event that is kept, of one that is gone, and of a later day.
  await database.owner.query(
    `insert into customers.usage_daily_features (tenant_id, client_id, day, feature, events, active_users)
     values ($1, 'acme', '2024-01-01', 'login', 1, 0), ($1, 'acme', '2024-01-02', 'login', 1, 0), ($1, 'acme', '2026-11-02', 'login', 1, 0)`,
    [id],
  )
  return tenant
}

async function counts({ tenantId }: TestTenant): Promise<unknown> {
  const { rows } = await database.owner.query(
    `select (select count(*) from customers.tickets where tenant_id = $1) as tickets,
       (select count(*) from customers.event_receipts where tenant_id = $1) as receipts,
       (select count(*) from customers.usage_events where tenant_id = $1) as events,
       (select count(*) from customers.usage_daily_features where tenant_id = $1) as features`,
    [tenantId],
  )
  return rows[0]
}

async function refused({ tenantId }: TestTenant, statements: readonly string[]): Promise<void> {
  for (const sql of statements) {
    const client = await database.owner.connect()
    try {
      await client.query(`begin; set local role plimsoll_app; set local app.tenant_id = '${tenantId}'`)
      await expect(client.query(sql)).rejects.toThrow('permission denied')
    } finally {
      await client.query('rollback')
      client.release()
    }
  }
}
