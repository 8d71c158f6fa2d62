import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { systemClock } from '../../src/kernel/clock.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/telemetry/log.ts'
import type { App } from '../../src/app.ts'
import { startApp } from './app.ts'
import type { TestDatabase } from './database.ts'

/** The whole product on loopback, with access to the mails it would have sent. */
export interface PeopleServer {
  readonly app: App
  readonly url: string
  /** The link in the newest mail with these words in its subject. Mails are sent after the answer. */
  lastLink(subject: string): string | undefined
  mailCount(subject: string): number
  /** The number of logged errors. */
  errors(): number
}

/** The level of errors in pino's log lines. */
const ERROR_LEVEL = 50

/** Starts the product with ENVIRONMENT=test: mails are written to the log and read from there. */
export async function startPeopleServer(
  database: TestDatabase,
  settings: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<PeopleServer> {
  const mails: { subject: string; link: string }[] = []
  let errors = 0
  const lines = new PassThrough()
  lines.on('data', (chunk: Buffer) => {
    if (process.env['TEST_LOG_LEVEL'] !== undefined) process.stderr.write(chunk)
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      // safe because: the log writes one JSON object a line.
      const { level, subject, link } = JSON.parse(line) as { level: number; subject?: string; link?: string }
      if (level >= ERROR_LEVEL) errors++
      if (subject !== undefined && link !== undefined) mails.push({ subject, link })
    }
  })
  const secrets = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
    JWT_SECRET: randomBytes(32).toString('base64url'),
  }
  const log = createLog({ settings: { logLevel: 'INFO', logFormat: 'json' }, version: 'test', to: lines })
  const { app, url } = await startApp(database, { ...secrets, ...settings }, { clock, log })
  const about = (subject: string) => mails.filter((mail) => mail.subject.includes(subject))
  return {
    app,
    url,
    lastLink: (subject) => about(subject).at(-1)?.link,
    mailCount: (subject) => about(subject).length,
    errors: () => errors,
  }
}

export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** Calls the JSON routes as an API client would. */
export function jsonClient(url: string) {
  const call = async (method: string, path: string, body: unknown, bearer?: string): Promise<JsonAnswer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // safe because: every route answers an object, and its members stay unknown until they are compared.
    const parsed = (await response.json().catch(() => ({}))) as Record<string, unknown>
    return { status: response.status, headers: response.headers, body: parsed }
  }
  return {
    get: (path: string, bearer?: string) => call('GET', path, undefined, bearer),
    post: (path: string, body: unknown, bearer?: string) => call('POST', path, body, bearer),
    patch: (path: string, body: unknown, bearer?: string) => call('PATCH', path, body, bearer),
    delete: (path: string, bearer?: string) => call('DELETE', path, undefined, bearer),
  }
}

export type JsonClient = ReturnType<typeof jsonClient>

export interface Newcomer {
  readonly email: string
  readonly password: string
  readonly userId: string
  readonly tenantId: string
  readonly tokens: { readonly access_token: string; readonly refresh_token: string }
}

/** A person who registered, confirmed the address and signed in, through the HTTP API. */
export async function newcomer(
  server: PeopleServer,
  email = `p-${randomBytes(6).toString('hex')}@example.com`,
): Promise<Newcomer> {
  const api = jsonClient(server.url)
  const password = `Right-${randomBytes(6).toString('hex')}-7`
  await api.post('/api/v1/auth/register', { email, password, name: 'New Person' })
  const token = server.lastLink('Confirm')?.split('/').at(-1)
  await api.post('/api/v1/auth/verify', { token, password })
  const { body } = await api.post('/api/v1/auth/signin', { email, password })
  // safe because: a test that goes on without them fails at its first call.
  const signedIn = body as unknown as Newcomer['tokens'] & { user: { id: string }; tenant_id: string }
  return { email, password, userId: signedIn.user.id, tenantId: signedIn.tenant_id, tokens: signedIn }
}

/** An API key that this person created for themself, through the HTTP API. */
export async function keyOf(server: PeopleServer, person: Newcomer, scopes: readonly string[]): Promise<string> {
  const { body } = await jsonClient(server.url).post(
    '/api/v1/keys',
    { name: 'own', scopes },
    person.tokens.access_token,
  )
  // safe because: a test that goes on without it fails at its first call.
  return (body['data'] as { key: string }).key
}
