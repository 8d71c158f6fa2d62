import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { operation } from '#kernel/calls/operation'
import { route } from '#kernel/calls/route'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { errorOf, startSurface } from '../../../test/support/http-surface.ts'

const Client = z.object({ client_id: z.string(), name: z.string() })
const base = { tags: ['clients'], scope: 'customers:read' } as const

const routes = [
  plainRoute({
    ...base,
    method: 'GET',
    path: '/api/v1/clients/:client_id',
    summary: 'One client',
    params: z.object({ client_id: z.string().max(20) }),
    query: z.object({ detail: z.enum(['concise', 'detailed']).default('concise') }),
    response: z.object({ client_id: z.string(), detail: z.string() }),
    run: async (_ctx, { params, query }) => {
      if (params.client_id === 'nobody') throw new Failure('not_found', 'No such client.', { code: 'CLIENT_NOT_FOUND' })
      return { client_id: params.client_id, detail: query.detail }
    },
  }),
  plainRoute({
    ...base,
    method: 'POST',
    path: '/api/v1/clients',
    summary: 'Register a client',
    scope: 'customers:write',
    status: 201,
    body: Client,
    bodyBytesMax: 2000,
    response: Client,
    run: async (_ctx, { body }) => body,
  }),
  plainRoute({
    ...base,
    method: 'POST',
    path: '/v1/track',
    summary: 'Track',
    envelope: 'bare',
    body: z.looseObject({ event: z.string() }),
    response: z.object({ success: z.boolean() }),
    run: async () => ({ success: true }),
  }),
  route(
    operation({
      scope: 'customers:read',
      effect: 'create',
      input: z.looseObject({ event: z.string() }),
      output: z.looseObject({}),
      run: async (_ctx, body) => body,
    }),
    { method: 'POST', path: '/v1/echo', summary: 'Echo', tags: ['clients'], envelope: 'bare' },
  ),
  ...(['payment_required', 'unprocessable'] as const).map((kind) =>
    plainRoute({
      ...base,
      method: 'GET',
      path: `/api/v1/${kind}`,
      summary: 'Fails',
      response: z.object({}),
      run: async () => {
        throw new Failure(kind, `This is ${kind}.`)
      },
    }),
  ),
  plainRoute({
    ...base,
    method: 'GET',
    path: '/api/v1/broken',
    summary: 'A bug',
    response: z.object({}),
    run: async () => {
      throw new TypeError('select secret_column from customers')
    },
  }),
  plainRoute({
    ...base,
    method: 'DELETE',
    path: '/api/v1/clients/:client_id',
    summary: 'Forget',
    status: 204,
    params: z.object({ client_id: z.string() }),
    response: z.undefined(),
    run: async () => undefined,
  }),
]

let url = ''
let logged = ''
let started: Awaited<ReturnType<typeof startSurface>>
beforeAll(async () => {
  const write = (line: string) => {
    logged += line
  }
  started = await startSurface(routes, { logTo: { write }, env: { RATE_LIMIT_PER_IP_PER_MINUTE: '100000' } })
  url = started.url
})
afterAll(() => started.surface.close(1))

const reader = { authorization: 'Bearer reader' }
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    body,
    headers: { authorization: 'Bearer writer', 'content-type': 'application/json', ...headers },
  })

