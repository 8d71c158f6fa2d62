import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { plainRoute } from '../support/plain-route.ts'
import { ErrorAnswer, exchange, startSurface } from '../support/http-surface.ts'

const DATA = join(import.meta.dirname, '../../../shared/data/bad-input')
const hasData = existsSync(DATA)

const Anything = z.object({ id: z.string().max(5000), value: z.unknown() })
const echo = {
  tags: ['test'],
  scope: 'customers:read',
  response: Anything,
  params: z.object({ id: z.string() }),
} as const
const routes = [
  plainRoute({
    ...echo,
    method: 'POST',
    path: '/api/v1/echo/:id',
    summary: 'Echo a body',
    body: z.unknown(),
    run: async (_ctx, { params, body }) => ({ id: params.id, value: body ?? null }),
  }),
  plainRoute({
    ...echo,
    method: 'GET',
    path: '/api/v1/echo/:id',
    summary: 'Echo a query',
    query: z.object({ q: z.string().default('') }),
    run: async (_ctx, { params, query }) => ({ id: params.id, value: query.q }),
  }),
]

let started: Awaited<ReturnType<typeof startSurface>>
let logged = ''
beforeAll(async () => {
  const write = (line: string) => {
    logged += line
  }
  const env = { RATE_LIMIT_PER_KEY_PER_MINUTE: '1000000', RATE_LIMIT_PER_IP_PER_MINUTE: '1000000' }
  started = await startSurface(routes, { env, logTo: { write } })
})
afterAll(() => started.surface.close(1))

/** Valid JSON with numbers beyond 2^53, which parsing changes: refused by name. */
const LOSES_DIGITS: ReadonlySet<string> = new Set([
  ...['y_number.json', 'y_number_real_capital_e.json', 'y_number_real_exponent.json'],
  ...['y_number_real_fraction_exponent.json', 'y_object_extreme_numbers.json'],
])

const headers = { authorization: 'Bearer reader', 'content-type': 'application/json' }

/** Checks that an answer has the right form and is no internal error. */
async function expectSane(response: Response, what: string) {
  expect(response.status, what).toBeLessThan(500)
  const text = await response.text()
  if (response.status >= 400) expect(() => ErrorAnswer.parse(JSON.parse(text)), what).not.toThrow()
  expect(text, what).not.toMatch(/node_modules|at \w+ \(|FST_ERR|SyntaxError/)
}

describe.skipIf(!hasData)('hostile input over HTTP (needs ../shared/data/bad-input)', () => {
  it('every JSON test file as a body is accepted or refused as JSON demands', async () => {
    const folder = join(DATA, 'JSONTestSuite/test_parsing')
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
    expect(names.length).toBeGreaterThan(300)
    for (const name of names) {
      const body = readFileSync(join(folder, name))
      const response = await fetch(`${started.url}/api/v1/echo/x`, { method: 'POST', headers, body })
      if (name.startsWith('y_') && !name.includes('proto'))
        expect(response.status, name).toBe(LOSES_DIGITS.has(name) ? 400 : 200)
      if (name.startsWith('n_')) expect(response.status, name).toBe(400)
      await expectSane(response, name)
    }
  })

  it('every naughty string as value, query and path is returned unchanged', async () => {
    const strings = z.array(z.string()).parse(JSON.parse(readFileSync(join(DATA, 'blns/blns.json'), 'utf8')))
    expect(strings.length).toBeGreaterThan(500)
    for (const text of strings) {
      const body = JSON.stringify({ [text]: text })
      const sent = await fetch(`${started.url}/api/v1/echo/x`, { method: 'POST', headers, body })
      await expectSane(sent, text)
      const query = await fetch(`${started.url}/api/v1/echo/x?q=${encodeURIComponent(text.toWellFormed())}`, {
        headers,
      })
      expect(await query.json(), text).toMatchObject({ data: { value: text.toWellFormed() } })
      await expectSane(
        await fetch(`${started.url}/api/v1/echo/${encodeURIComponent(text.toWellFormed())}`, { headers }),
        text,
      )
    }
  })

  it('every naughty string as raw bytes of a request line or header gets an answer or a closed connection', async () => {
    const strings = z.array(z.string()).parse(JSON.parse(readFileSync(join(DATA, 'blns/blns.json'), 'utf8')))
    const broken: string[] = []
    for (const text of strings) {
      const close = 'Connection: close\r\n\r\n'
      const line = exchange(started.port, `GET /${text} HTTP/1.1\r\nHost: localhost\r\n${close}`)
      const header = exchange(
        started.port,
        `GET /version HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: ${text}\r\n${close}`,
      )
      for (const answer of await Promise.all([line, header])) {
        if (answer !== '' && !/^HTTP\/1\.1 [234]\d\d /.test(answer)) broken.push(text)
      }
    }
    expect(broken).toEqual([])
  })

  it('none of it was a bug: the log has no error', () => {
    expect(logged).not.toContain('failed unexpectedly')
  })
})
