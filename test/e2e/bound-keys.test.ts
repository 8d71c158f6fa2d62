import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Scope } from '#kernel/principal'
import type { App } from '../../src/app.ts'
import type { CreateKeyInput } from '../../src/modules/access/keys/contract.ts'
import { startApp } from '../support/app.ts'
import { issuerOf, signedIn } from '../support/credentials.ts'
import type { Issuer, SignedIn } from '../support/credentials.ts'
import { testDatabase } from '../support/database.ts'
import { request, toolCall, toolList } from '../support/entry-point-walk.ts'
import { testTenant } from '../support/tenant.ts'
import type { TestTenant } from '../support/tenant.ts'

const database = await testDatabase()
let app: App
let url: string
let issuer: Issuer
let tenant: TestTenant
let owner: SignedIn

beforeAll(async () => {
  const limits = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_IP_PER_MINUTE: '40' }
  ;({ app, url } = await startApp(database, { TRUSTED_PROXIES: '127.0.0.1', ...limits }))
  issuer = await issuerOf(app, database)
  tenant = await testTenant(database)
  owner = await signedIn(database, tenant.tenantId, 'owner')
})
afterAll(() => app.close())

const SCOPES: Scope[] = ['customers:read', 'customers:write', 'tasks:read', 'tasks:write', 'keys:read', 'keys:write']

/** The authorization header with a new key of the owner, with these bounds. */
async function keyBoundTo(bounds: Partial<CreateKeyInput>): Promise<string> {
  const ctx = tenant.ctx({ userId: owner.userId, scopes: SCOPES })
  return `Bearer ${(await app.access.createKey(ctx, { name: 'bound', scopes: SCOPES, ...bounds })).key}`
}

async function listed(authorization: string, path = '/mcp'): Promise<string[]> {
  const { body } = await request(url, toolList(path), authorization)
  return [...body.matchAll(/"name":"([a-z_]+)","description"/g)].map(([, name = '']) => name)
}

const toolsOf = (server: string) =>
  Object.values(app.modules.find((module) => module.server?.name === server)?.server?.toolsets ?? {})
    .flat()
    .map(({ name }) => name)

describe('a key bound to a server', () => {
  it('lists and calls that server’s tools at every endpoint, and no others', async () => {
    const key = await keyBoundTo({ servers: ['tasks'] })
    expect(await listed(key)).toEqual(toolsOf('tasks'))
    expect(await listed(key, '/mcp/tasks')).toEqual(toolsOf('tasks'))
    expect(await listed(key, '/mcp/customers')).toEqual([])
    expect((await request(url, toolCall('list_tasks'), key)).status).toBe(200)
    const refused = await request(url, toolCall('list_clients'), key)
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('OUT_OF_BOUNDS')])
  })

  it('reaches the routes of that server’s module, and no others', async () => {
    const key = await keyBoundTo({ servers: ['customers'] })
    const tasks = await request(url, { method: 'GET', path: '/api/v1/tasks' }, key)
    const keys = await request(url, { method: 'GET', path: '/api/v1/keys' }, key)
    const track = await request(url, { method: 'POST', path: '/v1/track', body: {} }, key)
    expect([tasks.status, keys.status, track.status]).toEqual([403, 403, 400])
  })
})

describe('a key bound to a toolset', () => {
  it('lists and calls the tools of that toolset, and no route', async () => {
    const key = await keyBoundTo({ toolsets: ['customers/accounts'] })
    const names = await listed(key)
    expect(names).toContain('list_clients')
    expect(names).not.toContain('calculate_health_score')
    expect((await request(url, toolCall('calculate_health_score', { client_id: 'x' }), key)).status).toBe(403)
    expect((await request(url, { method: 'POST', path: '/v1/track', body: {} }, key)).status).toBe(403)
  })
})

describe('keys with equal scopes and different bounds', () => {
  it('get different lists, and the same list again the second time', async () => {
    const keys = await Promise.all([{}, { servers: ['tasks'] }, { readOnly: true }].map(keyBoundTo))
    const first = await Promise.all(keys.map((key) => listed(key)))
    const second = await Promise.all(keys.map((key) => listed(key)))
    expect(second).toEqual(first)
    expect(new Set(first.map((names) => names.join())).size).toBe(3)
  })
})

describe('a key bound to networks', () => {
  const from = async (key: string, address: string) => {
    const headers = { Authorization: key, 'X-Forwarded-For': address }
    return (await fetch(`${url}/api/v1/keys`, { headers })).status
  }

  it('is checked against the address that a trusted proxy forwards', async () => {
    const key = await keyBoundTo({ networks: ['203.0.113.0/24'] })
    expect(await from(key, '203.0.113.5')).toBe(200)
    expect(await from(key, '198.51.100.5')).toBe(401)
    expect(await from(key, '203.0.113.5, 198.51.100.5')).toBe(401)
  })

  it('is refused over standard input and output', async () => {
    const key = await keyBoundTo({ networks: ['0.0.0.0/0'] })
    const request = { address: '', resource: '' }
    await expect(async () => app.access.authenticate(key, request)).rejects.toThrow('bound to networks')
  })
})

