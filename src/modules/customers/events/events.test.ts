import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Analytics } from '@segment/analytics-node'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { OpenContext } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { customerTools, resultOf } from '../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { GetClientOverviewOutput } from '../accounts/overview-contract.ts'
import { groupedIngest } from './ingest.ts'
import { rollUp } from './roll-up.ts'
import { segmentRoutes } from './routes.ts'

const database = await testDatabase()

interface EventRow {
  readonly client_id: string
  readonly event_name: string
  readonly user_id: string | null
  readonly message_id: string
}

const storedEvents = async (tenant: TestTenant): Promise<EventRow[]> => {
  const { rows } = await database.owner.query<EventRow>(
    'select client_id, event_name, user_id, message_id from customers.usage_events where tenant_id = $1 order by occurred_at, message_id',
    [tenant.tenantId],
  )
  return rows
}

const countOf = async (tenant: TestTenant, table: string): Promise<number> => {
  const { rows } = await database.owner.query(
    `select count(*)::int as n from customers.${table} where tenant_id = $1`,
    [tenant.tenantId],
  )
  return rows[0]?.n as number
}

const routesOf = (tenant: TestTenant) => {
  const openContext: OpenContext = (_principal, { signal }) => tenant.ctx({ signal })
  const routes = segmentRoutes({ ingest: groupedIngest({ openContext }) })
  const find = (path: string) => {
    const found = routes.find((route) => route.path === path)
    if (found === undefined) throw new Error(`no route ${path}`)
    return found
  }
  return async (path: string, body: unknown) => {
    const { run, body: schema } = find(path)
    return run(tenant.ctx(), { params: {}, query: {}, body: schema?.parse(body) })
  }
}

