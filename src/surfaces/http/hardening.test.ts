import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { ErrorAnswer, errorOf, exchange, rawRequest, startSurface } from '../../../test/support/http-surface.ts'
import { SECURITY_HEADERS } from './headers.ts'

const BODY_MAX = 10_000

const routes = [
  plainRoute({
    method: 'POST',
    path: '/v1/batch',
    summary: 'Count',
    tags: ['events'],
    scope: 'customers:read',
    envelope: 'bare',
    bodyBytesMax: BODY_MAX,
    body: z.strictObject({ batch: z.array(z.string()) }),
    response: z.object({ count: z.number() }),
    run: async (_ctx, { body }) => ({ count: body.batch.length }),
  }),
]

let started: Awaited<ReturnType<typeof startSurface>>
let url = ''
beforeAll(async () => {
  started = await startSurface(routes, {
    env: {
      CORS_ORIGINS: 'https://app.example.com',
      ALLOWED_HOSTS: 'api.example.com',
      PUBLIC_URL: 'https://mcp.example.com',
      RATE_LIMIT_PER_IP_PER_MINUTE: '100000',
      TRUSTED_PROXIES: '127.0.0.1',
    },
    patience: { headersSeconds: 1, requestSeconds: 2 },
    mcp: {
      serves: (path) => path.startsWith('/mcp'),
      handle: (req, res) => void res.end(`mcp ${req.url}`),
    },
  })
  url = started.url
})
afterAll(() => started.surface.close(1))

const key = { authorization: 'Bearer reader', 'content-type': 'application/json' }