describe('over REST', () => {
  const send = async (method: string, path: string, body?: unknown) => {
    const answer = await request(
      url,
      { method, path, ...(body !== undefined && { body }) },
      `Bearer ${issuer.token(owner)}`,
    )
    // safe because: every answer of these routes is a JSON object.
    return {
      status: answer.status,
      body: JSON.parse(answer.body) as { data: Record<string, unknown>; error?: unknown },
    }
  }

  /** Waits until the process has been notified of the commit. */
  const refused = (key: string) =>
    vi.waitFor(async () => expect((await request(url, toolList('/mcp'), key)).status).toBe(401), { interval: 5 })

  it('a person creates, lists, uses and revokes a key', async () => {
    const made = await send('POST', '/api/v1/keys', {
      name: 'mine',
      scopes: ['tasks:read'],
      servers: ['tasks'],
      read_only: true,
    })
    expect(made.status).toBe(201)
    const { key, api_key: view } = made.body.data
    expect(view).toMatchObject({ user_id: owner.userId, servers: ['tasks'], read_only: true, revoked_at: null })
    expect(await listed(`Bearer ${String(key)}`)).toEqual(['list_tasks', 'get_task'])
    const { key_id: id } = view as { key_id: string } // safe because: the answer was checked against its schema.
    // The last use is written asynchronously.
    await vi.waitFor(async () => {
      const all = await send('GET', '/api/v1/keys')
      expect(JSON.stringify(all.body)).not.toContain(String(key))
      const seen = expect.objectContaining({ key_id: id, last_used_at: expect.any(String) })
      expect(all.body.data['keys']).toContainEqual(seen)
    })
    expect((await send('DELETE', `/api/v1/keys/${id}`)).status).toBe(200)
    await refused(`Bearer ${String(key)}`)
  })

  it('an invalid key request names the field, what was expected, and an example', async () => {
    const wrong = { name: 'x', scopes: ['tasks:read'], networks: ['10.0.0.1/8'] }
    expect((await send('POST', '/api/v1/keys', wrong)).body).toMatchObject({
      error: {
        details: { problems: [{ path: 'body.networks.0', expected: expect.stringContaining('203.0.113.0/24') }] },
      },
    })
    const unknown = await send('POST', '/api/v1/keys', { name: 'x', scopes: ['tasks:read'], servers: ['task'] })
    expect([unknown.status, unknown.body]).toMatchObject([
      400,
      { error: { details: { problems: [{ path: 'body.servers', example: ['customers'] }] } } },
    ])
  })

  it('a service account is created, has keys that act for no person, and is disabled', async () => {
    const made = await send('POST', '/api/v1/service-accounts', {
      name: 'sync',
      scopes: ['customers:read', 'tasks:read'],
    })
    expect(made.status).toBe(201)
    const id = String(made.body.data['service_account_id'])
    const scopes = ['customers:read', 'tasks:read']
    const { body } = await send('POST', '/api/v1/keys', { name: 'k', scopes, service_account_id: id })
    const key = `Bearer ${String(body.data['key'])}`
    const names = await listed(key)
    expect(names).toContain('list_clients')
    expect(names).not.toContain('list_tasks')
    expect((await request(url, toolCall('list_tasks'), key)).body).toContain('USER_REQUIRED')
    expect((await send('GET', '/api/v1/service-accounts')).body.data['service_accounts']).toHaveLength(1)
    expect((await send('DELETE', `/api/v1/service-accounts/${id}`)).status).toBe(200)
    await refused(key)
  })
})

describe('a flood of invalid keys', () => {
  it('is rate-limited by address, while valid keys from that address continue to work', async () => {
    const key = await keyBoundTo({})
    const headers = (credential: string) => ({ Authorization: credential, 'X-Forwarded-For': '192.0.2.77' })
    const guesses = Array.from({ length: 200 }, async (_, at) => {
      const credential = `Bearer plim_${String(at).padStart(43, 'x')}`
      return (await fetch(`${url}/api/v1/keys`, { headers: headers(credential) })).status
    })
    const statuses = await Promise.all(guesses)
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(48)
    expect(new Set(statuses)).toEqual(new Set([401, 429]))
    await app.access.authenticate(key, { address: '198.51.100.9', resource: `${url}/api` })
    expect((await fetch(`${url}/api/v1/keys`, { headers: headers(key) })).status).toBe(200)
  })
})
