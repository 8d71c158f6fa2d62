import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'
import { signInCookie, testPerson } from '../support/person.ts'
import { acceptedBy } from '../support/consent.ts'

const database = await testDatabase()
let app: App
let url: string
let cookie: string

beforeAll(async () => {
  ;({ app, url } = await startApp(database, {
    OAUTH_DYNAMIC_REGISTRATION: 'true',
    OUTBOUND_ALLOW_LOOPBACK: 'true',
  }))
  cookie = await signInCookie(url, await testPerson(database, url))
})
afterAll(() => app.close())

const Registered = z.object({ client_id: z.string(), redirect_uris: z.array(z.string()) })
const OAuthError = z.object({ error: z.string(), error_description: z.string() })

async function register(metadata: object): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/auth/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  })
  return { status: answer.status, body: await answer.json() }
}

const registered = async (redirectUri = 'http://127.0.0.1:4711/callback', more: object = {}) =>
  Registered.parse((await register({ ...PUBLIC, redirect_uris: [redirectUri], ...more })).body).client_id

/** What the clients below have in common. */
const PUBLIC = {
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
}

const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

interface Asked {
  readonly clientId: string
  readonly redirectUri?: string
  readonly resource?: string | undefined
}

/** Signs the person's agreement through the pages. Returns where the browser ends up. */
async function allow({ clientId, redirectUri = 'http://127.0.0.1:4711/callback', resource }: Asked): Promise<URL> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'customers:read offline_access',
    state: 's',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(resource !== undefined && { resource }),
  })
  return acceptedBy(cookie, url, query)
}

async function token(form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(`${url}/auth/oauth2/token`, { method: 'POST', headers, body: new URLSearchParams(form) })
  const body: unknown = await answer.json()
  return { status: answer.status, headers: answer.headers, body }
}

const Tokens = z.object({ access_token: z.string(), refresh_token: z.string() })

async function tokensFor(asked: Asked, changes: Readonly<Record<string, string>> = {}) {
  const place = await allow(asked)
  const { status, body } = await token({
    grant_type: 'authorization_code',
    client_id: asked.clientId,
    code: place.searchParams.get('code') ?? '',
    redirect_uri: asked.redirectUri ?? 'http://127.0.0.1:4711/callback',
    code_verifier: verifier,
    ...changes,
  })
  expect(status, JSON.stringify(body)).toBe(200)
  return Tokens.parse(body)
}

const listTools = (accessToken: string, path = '/mcp') =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  })

