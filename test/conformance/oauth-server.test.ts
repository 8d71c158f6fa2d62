import { createHash, randomBytes } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'
import { signInCookie, testPerson } from '../support/person.ts'
import type { TestPerson } from '../support/person.ts'

const database = await testDatabase()
let app: App
let url: string
let person: TestPerson
let cookie: string
let clientId: string
const redirectUri = 'http://127.0.0.1:4711/callback'

beforeAll(async () => {
  ;({ app, url } = await startApp(database, { OAUTH_DYNAMIC_REGISTRATION: 'true' }))
  person = await testPerson(database, url)
  cookie = await signInCookie(url, person)
  clientId = await register()
})
afterAll(() => app.close())

async function register(redirectUris: readonly string[] = ['http://127.0.0.1/callback']): Promise<string> {
  const answer = await fetch(`${url}/auth/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Test client',
      redirect_uris: redirectUris,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    }),
  })
  expect(answer.status).toBe(201)
  // safe because: an answer with status 201 contains the client id (RFC 7591).
  return ((await answer.json()) as { client_id: string }).client_id
}

interface Ask {
  readonly scope?: string
  readonly resource?: string | undefined
  readonly changes?: Readonly<Record<string, string | undefined>>
}

const verifier = randomBytes(32).toString('base64url')

function authorizeUrl({
  scope = 'customers:read offline_access',
  resource = `${url}/mcp/customers`,
  changes,
}: Ask = {}): URL {
  const asked = new URL(`${url}/auth/oauth2/authorize`)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state: 'the-state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource,
    ...changes,
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) asked.searchParams.set(name, value)
  return asked
}

/** The URL to which the authorization endpoint redirects; `fetch` gets it in the body. */
async function authorize(ask: Ask = {}, by = cookie): Promise<URL> {
  return placeIn(await fetch(authorizeUrl(ask), { redirect: 'manual', headers: { cookie: by } }))
}

async function placeIn(answer: Response): Promise<URL> {
  const body: unknown = await answer.json()
  const told = typeof body === 'object' && body !== null && 'url' in body ? String(body.url) : JSON.stringify(body)
  return new URL(told, url)
}

/** Consents, like the consent page. Returns the URL to which the browser is redirected. */
async function consent(ask: Ask = {}, by = cookie): Promise<URL> {
  const place = await authorize(ask, by)
  if (place.pathname !== '/consent') return place
  const answer = await fetch(`${url}/auth/oauth2/consent`, {
    method: 'POST',
    headers: { cookie: by, origin: url, 'content-type': 'application/json' },
    body: JSON.stringify({ accept: true, oauth_query: place.search.slice(1) }),
  })
  return placeIn(answer)
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope: string
}

async function token(
  form: Readonly<Record<string, string>>,
): Promise<{ status: number; body: Tokens & { error?: string } }> {
  const answer = await fetch(`${url}/auth/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: clientId, ...form }),
  })
  // safe because: tests check the status before they use a token.
  return { status: answer.status, body: (await answer.json()) as Tokens & { error?: string } }
}

const exchange = (place: URL, changes: Readonly<Record<string, string>> = {}) =>
  token({
    grant_type: 'authorization_code',
    code: place.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...changes,
  })

const refresh = (refreshToken: string) => token({ grant_type: 'refresh_token', refresh_token: refreshToken })

async function tokensFor(ask: Ask = {}, by = cookie): Promise<Tokens> {
  const { status, body } = await exchange(await consent(ask, by))
  expect(status).toBe(200)
  return body
}

const listTools = (accessToken: string, path = '/mcp/customers') =>
  post(accessToken, path, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

async function post(accessToken: string, path: string, message: object): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(message),
  })
}

