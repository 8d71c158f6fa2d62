import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../../app.ts'
import { startApp } from '../../../../test/support/app.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'

const database = await testDatabase()
let app: App
let url: string

beforeAll(async () => {
  ;({ app, url } = await startApp(database))
})
afterAll(() => app.close())

const keyOf = async (tenant: TestTenant, scope: 'customers:write' | 'events:write') =>
  (await app.access.createKey(tenant.ctx(), { name: 'web', scopes: [scope] })).key

/** Sends as Segment's browser library does: JSON labelled as text, from a page of any origin. */
const send = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', origin: 'https://shop.example', ...headers },
    body: JSON.stringify(body),
  })

const CALLS = {
  t: { type: 'track', event: 'Opened', userId: 'u1', context: { groupId: 'acme' } },
  p: { type: 'page', name: 'Pricing', userId: 'u1', context: { groupId: 'acme' } },
  s: { type: 'screen', name: 'Home', userId: 'u1', context: { groupId: 'acme' } },
  i: { type: 'identify', userId: 'u1', traits: { name: 'Ada' } },
  g: { type: 'group', userId: 'u1', groupId: 'acme', traits: { name: 'Acme' } },
  a: { type: 'alias', userId: 'u1', previousId: 'anon' },
} as const

describe('the endpoints of the browser library', () => {
  it('store every call, with the key in its body or in a header, alone and in a batch', async () => {
    const tenant = await testTenant(database)
    const { tenantId } = tenant
    const writeKey = await keyOf(tenant, 'events:write')
    for (const [letter, call] of Object.entries(CALLS)) {
      const answer = await send(`/v1/${letter}`, { ...call, messageId: `1-${letter}`, writeKey, integrations: {} })
      expect([letter, answer.status]).toEqual([letter, 200])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    }
    const batch = Object.entries(CALLS).map(([letter, call]) => ({ ...call, messageId: `2-${letter}` }))
    expect((await send('/v1/b', { writeKey, batch, sentAt: new Date().toISOString() })).status).toBe(200)
    const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`
    expect((await send('/v1/t', { ...CALLS.t, messageId: '3-t' }, { authorization })).status).toBe(200)
    const { rows } = await database.owner.query<{ name: string }>(
      `select event_name as name from customers.usage_events where tenant_id = $1 and client_id = 'acme'
       union all select event_name from customers.unattributed_events where tenant_id = $1 order by 1`,
      [tenantId],
    )
    expect(rows.map(({ name }) => name)).toEqual([
      ...['Opened', 'Opened', 'Opened'],
      ...['Viewed Home Screen', 'Viewed Home Screen', 'Viewed Pricing Page', 'Viewed Pricing Page'],
    ])
  })

  it('take keys with their own scope alone, which opens nothing else', async () => {
    const tenant = await testTenant(database)
    const [page, server] = [await keyOf(tenant, 'events:write'), await keyOf(tenant, 'customers:write')]
    expect((await send('/v1/t', { ...CALLS.t, writeKey: server })).status).toBe(403)
    expect((await send('/v1/track', CALLS.t, bearer(page))).status).toBe(403)
    expect((await fetch(`${url}/api/v1/audit`, { headers: bearer(page) })).status).toBe(403)
    expect((await send('/v1/t', { ...CALLS.t, writeKey: 'wrong' })).status).toBe(401)
    expect((await send('/v1/t', CALLS.t)).status).toBe(401)
    expect((await send('/v1/t', { ...CALLS.t, writeKey: 'a.b.c' })).status).toBe(401)
    expect((await send('/v1/t', { ...CALLS.t, writeKey: page, properties: { x: 'x'.repeat(70_000) } })).status).toBe(
      413,
    )
  })
})

const bearer = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' })