describe('Segment calls', () => {
  it('from the real Node library are stored: a group as a customer, its user as a contact, a track call as an event', async () => {
    const tenant = await testTenant(database)
    const call = routesOf(tenant)
    const paths: string[] = []
    const server = createServer((req, res) => {
      paths.push(`${req.method} ${req.url} ${req.headers.authorization?.split(' ')[0]}`)
      void text(req)
        .then((body) => call(req.url ?? '', JSON.parse(body)))
        .then((answer) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)))
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo // safe because: listening on TCP.

    const analytics = new Analytics({ writeKey: 'plm_key', host: `http://127.0.0.1:${port}` })
    const errors: unknown[] = []
    analytics.on('error', (error) => errors.push(error))
    analytics.track({
      userId: 'user-1',
      event: 'Report Viewed',
      properties: { feature: 'reports', duration: 90 },
      timestamp: TEST_NOW,
    })
    analytics.identify({ userId: 'user-1', traits: { name: 'Ada', email: 'ada@acme.example' } })
    analytics.group({
      userId: 'user-1',
      groupId: 'acme',
      traits: { name: 'Acme Inc', industry: 'Robotics', employees: 12 },
    })
    analytics.page({ userId: 'user-1', name: 'Pricing', timestamp: TEST_NOW })
    await analytics.closeAndFlush()

    expect(errors).toEqual([])
    expect(paths).toEqual(['POST /v1/batch Basic'])
    expect(
      (await storedEvents(tenant)).map(({ client_id, event_name, user_id }) => [client_id, event_name, user_id]),
    ).toEqual(
      expect.arrayContaining([
        ['acme', 'Report Viewed', 'user-1'],
        ['acme', 'Viewed Pricing Page', 'user-1'],
      ]),
    )
    const { rows } = await database.owner.query(
      `select c.client_name, c.industry, c.source, c.attributes ->> 'employees' as employees, p.name, p.email
       from customers.customers c join customers.contacts p using (tenant_id, client_id) where tenant_id = $1`,
      [tenant.tenantId],
    )
    expect(rows).toEqual([
      {
        client_name: 'Acme Inc',
        industry: 'Robotics',
        source: 'segment',
        employees: '12',
        name: 'Ada',
        email: 'ada@acme.example',
      },
    ])
  })

  it('sent twice count once, alone or in a batch, also with another time', async () => {
    const tenant = await testTenant(database)
    const call = routesOf(tenant)
    await call('/v1/group', { groupId: 'acme', userId: 'u', messageId: 'g1' })
    const track = { type: 'track', event: 'Opened', userId: 'u', messageId: 'm1', timestamp: '2026-11-19T10:00:00Z' }
    expect(await call('/v1/track', track)).toEqual({ success: true })
    expect(await call('/v1/track', { ...track, timestamp: '2026-11-18T10:00:00Z' })).toEqual({ success: true })
    await call('/v1/batch', { batch: [track, { ...track, messageId: 'm2' }, { ...track, messageId: 'm2' }] })
    expect((await storedEvents(tenant)).map(({ message_id }) => message_id)).toEqual(['m1', 'm2'])
  })

  it('with one message id and different contents: the first counts, in one or two batches', async () => {
    const tenant = await testTenant(database)
    const call = routesOf(tenant)
    const track = (messageId: string, event: string) => ({
      type: 'track',
      event,
      userId: 'u',
      messageId,
      timestamp: TEST_NOW.toISOString(),
    })
    await call('/v1/group', { groupId: 'acme', userId: 'u', messageId: 'g1' })
    await call('/v1/batch', { batch: [track('m1', 'First'), track('m1', 'Second')] })
    await call('/v1/batch', { batch: [track('m2', 'New'), track('m1', 'Third'), track('m2', 'Newer')] })
    const stored = (await storedEvents(tenant)).map(({ message_id, event_name }) => [message_id, event_name])
    expect(stored).toEqual([
      ['m1', 'First'],
      ['m2', 'New'],
    ])
  })

  it('of an unknown user are held, and attributed to the customer once a group call names it', async () => {
    const tenant = await testTenant(database)
    const call = routesOf(tenant)
    await call('/v1/track', {
      event: 'Opened',
      anonymousId: 'anon',
      messageId: 'm1',
      timestamp: '2026-11-19T10:00:00Z',
    })
    await call('/v1/track', { event: 'Opened', userId: 'u', messageId: 'm2', timestamp: '2026-11-19T11:00:00Z' })
    await call('/v1/track', {
      event: 'Opened',
      userId: 'v',
      messageId: 'm3',
      context: { groupId: 'acme' },
      timestamp: '2026-11-19T12:00:00Z',
    })
    expect(await storedEvents(tenant)).toEqual([])
    expect(await countOf(tenant, 'unattributed_events')).toBe(3)

    await call('/v1/group', { groupId: 'acme', userId: 'u', messageId: 'g1' })
    expect((await storedEvents(tenant)).map(({ message_id }) => message_id)).toEqual(['m2', 'm3'])
    await call('/v1/alias', { previousId: 'anon', userId: 'u', messageId: 'a1' })
    expect((await storedEvents(tenant)).map(({ message_id }) => message_id)).toEqual(['m1', 'm2', 'm3'])
    expect(await countOf(tenant, 'unattributed_events')).toBe(0)

    expect(await rollUp(tenant.ctx())).toEqual({ days: 1 })
    const { rows } = await database.owner.query(
      'select client_id, day, events, active_users from customers.usage_daily where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(rows.map(({ client_id, events, active_users }) => [client_id, Number(events), active_users])).toEqual([
      ['acme', 3, 3],
    ])
  })

  it('about a known customer appear in its overview at once: its name, new and lost contacts', async () => {
    const tenant = await testTenant(database)
    const send = routesOf(tenant)
    const tool = customerTools()
    const shownOf = async (clientId: string) => {
      const result = resultOf(await tool(tenant, 'get_client_overview', { client_id: clientId }))
      const { client_overview: overview } = GetClientOverviewOutput.parse(result)
      return [overview.identity.client_name, overview.engagement.contacts]
    }
    const all = async () => [await shownOf('acme'), await shownOf('globex')]
    await send('/v1/group', { groupId: 'acme', traits: { name: 'Acme' } })
    await send('/v1/group', { groupId: 'globex', traits: { name: 'Globex' } })
    expect(await all()).toEqual([
      ['Acme', 0],
      ['Globex', 0],
    ])
    await send('/v1/group', { groupId: 'acme', traits: { name: 'Acme Inc' } })
    await send('/v1/identify', { userId: 'u', traits: { name: 'Ada' }, context: { groupId: 'acme' } })
    expect(await all()).toEqual([
      ['Acme Inc', 1],
      ['Globex', 0],
    ])
    await send('/v1/group', { groupId: 'globex', userId: 'u' })
    expect(await all()).toEqual([
      ['Acme Inc', 0],
      ['Globex', 1],
    ])
  })

  it('that are invalid are reported individually; the rest of the batch is stored', async () => {
    const tenant = await testTenant(database)
    const call = routesOf(tenant)
    const answer = await call('/v1/batch', {
      batch: [
        { type: 'track', userId: 'u', messageId: 'm1' },
        {
          type: 'track',
          userId: 'u',
          messageId: 'm2',
          event: 'Fine \ud800',
          properties: { odd: 'a\0b\ud800', nested: [{ '\0': 1 }] },
        },
        { type: 'dance', userId: 'u' },
        { type: 'track', event: 'No one' },
        { type: 'track', userId: 'u', event: 'Tomorrow', timestamp: '2031-01-01T00:00:00Z' },
        { type: 'track', userId: 'u', event: 'Large', properties: { text: 'x'.repeat(33_000) } },
        'no object',
      ],
    })
    expect(answer).toMatchObject({
      success: true,
      problems: [
        { index: 0, messageId: 'm1', path: 'batch.0.event' },
        { index: 2, path: 'batch.2.type' },
        { index: 3, path: 'batch.3.userId' },
        { index: 4, path: 'batch.4.timestamp' },
        { index: 5, path: 'batch.5.properties' },
        { index: 6, path: 'batch.6.type' },
      ],
    })
    expect(await countOf(tenant, 'unattributed_events')).toBe(1)
    await expect(call('/v1/batch', { batch: [{ type: 'track', userId: 'u' }] })).rejects.toMatchObject({
      kind: 'invalid',
    })
  })

  it('from many concurrent requests share a transaction and its one audit row', async () => {
    const tenant = await testTenant(database)
    const call = routesOf(tenant)
    const requests = Array.from({ length: 100 }, (_, index) =>
      call('/v1/track', { event: 'Opened', userId: 'u', messageId: `m${index}`, context: { groupId: 'acme' } }),
    )
    await Promise.all(requests)
    expect(await countOf(tenant, 'unattributed_events')).toBe(100)
    const { rows } = await database.owner.query(
      "select count(*)::int as n from audit.events where tenant_id = $1 and action = 'customers.ingest'",
      [tenant.tenantId],
    )
    expect(rows[0]?.n).toBeLessThan(10)
  })

  it('are refused to a read-only key, and stay within the tenant', async () => {
    const [mine, other] = [await testTenant(database), await testTenant(database)]
    const openContext: OpenContext = (_principal, { signal }) => mine.ctx({ signal, scopes: ['customers:read'] })
    const ingest = groupedIngest({ openContext })
    const event = { kind: 'alias', messageId: 'm', userId: 'a', previousId: 'b' } as const
    await expect(ingest(mine.ctx({ scopes: ['customers:read'] }), [event])).rejects.toBeInstanceOf(Failure)
    await routesOf(other)('/v1/group', { groupId: 'acme', userId: 'u', messageId: 'g' })
    await routesOf(mine)('/v1/track', { event: 'Opened', userId: 'u', messageId: 'g', context: { groupId: 'acme' } })
    expect(await storedEvents(mine)).toEqual([])
    expect(await countOf(mine, 'unattributed_events')).toBe(1)
  })

  it('are refused at once, for a second, when the first in the queue has waited for five seconds', async () => {
    const tenant = await testTenant(database)
    let now = TEST_NOW.getTime()
    const ctx = tenant.ctx({ clock: () => new Date(now) })
    const ingest = groupedIngest({ openContext: () => ctx })
    const send = (n: number) => ingest(ctx, [{ kind: 'alias', messageId: `m${n}`, userId: 'a', previousId: `b${n}` }])
    const first = [1, 2, 3].map(send)
    now += 5001
    expect(() => send(4)).toThrow(expect.objectContaining({ kind: 'unavailable', retryAfterSeconds: 1 }))
    expect(await Promise.all(first)).toEqual([{ accepted: 1 }, { accepted: 1 }, { accepted: 1 }])
    expect(await send(4)).toEqual({ accepted: 1 })
  })
})