describe('a protected resource', () => {
  it.each([
    ['/mcp', ''],
    ['/mcp', '/mcp'],
    ['/mcp/customers', '/mcp/customers'],
    ['/mcp/customers/health', '/mcp/customers/health'],
    ['/api', '/api'],
  ])('%s has metadata at its own well-known URL, with the issuer of its tokens (%s)', async (path, suffix) => {
    const answer = await fetch(`${url}/.well-known/oauth-protected-resource${suffix}`)
    const metadata: unknown = await answer.json()
    expect(metadata).toMatchObject({ resource: `${url}${path}`, authorization_servers: [url] })
    expect(JSON.stringify(metadata)).not.toContain('offline_access')
  })

  it('challenges a request without a token with the URL of its metadata and its scopes', async () => {
    const [mcp, rest] = await Promise.all([
      fetch(`${url}/mcp/customers`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: '{}',
      }),
      fetch(`${url}/api/v1/audit`),
    ])
    expect([mcp.status, mcp.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer scope="customers:read customers:write", resource_metadata="${url}/.well-known/oauth-protected-resource/mcp/customers"`,
    ])
    expect([rest.status, rest.headers.get('www-authenticate')]).toEqual([
      401,
      `Bearer realm="plimsoll", resource_metadata="${url}/.well-known/oauth-protected-resource/api"`,
    ])
  })

  it('challenges a token with too few scopes with those that the call requires', async () => {
    const { access_token } = await tokensFor({ scope: 'customers:read' })
    const call = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'register_client', arguments: { client_name: 'X' } },
    }
    const answer = await post(access_token, '/mcp/customers', call)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringMatching(/^Bearer error="insufficient_scope", scope="customers:write", resource_metadata="/),
    ])
  })

  it.each([
    '/mcp/customers?access_token=',
    '/mcp?readonly&token=',
    '/api/v1/audit?access_token=',
    '/api/v1/audit?api_key=',
  ])('refuses credentials in the URL %s, valid or not', async (path) => {
    const { access_token } = await tokensFor()
    for (const credential of [access_token, 'wrong']) {
      const answer = await fetch(`${url}${path}${credential}`, {
        headers: { accept: 'application/json, text/event-stream' },
      })
      const body = await answer.text()
      expect(answer.status).toBe(400)
      expect(body).toContain('CREDENTIAL_IN_URL')
      expect(body).not.toContain(credential)
    }
  })
})

describe('the authorization server', () => {
  it('has metadata at the root of its host, without endpoints that do not exist', async () => {
    const metadata: unknown = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({
      issuer: url,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
      registration_endpoint: `${url}/auth/oauth2/register`,
    })
    expect(JSON.stringify(metadata)).not.toMatch(/introspection|dpop|backchannel|password|implicit/)
    for (const endpoint of [
      '/oauth2/introspect',
      '/oauth2/create-client',
      '/oauth2/get-clients',
      '/oauth2/userinfo',
      '/admin/oauth2/resources',
    ]) {
      expect((await fetch(`${url}/auth${endpoint}`, { method: 'POST', headers: { cookie, origin: url } })).status).toBe(
        404,
      )
    }
  })

  it('issues a token for the person, the tenant, the session and the requested resource alone', async () => {
    const place = await consent()
    expect(Object.fromEntries(place.searchParams)).toMatchObject({ state: 'the-state', iss: url })
    const { status, body } = await exchange(place)
    expect([status, body.token_type, body.expires_in, body.scope]).toEqual([
      200,
      'Bearer',
      900,
      'customers:read offline_access',
    ])
    expect(decodeProtectedHeader(body.access_token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) })
    expect(decodeJwt(body.access_token)).toMatchObject({
      iss: url,
      aud: `${url}/mcp/customers`,
      sub: person.userId,
      tenant: person.tenantId,
      sid: expect.any(String),
      client_id: clientId,
      scope: 'customers:read offline_access',
    })
    expect((await listTools(body.access_token)).status).toBe(200)
    expect((await listTools(body.access_token, '/mcp')).status).toBe(401)
    expect((await listTools(body.access_token, '/mcp/tasks')).status).toBe(401)
  })

  it('issues no scopes of other resources, and no token for all resources at once', async () => {
    expect((await tokensFor({ scope: 'customers:read audit:read tasks:write' })).scope).toBe('customers:read')
    expect((await authorize({ resource: url })).searchParams.get('error')).toBe('invalid_target')
  })

  it.each(['keys:write', 'access:write', 'account:write', 'own-data:write'])(
    'grants no client %s, by which it could keep access after its consent is revoked',
    async (scope) => {
      const refused = await authorize({ resource: `${url}/api`, scope: `tasks:read ${scope}` })
      expect(refused.searchParams.get('error')).toBe('invalid_scope')
      const known = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).text()
      expect(known).toContain('tasks:read')
      expect(known).not.toContain(scope)
      const described = await (await fetch(`${url}/.well-known/oauth-protected-resource/api`)).text()
      expect(described).toContain('tasks:read')
      expect(described).not.toContain(scope)
    },
  )

  it('records audit events of consents, issued tokens, and a refresh token that was used twice', async () => {
    const other = await testPerson(database, url)
    const tokens = await tokensFor({}, await signInCookie(url, other))
    await refresh(tokens.refresh_token)
    await refresh(tokens.refresh_token)
    const { rows } = await database.owner.query<{
      action: string
      subject: string
      outcome: string
      tenant_id: string
    }>(
      `select action, subject, outcome, tenant_id from audit.events
       where subject = $1 and tenant_id = $2 order by at, id`,
      [clientId, other.tenantId],
    )
    expect(rows.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'oauth.consent success',
      'oauth.token-issued success',
      'oauth.token-refreshed success',
      'identity.refresh-token-reused denied',
    ])
  })

  it('redirects a person who is not signed in to the sign-in page, with the request', async () => {
    const place = await authorize({}, '')
    expect(place.pathname).toBe('/sign-in')
    expect(place.searchParams.get('client_id')).toBe(clientId)
    expect(place.searchParams.get('sig')).not.toBeNull()
  })

  it('asks for consent once for the same request of a client that returns to its own host, and again for more', async () => {
    const changes = {
      client_id: await register(['https://app.example/done']),
      redirect_uri: 'https://app.example/done',
    }
    await consent({ changes })
    expect((await authorize({ changes })).searchParams.get('code')).not.toBeNull()
    const more = { scope: 'customers:read customers:write offline_access', changes }
    expect((await authorize(more)).pathname).toBe('/consent')
    expect((await authorize({ resource: `${url}/mcp`, changes })).pathname).toBe('/consent')
  })

  it.each([{}, { prompt: 'none' }, { prompt: 'login none' }])(
    'asks each time for a client that any program on the computer can pretend to be (%j)',
    async (changes) => {
      await consent()
      const place = await authorize({ changes })
      expect(place.searchParams.get('code')).toBeNull()
      expect(place.pathname).toMatch(/^\/(consent|sign-in)$/)
    },
  )

  it.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a resource of another server', { resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
    ['a scope that does not exist', { scope: 'everything' }, 'invalid_scope'],
  ])('refuses %s with an error at the redirect URI', async (_what, changes, error) => {
    const place = await authorize({ changes })
    expect([place.origin, place.pathname, place.searchParams.get('error')]).toEqual([
      'http://127.0.0.1:4711',
      '/callback',
      error,
    ])
    expect(place.searchParams.get('iss')).toBe(url)
  })

  it.each([
    'http://127.0.0.1:4711/callback/more',
    'http://127.0.0.1:4711/callback?x=1',
    'http://localhost:4711/callback',
    'https://127.0.0.1:4711/callback',
    'http://127.0.0.1.evil.example/callback',
    'http://evil.example/callback',
    'http://user@127.0.0.1:4711/callback',
    'javascript:alert(1)',
  ])('does not redirect to %s, which the client did not register', async (uri) => {
    const place = await authorize({ changes: { redirect_uri: uri } })
    expect(place.origin).toBe(url)
    expect(place.searchParams.get('code')).toBeNull()
  })

  it('accepts any port of a registered loopback address, because programs get a free one', async () => {
    const place = await authorize({ changes: { redirect_uri: 'http://127.0.0.1:5999/callback' } })
    expect(place.searchParams.get('error')).toBeNull()
  })
})

describe('a code', () => {
  it('is valid once; its second use revokes the tokens of the first', async () => {
    const place = await consent()
    const { body } = await exchange(place)
    expect(await exchange(place)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await refresh(body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await vi.waitFor(async () => expect((await listTools(body.access_token)).status).toBe(401))
  })

  it.each([
    ['another verifier', { code_verifier: randomBytes(32).toString('base64url') }],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:9/callback' }],
    ['another resource', { resource: 'https://elsewhere.example/mcp' }],
  ])('is refused with %s', async (_what, changes) => {
    const { status, body } = await exchange(await consent(), changes)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(body.access_token).toBeUndefined()
  })
})

describe('a refresh token', () => {
  it('rotates; its second use immediately revokes all tokens of the grant', async () => {
    const first = await tokensFor()
    const second = await refresh(first.refresh_token)
    expect(second.status).toBe(200)
    expect(second.body.refresh_token).not.toBe(first.refresh_token)
    expect((await listTools(second.body.access_token)).status).toBe(200)
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(second.body.refresh_token)).body.error).toBe('invalid_grant')
    await vi.waitFor(async () => expect((await listTools(second.body.access_token)).status).toBe(401))
  })

  it('that is revoked ends its access tokens, and none of another client', async () => {
    const mine = await tokensFor()
    const kept = clientId
    clientId = await register()
    const others = await tokensFor()
    clientId = kept
    const answer = await fetch(`${url}/auth/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, token: mine.refresh_token, token_type_hint: 'refresh_token' }),
    })
    expect(answer.status).toBe(200)
    await vi.waitFor(async () => expect((await listTools(mine.access_token)).status).toBe(401))
    expect((await listTools(others.access_token)).status).toBe(200)
  })

  it('ends when the consent is revoked, and so do its access tokens', async () => {
    const other = await testPerson(database, url)
    const session = await signInCookie(url, other)
    const tokens = await tokensFor({}, session)
    const headers = { cookie: session, origin: url, 'content-type': 'application/json' }
    const consents: unknown = await (await fetch(`${url}/auth/oauth2/get-consents`, { headers })).json()
    const [{ id }] = z.tuple([z.object({ id: z.string(), clientId: z.literal(clientId) })]).parse(consents)
    const body = JSON.stringify({ id })
    expect((await fetch(`${url}/auth/oauth2/delete-consent`, { method: 'POST', headers, body })).status).toBe(200)
    await vi.waitFor(async () => expect((await listTools(tokens.access_token)).status).toBe(401))
    expect((await refresh(tokens.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('is not needed for revocation: revoking the consent also ends access tokens without one, and unused codes', async () => {
    const other = await testPerson(database, url)
    const session = await signInCookie(url, other)
    const { access_token: granted } = await tokensFor({ scope: 'customers:read' }, session)
    expect((await listTools(granted)).status).toBe(200)
    const unused = await consent({ scope: 'customers:read' }, session)
    const headers = { cookie: session, origin: url, 'content-type': 'application/json' }
    const consents: unknown = await (await fetch(`${url}/auth/oauth2/get-consents`, { headers })).json()
    const [{ id }] = z.tuple([z.object({ id: z.string() })]).parse(consents)
    const body = JSON.stringify({ id })
    expect((await fetch(`${url}/auth/oauth2/delete-consent`, { method: 'POST', headers, body })).status).toBe(200)
    await vi.waitFor(async () => expect((await listTools(granted)).status).toBe(401))
    const late = await exchange(unused)
    expect(late.status === 200 ? (await listTools(late.body.access_token)).status : 401).toBe(401)
  })

  it('is issued only for the scope offline_access', async () => {
    const { refresh_token } = await tokensFor({ scope: 'customers:read' })
    expect(refresh_token).toBeUndefined()
  })

  it('ends with the session in which the person consented, and so do its access tokens', async () => {
    const other = await testPerson(database, url)
    const session = await signInCookie(url, other)
    const tokens = await tokensFor({}, session)
    expect((await listTools(tokens.access_token)).status).toBe(200)
    const left = await fetch(`${url}/auth/sign-out`, {
      method: 'POST',
      headers: { cookie: session, origin: url, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(left.status).toBe(200)
    await vi.waitFor(async () => expect((await listTools(tokens.access_token)).status).toBe(401))
    expect((await refresh(tokens.refresh_token)).body.error).toBe('invalid_grant')
  })
})

describe('a member who was removed', () => {
  it('is refused with a token that was valid before', async () => {
    const other = await testPerson(database, url)
    const { access_token } = await tokensFor({}, await signInCookie(url, other))
    expect((await listTools(access_token)).status).toBe(200)
    await database.owner.query('delete from access.members where user_id = $1', [other.userId])
    await vi.waitFor(async () => expect((await listTools(access_token)).status).toBe(401))
  })
})

describe('a read-only member', () => {
  it('gets no more scopes by consenting to more', async () => {
    const other = await testPerson(database, url, 'read-only')
    const ask = { scope: 'customers:read customers:write' }
    const { access_token } = await tokensFor(ask, await signInCookie(url, other))
    const body: unknown = await (await listTools(access_token)).json()
    expect(JSON.stringify(body)).toContain('get_client_overview')
    expect(JSON.stringify(body)).not.toContain('register_client')
  })
})

describe('without OAUTH_DYNAMIC_REGISTRATION the authorization server', () => {
  it('registers no client, and has no registration endpoint in its metadata', async () => {
    const { app: closed, url: place } = await startApp(database)
    const metadata: unknown = await (await fetch(`${place}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({ issuer: place, client_id_metadata_document_supported: true })
    expect(metadata).not.toHaveProperty('registration_endpoint')
    const body = JSON.stringify({ redirect_uris: ['http://127.0.0.1/callback'] })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${place}/auth/oauth2/register`, { method: 'POST', headers, body })).status).toBe(404)
    await closed.close()
  })
})

describe('in development the authorization server', () => {
  it('registers clients by default, so that a program needs only the URL', async () => {
    for (const [told, offered] of [
      [{}, true],
      [{ OAUTH_DYNAMIC_REGISTRATION: 'false' }, false],
    ] as const) {
      const { app: open, url: place } = await startApp(database, { ENVIRONMENT: 'development', ...told })
      const metadata: unknown = await (await fetch(`${place}/.well-known/oauth-authorization-server`)).json()
      await open.close()
      expect(Object.hasOwn(z.object({}).loose().parse(metadata), 'registration_endpoint')).toBe(offered)
    }
  })
})
