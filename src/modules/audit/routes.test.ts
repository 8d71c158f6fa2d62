import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '#kernel/principal'
import type { App } from '../../app.ts'
import { startApp } from '../../../test/support/app.ts'
import { testDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { verifyLines } from './verify/verify-lines.ts'

interface Listed {
  readonly data: {
    readonly events: readonly {
      id: string
      action: string
      subject: string
      outcome: string
      actor: { id: string }
      after: unknown
      request_id: string
      at: string
    }[]
    readonly next_cursor: string | null
  }
}

const database = await testDatabase()
let app: App
let url: string
let tenantId: string
const keys = new Map<string, string>()

beforeAll(async () => {
  ;({ app, url } = await startApp(database))
  const tenant = await testTenant(database)
  const other = await testTenant(database)
  ;({ tenantId } = tenant)
  const key = async (name: string, scopes: readonly Scope[], of = tenant) =>
    keys.set(name, (await app.access.createKey(of.ctx(), { name, scopes: [...scopes] })).key)
  await key('worker', ['customers:read', 'customers:write'])
  await key('auditor', ['audit:read'])
  await key('privacy', ['audit:read', 'privacy:read'])
  await key('stranger', ['audit:read', 'privacy:read'], other)
  await call('worker', 'register_client', {
    client_id: 'acme',
    client_name: 'Acme',
    primary_contact_email: 'ada@acme.test',
    primary_contact_name: 'Ada',
  })
  await call('worker', 'get_client_overview', { client_id: 'acme' })
  await call('worker', 'get_client_overview', { client_id: 'acme' })
  await call('worker', 'get_client_overview', { client_id: 'nobody' })
  await call('auditor', 'list_clients', {})
  await app.platform.audit.record({
    tenantId,
    actor: { kind: 'user', id: 'usr_1' },
    action: 'test.mark',
    subject: 'mark',
    requestId: 'req_mark',
    outcome: 'denied',
  })
})

afterAll(() => app.close())

describe('the audit trail of the running product', () => {
  it('holds who changed, read and was refused what', async () => {
    await noted()
    const { events } = (await list('auditor', '?limit=200')).data
    const told = events.map(({ action, subject, outcome }) => `${action} ${subject} ${outcome}`)
    expect(told).toEqual(
      expect.arrayContaining(
        [
          'customers.register acme success',
          'tool.register_client acme success',
          'tool.get_client_overview acme success',
          'tool.get_client_overview nobody failure',
          'tool.list_clients * denied',
          'access.create-key key success',
        ].map((line) => (line.startsWith('access') ? expect.stringMatching(/^access\.create-key \S+ success$/) : line)),
      ),
    )
  })

  it('shows what is about a person to nobody without a scope of its own, and tells who looked', async () => {
    const masked = await text('auditor', '?action=customers.register')
    expect(masked).toContain('"primary_contact_email":"[personal]"')
    expect(masked).not.toContain('ada@acme.test')
    expect((await get('auditor', '?reveal=true')).status).toBe(403)
    expect(await text('privacy', '?action=customers.register&reveal=true')).toContain('ada@acme.test')
    const { events } = (await list('auditor', '?action=audit.reveal')).data
    expect(events).toHaveLength(1)
  })

  it('is itself an event to read', async () => {
    await list('auditor', '?limit=1')
    await noted()
    const { events } = (await list('auditor', `?action=${encodeURIComponent('http.GET /api/v1/audit')}&limit=200`)).data
    expect(events.length).toBeGreaterThan(0)
  })

  it('is refused to whoever may not read it, and that is an event too', async () => {
    expect((await get('worker', '')).status).toBe(403)
    await noted()
    const { events } = (await list('auditor', `?action=${encodeURIComponent('http.GET /api/v1/audit')}&outcome=denied`))
      .data
    expect(events.length).toBeGreaterThan(0)
  })

  it('is another tenant’s secret', async () => {
    const { events } = (await list('stranger', '?limit=200')).data
    expect(JSON.stringify(events)).not.toContain('acme')
    expect((await get('stranger', '/blocks')).status).toBe(200)
    expect(await text('stranger', '/export')).not.toContain('acme')
  })

  it.each([
    ['?action=test.mark', 1],
    ['?actor=usr_1', 1],
    ['?subject=mark', 1],
    ['?request_id=req_mark', 1],
    ['?subject=mark&outcome=denied', 1],
    ['?subject=mark&outcome=success', 0],
    ['?subject=mark&from=2020-01-01T00:00:00Z', 1],
    ['?subject=mark&to=2020-01-01T00:00:00Z', 0],
    ['?subject=mark&from=2099-01-01T00:00:00Z', 0],
  ])('is filtered by %s', async (query, count) => {
    expect((await list('auditor', query)).data.events).toHaveLength(count)
  })

  it('is paged without a gap or a repetition, newest first', async () => {
    await noted()
    const to = new Date().toISOString()
    const all = (await list('auditor', `?limit=200&to=${to}`)).data.events.map(({ id }) => id)
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Listed = await list('auditor', `?limit=2&to=${to}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      paged.push(...page.data.events.map(({ id }) => id))
      cursor = page.data.next_cursor
    }
    expect(paged).toEqual(all)
    expect(paged).toEqual(paged.toSorted().toReversed())
    expect(paged.length).toBeGreaterThan(5)
  })

  it.each([
    ['?limit=0', 'query.limit'],
    ['?outcome=maybe', 'query.outcome'],
    ['?from=yesterday', 'query.from'],
    ['?cursor=xx', 'query.cursor'],
    ['?who=me', 'query.who'],
  ])('names what is wrong with %s', async (query, path) => {
    const response = await get('auditor', query)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(path)
  })

  it.each([
    ['?limit=1&from=0001-01-01T00:00:00Z', 200],
    ['?to=1969-12-31T23:59:59Z', 200],
    ['?from=9999-12-31T23:59:59Z', 200],
    ['?actor=%00', 400],
  ])('answers %s with %i, whatever the calendar and the database can hold', async (query, status) => {
    expect((await get('auditor', query)).status).toBe(status)
  })

  it('is exported as lines that verify, block by block', async () => {
    await noted()
    await app.audit.seal(tenantId)
    const response = await get('auditor', '/export')
    expect(response.headers.get('content-type')).toContain('application/x-ndjson')
    const body = await response.text()
    const report = await verifyLines(chunks(body))
    expect(report).toMatchObject({ ok: true, tenantId })
    expect(report.events).toBeGreaterThan(5)
    expect(body).not.toContain('ada@acme.test')
    const blocks = await (await get('auditor', '/blocks')).json()
    expect(blocks).toHaveProperty('data.blocks[0]', expect.objectContaining({ number: 1, events_removed: false }))
    expect(await app.audit.verify(tenantId, { heads: [report.head?.hash ?? ''] })).toMatchObject({ ok: true })
  })

  it('tells of credentials that were refused, where the platform’s own events are', async () => {
    await fetch(`${url}/api/v1/audit`, { headers: { Authorization: `Bearer plim_${'x'.repeat(43)}` } })
    await noted()
    const { rows } = await database.owner.query(
      `select outcome from audit.events where tenant_id = '_platform' and action = 'access.credential-refused'`,
    )
    expect(rows).toEqual([{ outcome: 'denied' }])
  })

  it('tells of the configuration in effect, once, until it differs', async () => {
    const configured = async () =>
      (
        await database.owner.query<{ after: { changed: string[] } }>(
          `select after from audit.events where action = 'platform.configured' order by id`,
        )
      ).rows
    expect(await configured()).toHaveLength(1)
    const again = async (more = {}) => {
      const other = await startApp(database, more)
      await other.app.close()
    }
    await again()
    expect(await configured()).toHaveLength(1)
    await again({ TOOL_TIMEOUT_SECONDS: '17' })
    const events = await configured()
    expect(events).toHaveLength(2)
    expect(events[1]?.after.changed).toEqual(['TOOL_TIMEOUT_SECONDS'])
  })
})

/** Waits until queued audit events are written. */
async function noted(): Promise<void> {
  await expect.poll(() => app.platform.audit.waitingCount()).toBe(0)
}

const get = (who: string, query: string) =>
  fetch(`${url}/api/v1/audit${query}`, { headers: { Authorization: `Bearer ${keys.get(who)}` } })
const text = async (who: string, query: string) => (await get(who, query)).text()

async function list(who: string, query: string): Promise<Listed> {
  const response = await get(who, query)
  expect(response.status).toBe(200)
  // safe because: the answer is checked against its schema by the server under test.
  return (await response.json()) as Listed
}

async function call(who: string, name: string, args: Readonly<Record<string, unknown>>): Promise<void> {
  await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${keys.get(who)}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  })
}

async function* chunks(body: string): AsyncGenerator<string> {
  yield body
}