describe('the security headers', () => {
  it.each([
    ['a success', '/health', 200],
    ['an unknown path', '/nothing', 404],
    ['a wrong method', '/v1/batch', 405],
    ['a malformed path', '/%zz', 400],
  ])('are on %s', async (_what, path, status) => {
    const response = await fetch(`${url}${path}`)
    expect(response.status).toBe(status)
    expectSecurityHeaders(Object.fromEntries(response.headers))
  })

  it('are on a refused host and on a preflight', async () => {
    const refused = await rawRequest(`${url}/health`, { host: 'evil.example.net' })
    expect(refused.status).toBe(403)
    expectSecurityHeaders(refused.headers)
    const preflight = await rawRequest(`${url}/v1/batch`, preflightHeaders('https://app.example.com'), 'OPTIONS')
    expect(preflight.status).toBe(204)
    expectSecurityHeaders(preflight.headers)
  })

  it.each([
    ['no host', 'GET /version HTTP/1.1\r\nConnection: close\r\n\r\n', '403 Forbidden'],
    [
      'an expectation nobody knows',
      'GET /nothing HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n',
      '404 Not Found',
    ],
    ['what is not HTTP', 'HELLO\r\n\r\n', '400 Bad Request'],
    ['too many header bytes', `GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, '431 '],
    ['headers that never end', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', '408 Request Timeout'],
    ['a body that never ends', slowBody(), '408 Request Timeout'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      '400 Bad Request',
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400 Bad Request',
    ],
  ])('are on the answer to %s, and the connection is closed', async (_what, bytes, status) => {
    const answer = await exchange(started.port, bytes)
    const [head = '', body = ''] = answer.split('\r\n\r\n', 2)
    expect(head.split('\r\n')[0]).toContain(status)
    const headers = Object.fromEntries(head.split('\r\n').map((line) => line.toLowerCase().split(': ', 2)))
    expectSecurityHeaders(headers)
    expect(ErrorAnswer.parse(JSON.parse(body)).error.message).not.toMatch(/HPE|ERR_/)
  })
})

describe('the host guard', () => {
  it.each([
    'localhost:1',
    'LOCALHOST',
    'localhost.',
    '127.0.0.1',
    '[::1]:99',
    '10.2.3.4:8080',
    'api.example.com',
    'api.example.com.:8443',
    'MCP.example.com',
  ])('takes %s', async (host) => {
    expect((await rawRequest(`${url}/version`, { host })).status).toBe(200)
  })

  it.each([
    'evil.example.net',
    'localhost.evil.net',
    'api.example.com.evil.net',
    '127.0.0.1.evil.net',
    'api.example.com..',
    'xapi.example.com',
    'api.example.com:8080:1',
    'api.example.com@evil.net',
    'api.example.com/',
    'localhost\t.evil.net',
  ])('refuses %s: a page of another name that points here', async (host) => {
    const { status, body } = await rawRequest(`${url}/version`, { host })
    expect([status, ErrorAnswer.parse(JSON.parse(body)).error.code]).toEqual([403, 'HOST_NOT_ALLOWED'])
  })

  it.each(['https://evil.example.net', 'null', 'no origin'])('refuses the page of %j, not invited', async (origin) => {
    const response = await fetch(`${url}/version`, { headers: { origin } })
    expect([response.status, (await errorOf(response)).code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('an invited page', () => {
  it('may ask first, and is told what it may send', async () => {
    const { headers } = await rawRequest(`${url}/v1/batch`, preflightHeaders('https://app.example.com'), 'OPTIONS')
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-headers': 'authorization,content-type',
      vary: 'Origin',
    })
    expect(headers['access-control-allow-methods']).toContain('POST')
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('may read the answer and the limits', async () => {
    const response = await fetch(`${url}/version`, { headers: { origin: 'https://app.example.com' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(response.headers.get('access-control-expose-headers')).toContain('X-RateLimit-Remaining')
  })
})

describe('what a browser needs before it has a token', () => {
  const OPEN = [
    '/.well-known/oauth-protected-resource/mcp/customers',
    '/.well-known/oauth-authorization-server',
    '/auth/oauth2/token',
    '/auth/oauth2/register',
    '/auth/oauth2/revoke',
    '/auth/jwks',
  ]
  const page = { origin: 'https://any.example.net' }

  it.each(OPEN)('may be read by any page, without cookies: %s', async (path) => {
    const { status, headers } = await rawRequest(`${url}${path}`, page)
    expect(status).not.toBe(403)
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
    const preflight = await rawRequest(`${url}${path}`, preflightHeaders(page.origin), 'OPTIONS')
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, '*'])
  })

  it.each([
    '/auth/sign-in/email',
    '/auth/oauth2/authorize',
    '/auth/oauth2/consent',
    '/auth/oauth2/token/x',
    '/auth/get-session',
    '/sign-in',
    '/account',
    '/api/v1/version',
    '/.well-known/security.txt',
  ])('is all that may: not %s', async (path) => {
    const { status, headers } = await rawRequest(`${url}${path}`, page)
    expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined])
  })
})

describe('answers', () => {
  it.each(['/version', '/nothing', '/v1/batch', '/api/v1/openapi.json'])(
    'are kept by nobody on the way: %s',
    async (path) => {
      expect((await fetch(`${url}${path}`, { headers: key })).headers.get('cache-control')).toBe('no-store')
    },
  )

  it.each([
    ['an unknown path', 'GET', '/nothing', {}, 404],
    ['a wrong method', 'GET', '/v1/batch', {}, 405],
    ['a malformed path', 'GET', '/%zz', {}, 400],
    ['no key', 'POST', '/v1/batch', { authorization: 'Bearer nobody' }, 401],
    ['another type', 'POST', '/v1/batch', { ...key, 'content-type': 'application/xml' }, 415],
    ['a body that is not JSON', 'POST', '/v1/batch', key, 400],
  ])('to %s tell nothing of what is inside', async (_what, method, path, headers, status) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(method === 'POST' && { body: '{"__proto__' }),
    })
    const text = await response.text()
    expect([response.status, text]).toEqual([
      status,
      expect.not.stringMatching(/fastify|FST_|node_modules|\.ts|at \w+ \(|stack/i),
    ])
    expect(response.headers.get('server') ?? response.headers.get('x-powered-by')).toBeNull()
    ErrorAnswer.parse(JSON.parse(text))
  })
})

describe('a compressed body', () => {
  const send = (body: Uint8Array<ArrayBuffer>, encoding = 'gzip') =>
    fetch(`${url}/v1/batch`, { method: 'POST', body, headers: { ...key, 'content-encoding': encoding } })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is inflated from %s', async (encoding, compress) => {
    const response = await send(compress('{"batch":["a","b"]}'), encoding)
    expect(await response.json()).toEqual({ count: 2 })
  })

  it.each(['gzip', 'deflate', 'br'])('that is not the %s it says it is refused as that', async (encoding) => {
    const response = await send(new Uint8Array(Buffer.from('{"batch":["a","b"]}')), encoding)
    expect([response.status, (await errorOf(response)).message]).toEqual([
      400,
      'The body does not decode as its Content-Encoding says.',
    ])
  })

  it('in an encoding of another kind is refused with those that are taken', async () => {
    const response = await send(gzipSync('{"batch":["a","b"]}'), 'zstd')
    expect([response.status, response.headers.get('accept-encoding'), (await errorOf(response)).message]).toEqual([
      415,
      'gzip, deflate, br, identity',
      'The Content-Encoding zstd is not taken here; use gzip, deflate or br, or send the body as it is.',
    ])
  })

  it('is bounded by what comes out, not by what is sent', async () => {
    const bomb = gzipSync(JSON.stringify({ batch: ['x'.repeat(5_000_000)] }))
    expect(bomb.length).toBeLessThan(BODY_MAX)
    const response = await send(bomb)
    expect([response.status, (await errorOf(response)).code]).toEqual([413, 'LIMIT_EXCEEDED'])
  })

  it('that is damaged is a wrong request, and the server goes on', async () => {
    const damaged = gzipSync('{"batch":["a","b"]}')
    damaged.fill(0, 12)
    expect((await send(damaged)).status).toBe(400)
    expect((await send(gzipSync('{"batch":[]}'))).status).toBe(200)
  })

  it('that is cut short is a wrong request', async () => {
    const whole = gzipSync('{"batch":["a","b"]}')
    expect((await send(whole.subarray(0, whole.length - 9))).status).toBe(400)
  })
})

describe('MCP', () => {
  it('is handed the bare request, and nothing beside its own paths', async () => {
    expect(await (await fetch(`${url}/mcp/customers?readonly`)).text()).toBe('mcp /mcp/customers?readonly')
    expect((await fetch(`${url}/api/mcp`)).status).toBe(404)
  })
})

function expectSecurityHeaders(headers: Readonly<Record<string, unknown>>) {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    expect(String(headers[name.toLowerCase()]).toLowerCase()).toBe(value.toLowerCase())
  }
}

function preflightHeaders(origin: string) {
  return {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  }
}

function slowBody(): string {
  const headers =
    'Host: localhost\r\nAuthorization: Bearer reader\r\nContent-Type: application/json\r\nContent-Length: 99'
  return `POST /v1/batch HTTP/1.1\r\n${headers}\r\n\r\n{`
}