describe('an answer', () => {
  it('is data and meta, with the request id, its time, the limits and the time it took', async () => {
    const response = await fetch(`${url}/api/v1/clients/c1`, { headers: { ...reader, 'x-request-id': 'trace-42' } })
    expect(response.status).toBe(200)
    const body: unknown = await response.json()
    expect(body).toEqual({
      data: { client_id: 'c1', detail: 'concise' },
      meta: { timestamp: expect.stringMatching(/Z$/), request_id: 'trace-42' },
    })
    expect(response.headers.get('x-request-id')).toBe('trace-42')
    expect(response.headers.get('x-response-time')).toMatch(/^\d+\.\dms$/)
    expect(response.headers.get('x-ratelimit-limit')).toBe('6000')
    expect(Number(response.headers.get('x-ratelimit-remaining'))).toBeLessThan(6000)
    expect(Number(response.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000)
  })

  it.each([['x'.repeat(129)], ['a b'], ['<script>'], ['']])('gets an id of its own instead of %j', async (id) => {
    const response = await fetch(`${url}/api/v1/clients/c1`, { headers: { ...reader, 'x-request-id': id } })
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('is bare where the format belongs to others', async () => {
    const response = await post('/v1/track', '{"event":"Login","anything":{"else":1}}')
    expect(await response.json()).toEqual({ success: true })
  })

  it('has the status of its route, and no body with 204', async () => {
    expect((await post('/api/v1/clients', '{"client_id":"c1","name":"Acme"}')).status).toBe(201)
    const gone = await fetch(`${url}/api/v1/clients/c1`, { method: 'DELETE', headers: reader })
    expect([gone.status, await gone.text()]).toEqual([204, ''])
  })
})

describe('a path without version', () => {
  it('answers as /api/v1 and says until when', async () => {
    const response = await fetch(`${url}/api/clients/c1?detail=detailed`, { headers: reader })
    expect(await response.json()).toMatchObject({ data: { client_id: 'c1', detail: 'detailed' } })
    expect(response.headers.get('deprecation')).toBe('true')
    expect(response.headers.get('sunset')).toBe('Fri, 19 Feb 2027 00:00:00 GMT')
    expect(response.headers.get('link')).toBe('</api/v1/clients/c1?detail=detailed>; rel="successor-version"')
  })

  it('announces nothing when there is no such route, and a versioned path never does', async () => {
    expect((await fetch(`${url}/api/nothing`)).headers.get('deprecation')).toBeNull()
    expect((await fetch(`${url}/api/v1/clients/c1`, { headers: reader })).headers.get('deprecation')).toBeNull()
  })
})

describe('a caller', () => {
  it('without a key is told to bring one', async () => {
    const response = await fetch(`${url}/api/v1/clients/c1`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="plimsoll", resource_metadata="${url}/.well-known/oauth-protected-resource/api"`,
    )
    expect((await errorOf(response)).code).toBe('UNAUTHENTICATED')
  })

  it('with a wrong key is told that it is wrong', async () => {
    const response = await fetch(`${url}/api/v1/clients/c1`, { headers: { authorization: 'Bearer stolen' } })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  it('may send the key as the user name of Basic authentication', async () => {
    const response = await post('/v1/track', '{"event":"Login"}', { authorization: `Basic ${btoa('reader:')}` })
    expect(response.status).toBe(200)
  })

  it('without the scope is refused before the body is read, and told the scope', async () => {
    const response = await post('/api/v1/clients', 'not even JSON', reader)
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('scope="customers:write"')
    expect((await errorOf(response)).details).toEqual({ scopes_needed: ['customers:write'] })
  })
})

describe('a wrong request', () => {
  it('is answered with every problem, each naming its field', async () => {
    const response = await post('/api/v1/clients', '{"client_id":5,"nme":"Acme"}')
    expect(response.status).toBe(400)
    const { code, details } = await errorOf(response)
    expect(code).toBe('INVALID_PARAMETERS')
    expect(details?.['problems']).toMatchObject([
      { path: 'body.client_id', expected: 'string, received number' },
      { path: 'body.name' },
      { path: 'body.nme', expected: expect.stringContaining('no such') },
    ])
  })

  it('may be wrong in path and query too', async () => {
    const response = await fetch(`${url}/api/v1/clients/${'x'.repeat(21)}?detail=all&limit=1`, { headers: reader })
    const { details } = await errorOf(response)
    expect(details?.['problems']).toMatchObject([
      { path: 'path.client_id' },
      { path: 'query.detail', expected: 'one of: concise, detailed' },
      { path: 'query.limit' },
    ])
  })

  it.each([
    ['bad JSON', '{"client_id":', {}, 400, 'BAD_JSON'],
    ['no body', '', {}, 400, 'BAD_JSON'],
    ['a forged prototype', '{"__proto__":{"x":1}}', {}, 400, 'INVALID_PARAMETERS'],
    ['another content type', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED'],
    ['another encoding', '{}', { 'content-encoding': 'zstd' }, 415, 'ENCODING_NOT_ACCEPTED'],
    ['a body over the bound', JSON.stringify({ client_id: 'x'.repeat(3000) }), {}, 413, 'LIMIT_EXCEEDED'],
  ])('with %s is refused', async (_what, body, headers, status, code) => {
    const response = await post('/api/v1/clients', body, headers)
    expect(response.status).toBe(status)
    expect((await errorOf(response)).code).toBe(code)
  })

  it.each([
    ['a number that lost digits', '{"event":"a","ids":[1,9007199254740993]}', 'body.ids.1'],
    ['a field named __proto__', '{"event":"a","more":{"__proto__":{}}}', 'body.more.__proto__'],
  ])('is told where it has %s, also in an open body', async (_what, body, path) => {
    const response = await post('/v1/echo', body)
    expect(response.status).toBe(400)
    expect((await errorOf(response)).details?.['problems']).toMatchObject([{ path }])
  })

  it('that carries text which cannot be kept is told where, in path and body', async () => {
    const response = await fetch(`${url}/api/v1/clients/a%00b`, { headers: reader })
    expect(response.status).toBe(400)
    expect((await errorOf(response)).details?.['problems']).toMatchObject([{ path: 'path.client_id' }])
    for (const name of ['a\\u0000b', 'a\\ud800b']) {
      const refused = await post('/api/v1/clients', `{"client_id":"c","name":"${name}"}`)
      expect(refused.status).toBe(400)
      expect((await errorOf(refused)).details?.['problems']).toMatchObject([{ path: 'body.name' }])
    }
  })

  it('is left to its reader where the schema is open', async () => {
    const response = await post('/v1/track', '{"event":"a\\u0000b"}')
    expect(response.status).toBe(200)
  })

  it('to an operation with an open input is its body, whole, and nothing else', async () => {
    const body = '{"event":"Login","extra":["a\\u0000b"]}'
    const response = await post('/v1/echo', body)
    expect([response.status, await response.json()]).toEqual([200, JSON.parse(body)])
    const refused = await post('/v1/echo?event=Login', '{"event":5}')
    expect(refused.status).toBe(400)
    expect((await errorOf(refused)).details?.['problems']).toMatchObject([
      { path: 'query.event' },
      { path: 'body.event' },
    ])
  })

  it('to an unknown path is 404; with a method the path does not take 405 and what it takes', async () => {
    const unknown = await fetch(`${url}/wp-admin.php`)
    expect([unknown.status, (await errorOf(unknown)).code]).toEqual([404, 'ROUTE_NOT_FOUND'])
    const wrong = await fetch(`${url}/api/v1/clients/c1`, { method: 'PATCH', headers: reader })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD'])
    expect((await errorOf(wrong)).code).toBe('METHOD_NOT_ALLOWED')
  })

  it('with a malformed escape in the path is 400', async () => {
    const response = await fetch(`${url}/api/v1/clients/%zz`, { headers: reader })
    expect([response.status, (await errorOf(response)).code]).toEqual([400, 'BAD_URL'])
  })
})

describe('a failure', () => {
  it('that was expected has its own status, code and message', async () => {
    const response = await fetch(`${url}/api/v1/clients/nobody`, { headers: reader })
    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({ code: 'CLIENT_NOT_FOUND', message: 'No such client.' })
  })

  it.each([
    ['payment_required', 402, 'PAYMENT_REQUIRED'],
    ['unprocessable', 422, 'UNPROCESSABLE'],
  ])('of the kind %s has the status %d, a code of its own, and is counted by its kind', async (kind, status, code) => {
    const response = await fetch(`${url}/api/v1/${kind}`, { headers: reader })
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
    expect(await started.metrics.exposition()).toContain(`failures_total{surface="http",kind="${kind}"} 1`)
  })

  it('that is a bug shows an id and nothing else; the log has the rest under that id', async () => {
    const response = await fetch(`${url}/api/v1/broken`, { headers: reader })
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(text).not.toMatch(/select|secret_column|TypeError|\.ts/)
    const id = /"error_id":"([0-9a-f-]{36})"/.exec(text)?.[1] ?? 'none'
    expect(logged).toContain(id)
    expect(logged).toContain('secret_column')
  })

  it('and every request are counted by the template of the route', async () => {
    await fetch(`${url}/api/v1/clients/c77`, { headers: reader })
    const text = await started.metrics.exposition()
    expect(text).toMatch(/http_requests_total\{method="GET",route="\/api\/v1\/clients\/:client_id",status="200"\} \d+/)
    expect(text).toContain('failures_total{surface="http",kind="bug"} 1')
    expect(text).not.toContain('c77')
  })
})
