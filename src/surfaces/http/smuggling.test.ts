import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { ErrorAnswer, exchange, startSurface } from '../../../test/support/http-surface.ts'
import { HEADERS_MAX } from './request-form.ts'

const served: string[] = []

const routes = [
  plainRoute({
    method: 'POST',
    path: '/v1/batch',
    summary: 'Count',
    tags: ['events'],
    scope: 'customers:read',
    body: z.unknown(),
    response: z.object({}),
    run: async () => {
      served.push('POST /v1/batch')
      return {}
    },
  }),
  plainRoute({
    method: 'GET',
    path: '/v1/smuggled',
    summary: 'Be reached by a request inside another',
    tags: ['events'],
    scope: 'customers:read',
    response: z.object({}),
    run: async () => {
      served.push('GET /v1/smuggled')
      return {}
    },
  }),
]

let started: Awaited<ReturnType<typeof startSurface>>
beforeAll(async () => {
  started = await startSurface(routes, {
    env: { PUBLIC_URL: 'https://mcp.example.com', RATE_LIMIT_PER_IP_PER_MINUTE: '100000' },
    patience: { headersSeconds: 1, requestSeconds: 1 },
    mcp: {
      serves: (path) => path.startsWith('/mcp'),
      handle: (req, res) => {
        req.resume()
        req.on('end', () => {
          served.push(`${req.method} ${req.url}`)
          res.end('{}')
        })
      },
    },
  })
})
afterAll(() => started.surface.close(1))
beforeEach(() => served.splice(0))

const KEY = 'Authorization: Bearer reader\r\n'
const SMUGGLED = `GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n${KEY}Connection: close\r\n\r\n`