/** The registrations that programs send, from their public reports and sources. */
const CLIENTS: readonly (readonly [
  name: string,
  metadata: { readonly redirect_uris: readonly string[]; readonly [field: string]: unknown },
])[] = [
  [
    'VS Code',
    {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
  ],
  ['VS Code, without a type', { ...PUBLIC, redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1:33418/'] }],
  ['Cursor', { ...PUBLIC, client_name: 'Cursor', redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] }],
  [
    'Cursor, as a native client',
    { ...PUBLIC, application_type: 'native', redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] },
  ],
  [
    'Claude',
    {
      ...PUBLIC,
      client_name: 'Claude',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
    },
  ],
  [
    'Claude Code',
    { ...PUBLIC, client_name: 'Claude Code (plimsoll)', redirect_uris: ['http://localhost:54212/callback'] },
  ],
  [
    'Claude, with a secret and the name of its own scope',
    {
      ...PUBLIC,
      client_name: 'Claude',
      scope: 'claudeai',
      token_endpoint_auth_method: 'client_secret_post',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
    },
  ],
  [
    'a program that calls itself a web client, and leaves fields empty',
    {
      ...PUBLIC,
      application_type: 'web',
      client_uri: '',
      logo_uri: null,
      redirect_uris: ['http://localhost:3080/callback', 'librechat://callback'],
    },
  ],
  [
    'ChatGPT',
    { ...PUBLIC, client_name: 'ChatGPT', redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'] },
  ],
]

describe('a registration', () => {
  it.each(CLIENTS)('of %s is accepted, and each of its addresses gets a code', async (_name, metadata) => {
    const { status, body } = await register(metadata)
    expect([status, body]).toEqual([201, expect.objectContaining({ redirect_uris: metadata.redirect_uris })])
    const { client_id: clientId } = Registered.parse(body)
    for (const redirectUri of metadata.redirect_uris) {
      const place = await allow({ clientId, redirectUri, resource: `${url}/mcp` })
      expect(place.href.startsWith(redirectUri)).toBe(true)
      expect(place.searchParams.get('code')).not.toBeNull()
    }
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'http://app.example/done',
    'cursor://user@anysphere.cursor-mcp/oauth',
    'cursor://anysphere.cursor-mcp/oauth#x',
    'cursor://anysphere.cursor-mcp/\noauth',
    ' cursor://anysphere.cursor-mcp/oauth',
    'java\nscript:alert(1)',
    'urn:ietf:wg:oauth:2.0:oob',
    'nothing',
  ])('with the address %s is refused', async (uri) => {
    const { status, body } = await register({ ...PUBLIC, redirect_uris: [uri] })
    expect([status, OAuthError.parse(body).error]).toEqual([400, 'invalid_redirect_uri'])
  })

  it.each([
    ['redirect_uris', { redirect_uris: Array.from({ length: 51 }, (_, n) => `https://app.example/${n}`) }],
    ['redirect_uris.0', { redirect_uris: [`https://app.example/${'x'.repeat(2048)}`] }],
    ['client_name', { client_name: 'x'.repeat(201) }],
    ['client_uri', { client_uri: 'javascript:alert(1)' }],
    ['logo_uri', { logo_uri: 'data:image/png;base64,AAAA' }],
    ['policy_uri', { policy_uri: 'ftp://app.example' }],
    ['contacts', { contacts: Array.from({ length: 21 }, () => 'a@example.com') }],
  ])('beyond its bounds is refused, and names %s', async (field, more) => {
    const { status, body } = await register({ ...PUBLIC, redirect_uris: ['https://app.example/'], ...more })
    expect(status).toBe(400)
    expect(OAuthError.parse(body).error_description.startsWith(`${field}:`)).toBe(true)
  })
})

describe('a client metadata document', () => {
  it.each(CLIENTS.filter(([, { token_endpoint_auth_method: method }]) => method === 'none'))(
    'of %s is accepted, and each of its addresses gets a code',
    async (_name, metadata) => {
      const document = await documentAt(metadata)
      for (const redirectUri of metadata.redirect_uris) {
        const place = await allow({ clientId: document.url, redirectUri, resource: `${url}/mcp` })
        expect(place.href.startsWith(redirectUri)).toBe(true)
        expect(place.searchParams.get('code')).not.toBeNull()
      }
      document.close()
    },
  )

  it.each(['javascript:alert(1)', 'http://app.example/done', 'cursor://x/\ny'])(
    'with the address %j is refused',
    async (uri) => {
      const document = await documentAt({ redirect_uris: [uri] })
      const place = await allow({ clientId: document.url, redirectUri: uri })
      expect([place.origin, place.searchParams.get('code')]).toEqual([url, null])
      document.close()
    },
  )
})

/** Serves the metadata of a client, whose id is the URL of that document. */
async function documentAt(metadata: object): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    const clientId = `http://${request.headers.host}${request.url}`
    const body = JSON.stringify({ ...metadata, client_id: clientId })
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/client.json`, close: () => void server.close().closeAllConnections() }
}

describe('an unknown client', () => {
  it('is told so at the token endpoint, also with Basic credentials', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: 'x' }
    const [byForm, byBasic] = [
      await token({ ...form, client_id: 'gone' }),
      await token(form, { authorization: `Basic ${Buffer.from('gone:secret').toString('base64')}` }),
    ]
    expect([byForm.status, byForm.body]).toEqual([401, expect.objectContaining({ error: 'invalid_client' })])
    expect([byBasic.status, byBasic.body]).toEqual([401, expect.objectContaining({ error: 'invalid_client' })])
    expect(byForm.headers.get('www-authenticate')).toBeNull()
    expect(byBasic.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  it('is named on the page to which its person is sent', async () => {
    const page = await fetch(await allow({ clientId: 'gone' }))
    expect(new URL(page.url).pathname).toBe('/error')
    expect(await page.text()).toContain('is not registered')
  })
})

describe('a token', () => {
  it('of a client that names no resource opens every MCP server, and not the REST API', async () => {
    const { access_token: accessToken } = await tokensFor({ clientId: await registered() })
    expect((await listTools(accessToken)).status).toBe(200)
    expect((await listTools(accessToken, '/mcp/customers')).status).toBe(200)
    expect((await fetch(`${url}/api/v1/audit`, { headers: { authorization: `Bearer ${accessToken}` } })).status).toBe(
      401,
    )
  })

  it('is issued for the URL as the client spells it, with a slash at its end', async () => {
    const resource = `${url}/mcp/customers/`
    const described = await fetch(`${url}/.well-known/oauth-protected-resource/mcp/customers/`)
    expect(await described.json()).toMatchObject({ resource })
    const { access_token: accessToken } = await tokensFor({ clientId: await registered(), resource }, { resource })
    expect((await listTools(accessToken, '/mcp/customers/')).status).toBe(200)
    expect((await listTools(accessToken)).status).toBe(401)
    const challenged = await listTools('wrong', '/mcp/customers/')
    expect(challenged.headers.get('www-authenticate')).toContain('/oauth-protected-resource/mcp/customers/"')
  })

  it.each(['access_token', 'refresh_token'] as const)('that is revoked, here the %s, ends the grant', async (kind) => {
    const [clientId, otherId] = [await registered(), await registered()]
    const [mine, others] = [await tokensFor({ clientId }), await tokensFor({ clientId: otherId })]
    const revoke = (by: string) =>
      fetch(`${url}/auth/oauth2/revoke`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: by, token: mine[kind], token_type_hint: kind }),
      })
    expect((await revoke(otherId)).status).toBe(200)
    expect((await listTools(mine.access_token)).status).toBe(200)
    expect((await revoke(clientId)).status).toBe(200)
    await vi.waitFor(async () => expect((await listTools(mine.access_token)).status).toBe(401))
    const refreshed = await token({
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: mine.refresh_token,
    })
    expect(refreshed.body).toMatchObject({ error: 'invalid_grant' })
    expect((await listTools(others.access_token)).status).toBe(200)
  })

  const revoke = async (form: Readonly<Record<string, string>>) =>
    (await fetch(`${url}/auth/oauth2/revoke`, { method: 'POST', body: new URLSearchParams(form) })).status

  it.each([
    ['access_token', 'refresh_token'],
    ['refresh_token', 'access_token'],
  ] as const)(
    'is revoked after its sibling, %s first, and no other grant of the client ends',
    async (first, second) => {
      const clientId = await registered()
      const [mine, kept] = [await tokensFor({ clientId }), await tokensFor({ clientId })]
      for (const kind of [first, second, second]) {
        // The hint is wrong: it may only speed up the search (RFC 7009, 2.1).
        const token_type_hint = kind === 'access_token' ? 'refresh_token' : 'access_token'
        expect(await revoke({ client_id: clientId, token: mine[kind], token_type_hint })).toBe(200)
      }
      const refreshed = (refresh_token: string) =>
        token({ grant_type: 'refresh_token', client_id: clientId, refresh_token })
      expect((await refreshed(mine.refresh_token)).status).toBe(400)
      expect((await refreshed(kept.refresh_token)).status).toBe(200)
    },
  )

  it.each(['nothing', 'a.b.c', 'forged'])(
    'that was not issued here (%s) is answered like one that ended',
    async (name) => {
      const clientId = await registered()
      const { access_token: issued } = await tokensFor({ clientId })
      const { privateKey } = await generateKeyPair('Ed25519')
      const forged = () =>
        new SignJWT(decodeJwt(issued))
          .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: decodeProtectedHeader(issued).kid ?? '' })
          .sign(privateKey)
      expect(await revoke({ client_id: clientId, token: name === 'forged' ? await forged() : name })).toBe(200)
      expect((await listTools(issued)).status).toBe(200)
    },
  )

  it('is not revoked for who has a wrong secret, and the request without a token is refused', async () => {
    const { body } = await register({
      ...PUBLIC,
      redirect_uris: ['https://app.example/'],
      token_endpoint_auth_method: 'client_secret_post',
    })
    const { client_id: clientId } = Registered.parse(body)
    expect(await revoke({ client_id: clientId, client_secret: 'wrong', token: 'x' })).toBe(400)
    expect(await revoke({ client_id: clientId, token: 'x' })).toBe(400)
    expect(await revoke({ client_id: await registered() })).toBe(400)
    expect(await revoke({ client_id: 'gone', token: 'x' })).toBe(401)
  })

  it('of a client that signs its requests is revoked by its assertion alone', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
    const redirectUri = 'https://app.example/done'
    const signed = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } }
    const clientId = await registered(redirectUri, signed)
    const assertion = async (endpoint: string) => ({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new SignJWT()
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(`${url}/auth/oauth2/${endpoint}`)
        .setJti(randomBytes(8).toString('hex'))
        .setIssuedAt()
        .setExpirationTime('1 minute')
        .sign(privateKey),
    })
    const { access_token: token } = await tokensFor({ clientId, redirectUri }, await assertion('token'))
    expect((await listTools(token)).status).toBe(200)
    const body = new URLSearchParams({ token, ...(await assertion('revoke')) })
    expect((await fetch(`${url}/auth/oauth2/revoke`, { method: 'POST', body })).status).toBe(200)
    await vi.waitFor(async () => expect((await listTools(token)).status).toBe(401))
  })

  it('can be revoked without a secret, and the metadata says so', async () => {
    const metadata: unknown = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata).toMatchObject({ revocation_endpoint_auth_methods_supported: expect.arrayContaining(['none']) })
  })
})

describe('the authorization endpoint', () => {
  it('serves everybody behind one address, and tells who exceeds the limit of the address on a page', async () => {
    const limited = await startApp(database, {
      OAUTH_DYNAMIC_REGISTRATION: 'true',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_IP_PER_MINUTE: '30',
    })
    const open = () => fetch(`${limited.url}/auth/oauth2/authorize?client_id=gone`, { redirect: 'manual' })
    const statuses = []
    for (let colleague = 0; colleague < 30; colleague++) statuses.push((await open()).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const refused = await open()
    expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8'])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.text()).toContain('Too many requests from your network')
    await limited.app.close()
  })
})
