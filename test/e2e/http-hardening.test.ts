import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../support/database.ts'
import { exchange, rawRequest } from '../support/http-surface.ts'
import { startPeopleServer } from '../support/people.ts'
import type { PeopleServer } from '../support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let secure: PeopleServer
beforeAll(async () => {
  server = await startPeopleServer(database)
  secure = await startPeopleServer(database, {
    HTTPS_ONLY: 'true',
    PUBLIC_URL: 'https://mcp.example.com',
    TRUSTED_PROXIES: '127.0.0.1',
  })
})
afterAll(async () => {
  await server.app.close()
  await secure.app.close()
})

const portOf = ({ url }: PeopleServer) => Number(new URL(url).port)
const CALL = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
const HEAD = 'Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n'
const SECOND = 'GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

/** The status lines of all answers to these bytes. */
async function statuses(bytes: string): Promise<string[]> {
  return (await exchange(portOf(server), bytes)).match(/HTTP\/1\.1 \d{3}/g) ?? []
}

describe.each(['/mcp', '/mcp/customers', '/api/v1/clients', '/sign-in', '/auth/sign-in/email', '/auth/oauth2/token'])(
  'on the real application, %s',
  (path) => {
    it.each([
      ['a length and chunks', `Content-Length: ${CALL.length}\r\nTransfer-Encoding: chunked\r\n`],
      ['two lengths', `Content-Length: ${CALL.length}\r\nContent-Length: 1\r\n`],
      ['two hosts', `Host: evil.example.net\r\nContent-Length: ${CALL.length}\r\n`],
      ['too many headers', `${'X-A: b\r\n'.repeat(150)}Content-Length: ${CALL.length}\r\n`],
      ['a folded header', `X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: ${CALL.length}\r\n`],
    ])('refuses %s, and reads no later bytes as a request', async (_what, more) => {
      const bytes = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${HEAD}${more}\r\n${CALL}${SECOND}`
      expect(await statuses(bytes)).toEqual([expect.stringMatching(/ 4\d\d$/)])
    })

    it('refuses another host, in the header and in the target', async () => {
      const { status } = await rawRequest(`${server.url}${path}`, { host: 'evil.example.net' })
      expect(status).toBe(403)
      const bytes = `POST http://evil.example.net${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n${SECOND}`
      expect(await statuses(bytes)).toEqual(['HTTP/1.1 400'])
    })

    it('is refused over plain HTTP, and served over HTTPS', async () => {
      const plain = await rawRequest(
        `${secure.url}${path}`,
        { host: 'mcp.example.com', authorization: 'Bearer x' },
        'POST',
      )
      expect([plain.status, plain.body]).toEqual([403, expect.stringContaining('HTTPS_REQUIRED')])
      const by = { host: 'mcp.example.com', 'x-forwarded-proto': 'https' }
      expect((await rawRequest(`${secure.url}${path}`, by)).body).not.toContain('HTTPS_REQUIRED')
    })
  },
)

it('probes are answered over plain HTTP, at an address', async () => {
  for (const path of ['/health', '/ready', '/metrics']) {
    expect([path, (await rawRequest(`${secure.url}${path}`, {})).status]).toEqual([path, 200])
  }
})

it('a page over plain HTTP is redirected to HTTPS', async () => {
  const { status, headers } = await rawRequest(`${secure.url}/sign-in`, { host: 'mcp.example.com' })
  expect([status, headers['location']]).toEqual([308, 'https://mcp.example.com/sign-in'])
})

it('pages of every origin can read the OAuth documents, but call MCP only from allowed origins', async () => {
  const origin = 'https://any.example.net'
  for (const path of [
    '/.well-known/oauth-protected-resource/mcp/customers',
    '/.well-known/oauth-authorization-server',
    '/auth/jwks',
  ]) {
    const { status, headers } = await rawRequest(`${server.url}${path}`, { origin })
    expect([path, status, headers['access-control-allow-origin']]).toEqual([path, 200, '*'])
  }
  const mcp = await rawRequest(`${server.url}/mcp/customers`, { origin }, 'POST')
  expect([mcp.status, mcp.headers['access-control-allow-origin']]).toEqual([403, undefined])
})