/** Each with a second request behind it, which must not be seen as one. */
const AMBIGUOUS: readonly (readonly [what: string, head: string, body: string])[] = [
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'],
  ['two lengths that differ', 'Content-Length: 0\r\nContent-Length: 5\r\n', ''],
  ['two lengths that agree', 'Content-Length: 2\r\nContent-Length: 2\r\n', '{}'],
  ['a list of lengths', 'Content-Length: 0, 5\r\n', ''],
  ['a signed length', 'Content-Length: +2\r\n', '{}'],
  ['a negative length', 'Content-Length: -1\r\n', ''],
  ['a length in hexadecimal', 'Content-Length: 0x2\r\n', '{}'],
  ['an empty length', 'Content-Length: \r\n', ''],
  ['a length past all numbers', 'Content-Length: 99999999999999999999999\r\n', '{}'],
  ['an unknown transfer coding', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
  ['a coding after chunked', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a coding in quotes', 'Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'],
  ['a vertical tab before the coding', 'Transfer-Encoding: \u000bchunked\r\n', '0\r\n\r\n'],
  ['a NUL in the coding', 'Transfer-Encoding: chunked\u0000\r\n', '0\r\n\r\n'],
  ['whitespace before the colon', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
  ['whitespace before the colon of the length', 'Content-Length : 5\r\n', ''],
  ['a folded header', 'X-A: b\r\n Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'],
  ['a header name with a NUL', 'X-A\u0000: b\r\n', ''],
  ['a header value with a NUL', 'X-A: b\u0000c\r\n', ''],
  ['a bare carriage return in a header', 'X-A: b\rTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a line feed alone after a header', 'X-A: b\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a header without a name', ': b\r\n', ''],
  ['a header without a colon', 'Transfer-Encoding chunked\r\n', '0\r\n\r\n'],
  ['a chunk size past all numbers', 'Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'],
  ['a chunk size with a sign', 'Transfer-Encoding: chunked\r\n', '+2\r\n{}\r\n0\r\n\r\n'],
  ['a chunk size with a prefix', 'Transfer-Encoding: chunked\r\n', '0x2\r\n{}\r\n0\r\n\r\n'],
  ['a chunk longer than its size', 'Transfer-Encoding: chunked\r\n', '1\r\n{}\r\n0\r\n\r\n'],
  ['a chunk that ends in a line feed alone', 'Transfer-Encoding: chunked\r\n', '2\r\n{}\n0\r\n\r\n'],
  ['a chunk size that ends in a line feed alone', 'Transfer-Encoding: chunked\r\n', '2\n{}\r\n0\r\n\r\n'],
  ['a chunk extension with a line feed', 'Transfer-Encoding: chunked\r\n', '2;a\nb\r\n{}\r\n0\r\n\r\n'],
  ['a chunk extension without end', 'Transfer-Encoding: chunked\r\n', `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`],
  ['two hosts', 'Host: mcp.example.com\r\nContent-Length: 0\r\n', ''],
]

const TARGETS = ['/v1/batch', '/mcp/customers']

describe.each(TARGETS)('a request to %s', (path) => {
  const post = (head: string, body: string) =>
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${KEY}Content-Type: application/json\r\n${head}\r\n${body}`

  it.each(AMBIGUOUS)('with %s is refused, and what follows it is no request', async (_what, head, body) => {
    const answers = answersIn(await exchange(started.port, post(head, body) + SMUGGLED))
    expect(answers.length).toBeLessThanOrEqual(1)
    expect(answers.every(({ status }) => status >= 400 && status < 500)).toBe(true)
    for (const answer of answers) expect(answer.body.message).not.toMatch(/HPE|llhttp|Parse|ERR_/)
    expect(served).toEqual([])
  })

  it('that is whole is answered, and so is the one behind it', async () => {
    const answers = answersIn(await exchange(started.port, post('Content-Length: 2\r\n', '{}') + SMUGGLED))
    expect(served).toEqual([`POST ${path}`, 'GET /v1/smuggled'])
    expect(answers).toHaveLength(2)
  })
})

describe('a request line', () => {
  it.each([
    ['without a version', 'GET /version\r\n\r\n'],
    ['of HTTP/0.9', 'GET /version HTTP/0.9\r\n\r\n'],
    ['of HTTP/2 in clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['of a version that does not exist', 'GET /version HTTP/1.10\r\nHost: localhost\r\n\r\n'],
    ['with a method nobody knows', 'GETX /version HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['with a space in the target', 'GET /ver sion HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['with a NUL in the target', 'GET /ver\u0000sion HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['with a tab for a space', 'GET\t/version\tHTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['that ends in a line feed alone', 'GET /version HTTP/1.1\nHost: localhost\r\n\r\n'],
    ['for another host than Host', 'GET http://evil.example.net/version HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['for a host that is not ours', 'GET http://evil.example.net/version HTTP/1.1\r\nHost: evil.example.net\r\n\r\n'],
    ['for a host with a user', 'GET http://localhost@evil.example.net/version HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['for a place that is no path', 'GET version HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['that asks for a tunnel', 'CONNECT evil.example.net:443 HTTP/1.1\r\nHost: evil.example.net:443\r\n\r\n'],
    ['longer than all headers together', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ])('%s is refused, and the connection closed', async (_what, bytes) => {
    const answers = answersIn(await exchange(started.port, bytes + SMUGGLED))
    expect(answers.length).toBeLessThanOrEqual(1)
    expect(answers.every(({ status }) => status >= 400 && status < 500)).toBe(true)
    expect(served).toEqual([])
  })

  it.each(['http://LOCALHOST', 'HTTP://localhost'])(
    'that names our own host as %s is served as its path',
    async (host) => {
      const bytes = `GET ${host}/version?x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
      expect(await exchange(started.port, bytes)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    },
  )
})

describe('headers', () => {
  const withHeaders = (count: number, path = '/version') => {
    const more = Array.from({ length: count }, (_, at) => `X-${at}: a\r\n`).join('')
    return exchange(started.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`)
  }

  it.each(['/version', '/mcp/customers'])(
    'past the count are refused at %s, and none is dropped in silence',
    async (path) => {
      expect(await withHeaders(HEADERS_MAX - 2, path)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(await withHeaders(HEADERS_MAX - 1, path)).toMatch(/^HTTP\/1\.1 431 /)
      expect(await withHeaders(2200, path)).toMatch(/^HTTP\/1\.1 431 /)
    },
  )

  it.each(['Authorization: Bearer reader', 'Content-Type: application/json'])(
    'given twice are not believed: %s',
    async (line) => {
      const head = `Host: localhost\r\n${KEY}Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n`
      const bytes = `POST /v1/batch HTTP/1.1\r\n${head}${line}\r\n\r\n{}`
      const [answer] = answersIn(await exchange(started.port, bytes))
      expect(answer?.status).toBe(line.startsWith('Auth') ? 401 : 415)
      expect(served).toEqual([])
    },
  )
})

function answersIn(received: string): { status: number; body: z.output<typeof ErrorAnswer>['error'] }[] {
  const parts = received.split(/(?=HTTP\/1\.1 \d{3} )/).filter((part) => part !== '')
  return parts.map((part) => {
    const [head = '', body = ''] = part.split('\r\n\r\n', 2)
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
    if (status < 400) return { status, body: { code: '', message: '', timestamp: '', request_id: '' } }
    expect(head.toLowerCase()).toContain('\r\nx-content-type-options: nosniff')
    return { status, body: ErrorAnswer.parse(JSON.parse(body)).error }
  })
}
