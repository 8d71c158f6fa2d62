import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer

beforeAll(async () => {
  server = await startPeopleServer(database, {
    ENVIRONMENT: 'production',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    AUTH_SIGN_UP: 'open',
    RATE_LIMIT_ENABLED: 'true',
    RATE_LIMIT_GUEST_PER_MINUTE: '1000',
    RATE_LIMIT_STRICT_GUEST_PER_MINUTE: '1000',
  })
})
afterAll(() => server.app.close())

const post = (path: string, body: object) =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

const PERSON = { email: 'waiting@example.com', password: 'Lovelace-1815', name: 'Ada' }

describe('in production without a mail server', () => {
  it.each([
    ['/auth/sign-up/email', PERSON],
    ['/auth/request-password-reset', { email: PERSON.email }],
    ['/auth/send-verification-email', { email: PERSON.email }],
  ])('%s answers that no mail can be sent', async (path, body) => {
    const answer = await post(path, body)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'MAIL_UNAVAILABLE' })
  })

  it.each([
    ['/api/v1/auth/register', PERSON],
    ['/api/v1/auth/password/forgot', { email: PERSON.email }],
    ['/api/v1/auth/verify/resend', { email: PERSON.email }],
  ])('so does %s', async (path, body) => {
    const { status, body: answer } = await jsonClient(server.url).post(path, body)
    expect(status).toBe(503)
    expect(answer).toMatchObject({ error: { message: expect.stringContaining('SMTP_URL') } })
  })

  it('no account is created that could never be confirmed', async () => {
    await post('/auth/sign-up/email', PERSON)
    const { rows } = await database.owner.query('select id from access.users where email = $1', [PERSON.email])
    expect(rows).toEqual([])
  })
})
