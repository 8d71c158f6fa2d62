import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../src/settings.ts'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'
import { testPerson } from '../support/person.ts'
import type { TestPerson } from '../support/person.ts'
import { testIssuer } from '../support/token-issuer.ts'
import type { TestIssuer } from '../support/token-issuer.ts'

const PUBLIC_URL = 'https://plimsoll.example'
const database = await testDatabase()
let issuer: TestIssuer
let person: TestPerson
const apps: App[] = []

beforeAll(async () => {
  issuer = await testIssuer('/realms/acme')
})
afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()))
  issuer.close()
})

async function start(settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const { app, url } = await startApp(database, { PUBLIC_URL, OAUTH_ISSUER: issuer.url, ...settings })
  apps.push(app)
  return url
}

function token(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}) {
  const now = Math.floor(Date.now() / 1000)
  const standard = { aud: `${PUBLIC_URL}/mcp`, sub: 'external-7', iat: now, exp: now + 600 }
  const own = { tenant: person.tenantId, email: person.email, email_verified: true, scope: 'customers:read openid' }
  return issuer.sign({ ...standard, ...own, ...claims }, header)
}

async function listTools(url: string, accessToken: string, path = '/mcp'): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  })
  return { status: answer.status, text: await answer.text() }
}

describe('a server with an external token issuer', () => {
  let url: string
  beforeAll(async () => {
    url = await start()
    person = await testPerson(database, url, 'owner', PUBLIC_URL)
  })

  it('names that issuer and runs no authorization server', async () => {
    const metadata: unknown = await (await fetch(`${url}/.well-known/oauth-protected-resource/mcp`)).json()
    expect(metadata).toMatchObject({ resource: `${PUBLIC_URL}/mcp`, authorization_servers: [issuer.url] })
    expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).toBe(404)
    for (const path of ['authorize', 'token', 'register']) {
      expect(
        (await fetch(`${url}/auth/oauth2/${path}`, { method: 'POST', headers: { origin: PUBLIC_URL } })).status,
      ).toBe(404)
    }
  })

  it('accepts its tokens for the member with the verified e-mail, with the scopes of the token', async () => {
    const { status, text } = await listTools(url, await token())
    expect(status).toBe(200)
    expect(text).toContain('get_client_overview')
    expect(text).not.toContain('register_client')
  })

  it.each([
    ['a type other than access token', {}, { typ: 'logout+jwt' }],
    ['a nonce, as ID tokens have', { nonce: 'x' }, {}],
    ['the audience of another resource', { aud: 'https://elsewhere.example/mcp' }, {}],
    ['the audience of a sibling', { aud: `${PUBLIC_URL}/mcp-evil` }, {}],
    ['an e-mail that is not verified', { email_verified: false }, {}],
    ['an e-mail verified by a string', { email_verified: 'true' }, {}],
    ['an unknown e-mail', { email: 'nobody@example.com' }, {}],
    ['no e-mail', { email: undefined }, {}],
    ['another tenant', { tenant: 'elsewhere' }, {}],
    ['no tenant', { tenant: undefined }, {}],
    ['two tenants', { tenant: ['a', 'b'] }, {}],
    ['another issuer', { iss: 'https://attacker.example' }, {}],
    ['a lifetime of a week', { exp: Math.floor(Date.now() / 1000) + 700_000 }, {}],
    ['no expiry', { exp: undefined }, {}],
    ['a URL of other keys', {}, { jku: 'https://attacker.example/keys' }],
    ['a key in its header', {}, { jwk: { kty: 'OKP', crv: 'Ed25519', x: 'AA' } }],
    ['a critical extension', {}, { crit: ['b64'], b64: true }],
    ['a binding to a key', { cnf: { jkt: 'x' } }, {}],
  ])('refuses a token with %s', async (_what, claims, header) => {
    expect((await listTools(url, await token(claims, header))).status).toBe(401)
  })

  it('lists no tools for a token without scopes', async () => {
    const { status, text } = await listTools(url, await token({ scope: undefined }))
    expect([status, JSON.parse(text.replace(/^[^{]*/, ''))]).toMatchObject([200, { result: { tools: [] } }])
  })

  it('refuses a member who was just removed', async () => {
    const mine = await token({ jti: 'removed' })
    expect((await listTools(url, mine)).status).toBe(200)
    const { rows } = await database.owner.query('delete from access.members where user_id = $1 returning *', [
      person.userId,
    ])
    await vi.waitFor(async () => expect((await listTools(url, mine)).status).toBe(401))
    const [row] = rows
    await database.owner.query(
      'insert into access.members (tenant_id, id, user_id, role, created_at) values ($1, $2, $3, $4, $5)',
      [row.tenant_id, row.id, row.user_id, row.role, row.created_at],
    )
  })

  it('accepts a rotated key of the issuer without a restart', async () => {
    await issuer.rotate()
    const other = await start()
    expect((await listTools(other, await token())).status).toBe(200)
  })
})

describe('settings of such a server', () => {
  it('select the claims of tenant and scopes, and one audience for all endpoints', async () => {
    const url = await start({
      OAUTH_TENANT_CLAIM: 'org_id',
      OAUTH_SCOPE_CLAIM: 'scp',
      OAUTH_AUDIENCES: 'api://plimsoll',
    })
    const claims = { aud: 'api://plimsoll', org_id: person.tenantId, scp: ['customers:write'], tenant: 'x', scope: 'x' }
    const { status, text } = await listTools(url, await token(claims, { typ: 'JWT' }))
    expect(status).toBe(200)
    expect(text).toContain('register_client')
    expect((await listTools(url, await token({ ...claims, aud: 'api://other' }))).status).toBe(401)
  })

  it('identify members by their id', async () => {
    const url = await start({ OAUTH_SUBJECT: 'user', OAUTH_TENANT: person.tenantId })
    expect((await listTools(url, await token({ sub: person.userId, tenant: 'ignored' }))).status).toBe(200)
    expect((await listTools(url, await token({ sub: 'usr_other' }))).status).toBe(401)
  })

  it('accept people who are known only to the issuer, with the configured role', async () => {
    const url = await start({ OAUTH_SUBJECT: 'external', OAUTH_EXTERNAL_ROLE: 'read-only' })
    const scope = 'customers:read customers:write access:write'
    const { status, text } = await listTools(url, await token({ email: undefined, scope }))
    expect(status).toBe(200)
    expect(text).toContain('get_client_overview')
    expect(text).not.toContain('register_client')
    expect((await listTools(url, await token({ tenant: 'not-there' }))).status).toBe(401)
  })

  it('require its public URL', () => {
    expect(() => loadConfig({ OAUTH_ISSUER: 'https://login.example.com' })).toThrow(
      /PUBLIC_URL: expected the URL of this server/,
    )
  })
})
