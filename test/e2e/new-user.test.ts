import { afterAll, beforeAll, expect, it } from 'vitest'
import { pino } from 'pino'
import { systemClock } from '#kernel/clock'
import { loadConfig } from '../../src/settings.ts'
import { buildApp } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import { testDatabase } from '../support/database.ts'

const database = await testDatabase()
const EMAIL = 'ada.new@example.com'
const PASSWORD = 'three-Words-and-7'
const mails: string[] = []
let app: App
let url: string

beforeAll(async () => {
  const environment = { ENVIRONMENT: 'development', DATABASE_URL: database.url, SERVER_PORT: '0' }
  // Without a mail server the links in mails are written to the log.
  const log = pino({}, { write: (line: string) => void (line.includes('"link"') && mails.push(line)) })
  app = await buildApp({ config: loadConfig(environment), clock: systemClock, log, version: 'test', as: 'server' })
  ;({ url } = await app.listen())
})

afterAll(() => app.close())

it('a new person registers, confirms the address, signs in, creates a key, adds a task by a tool, reads it over REST, and is refused after signing out', async () => {
  const registered = await post('/api/v1/auth/register', { email: EMAIL, password: PASSWORD, name: 'Ada' })
  expect(registered.status).toBe(202)
  expect(JSON.stringify(registered.body)).not.toContain('access_token')
  const early = await post('/api/auth/signin', { email: EMAIL, password: PASSWORD })
  expect(early.status).toBe(403)

  const link = /"link":"([^"]+)"/.exec(mails.join('\n'))?.[1] ?? ''
  expect(new URL(link).origin).toBe(url)
  expect((await fetch(link)).status).toBe(200)
  const verified = await post('/api/v1/auth/verify', { token: link.split('/').at(-1), password: PASSWORD })
  expect(verified.status).toBe(200)

  const signedIn = await post('/api/auth/signin', { email: EMAIL, password: PASSWORD })
  expect(signedIn).toMatchObject({ status: 200, body: { token_type: 'Bearer', user: { email: EMAIL } } })
  const token: string = signedIn.body.access_token

  const made = await post('/api/v1/keys', { name: 'agent', scopes: ['tasks:read', 'tasks:write'] }, token)
  expect(made.status).toBe(201)
  const key: string = made.body.data.key

  const added = await post('/mcp/tasks', call('create_task', { title: 'Buy milk' }), key)
  expect(added.body.result.isError).not.toBe(true)
  const listed = await get('/api/tasks', token)
  expect(listed.status).toBe(200)
  expect(JSON.stringify(listed.body)).toContain('Buy milk')

  const signedOut = await post('/api/v1/auth/logout', { refresh_token: signedIn.body.refresh_token })
  expect(signedOut.status).toBe(200)
  expect((await get('/api/tasks', token)).status).toBe(401)
  expect((await get('/api/v1/users/me', token)).status).toBe(401)
  const refreshed = await post('/api/v1/auth/refresh', { refresh_token: signedIn.body.refresh_token })
  expect(refreshed.status).toBe(401)
  // A key does not depend on the session: it is valid until it is revoked.
  expect((await get('/api/tasks', key)).status).toBe(200)
})

const call = (name: string, args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
})

async function post(path: string, body: object, token?: string) {
  return read(await fetch(`${url}${path}`, { method: 'POST', headers: headers(token), body: JSON.stringify(body) }))
}

async function get(path: string, token: string) {
  return read(await fetch(`${url}${path}`, { headers: headers(token) }))
}

function headers(token: string | undefined): Record<string, string> {
  return { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
}

// oxlint-disable-next-line typescript/no-explicit-any -- the tests check the shape of the answer
async function read(response: Response): Promise<{ status: number; body: any }> {
  return { status: response.status, body: await response.json() }
}
