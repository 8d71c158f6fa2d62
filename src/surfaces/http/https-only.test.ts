import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { ErrorAnswer, rawRequest, startSurface } from '../../../test/support/http-surface.ts'
import { SECURITY_HEADERS } from './headers.ts'

const served: string[] = []
const routes = [
  plainRoute({
    method: 'POST',
    path: '/api/v1/things',
    summary: 'Change something',
    tags: ['things'],
    scope: 'customers:read',
    response: z.object({}),
    run: async () => {
      served.push('POST /api/v1/things')
      return {}
    },
  }),
]

const page = {
  name: 'page',
  methods: ['GET', 'POST'],
  path: '/sign-in',
  public: 'a page',
  limit: 'lenient',
  answer: async () => new Response('page'),
} as const

let started: Awaited<ReturnType<typeof startSurface>>
let url = ''
beforeAll(async () => {
  started = await startSurface(routes, {
    env: {
      HTTPS_ONLY: 'true',
      PUBLIC_URL: 'https://mcp.example.com',
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMIT_PER_IP_PER_MINUTE: '100000',
    },
    web: [page],
    mcp: {
      serves: (path) => path.startsWith('/mcp'),
      handle: (_req, res) => {
        served.push('mcp')
        res.end('mcp')
      },
    },
  })
  url = started.url
})
afterAll(() => started.surface.close(1))

describe('with HTTPS_ONLY', () => {
  it.each(['/sign-in?next=%2Faccount', '/', '/version'])(
    'a look at %s by plain HTTP is sent to https',
    async (path) => {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers } = await rawRequest(`${url}${path}`, {}, method)
        expect([status, headers['location']]).toEqual([308, `https://mcp.example.com${path}`])
        expect(headers['strict-transport-security']).toBe(SECURITY_HEADERS['Strict-Transport-Security'])
      }
    },
  )

  it.each([
    ['a call with a key', 'POST', '/api/v1/things', { authorization: 'Bearer reader' }],
    ['a call without', 'POST', '/api/v1/things', {}],
    ['a look with a key', 'GET', '/version', { authorization: 'Bearer reader' }],
    ['a look at the API', 'GET', '/api/v1/version', {}],
    ['MCP', 'POST', '/mcp/customers', { authorization: 'Bearer reader' }],
    ['an MCP stream', 'GET', '/mcp/customers', {}],
    ['a token request', 'POST', '/auth/oauth2/token', {}],
    ['a form', 'POST', '/sign-in', {}],
    [
      'a preflight',
      'OPTIONS',
      '/api/v1/things',
      { origin: 'https://mcp.example.com', 'access-control-request-method': 'POST' },
    ],
  ])('%s by plain HTTP is refused, never sent on', async (_what, method, path, headers: Record<string, string>) => {
    const answer = await rawRequest(`${url}${path}`, headers, method)
    expect(answer.status).toBe(403)
    expect(ErrorAnswer.parse(JSON.parse(answer.body)).error.code).toBe('HTTPS_REQUIRED')
    expect(answer.headers['location']).toBeUndefined()
    expect(served).toEqual([])
  })

  it.each(['/health', '/ready', '/metrics'])('the probe %s is answered by plain HTTP', async (path) => {
    expect((await rawRequest(`${url}${path}`, {})).status).toBe(200)
  })

  it.each(['https', 'http, https', 'HTTPS'])('what a trusted proxy took by %s is served', async (proto) => {
    const headers = { 'x-forwarded-proto': proto, authorization: 'Bearer reader' }
    expect((await rawRequest(`${url}/sign-in`, headers)).body).toBe('page')
    expect((await rawRequest(`${url}/mcp/customers`, headers)).body).toBe('mcp')
    expect((await rawRequest(`${url}/api/v1/things`, headers, 'POST')).status).toBe(200)
    served.splice(0)
  })

  it.each(['http', 'https, http', 'wss', ''])('what a trusted proxy took by %j is not', async (proto) => {
    expect((await rawRequest(`${url}/sign-in`, { 'x-forwarded-proto': proto })).status).toBe(308)
  })

  it('nobody is sent to a host that is not ours', async () => {
    const { status, headers } = await rawRequest(`${url}/sign-in`, { host: 'evil.example.net' })
    expect([status, headers['location']]).toEqual([403, undefined])
  })

  it('whoever is no trusted proxy is not believed', async () => {
    const alone = await startSurface([], { env: { HTTPS_ONLY: 'true' } })
    const { status, headers } = await rawRequest(`${alone.url}/version`, { 'x-forwarded-proto': 'https' })
    expect([status, headers['location']]).toEqual([308, 'https://127.0.0.1/version'])
    await alone.surface.close(1)
  })
})
