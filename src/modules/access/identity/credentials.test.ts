import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { JsonClient, PeopleServer } from '../../../../test/support/people.ts'
import { passwordHashing } from './password-hash.ts'

const database = await testDatabase()
const hashed = vi.spyOn(passwordHashing, 'hash')
const verified = vi.spyOn(passwordHashing, 'verify')
let now = new Date()
let server: PeopleServer
let api: JsonClient

beforeAll(async () => {
  server = await startPeopleServer(database, { TRUSTED_PROXIES: '127.0.0.1' }, () => now)
  api = jsonClient(server.url)
})
afterAll(async () => {
  vi.restoreAllMocks()
  await server.app.close()
})

/** The number of password hashes and checks while `act` runs, which dominate the response time. */
async function hashCount(act: () => Promise<unknown>): Promise<number> {
  const before = hashed.mock.calls.length + verified.mock.calls.length
  await act()
  return hashed.mock.calls.length + verified.mock.calls.length - before
}

async function events(action: string, subject?: string) {
  const { rows } = await database.owner.query<{ tenant_id: string; outcome: string; subject: string; row: string }>(
    `select tenant_id, outcome, subject, e::text as row from audit.events e
     where action = $1 and ($2::text is null or subject = $2) order by at, id`,
    [action, subject ?? null],
  )
  return rows
}

const signIn = (email: string, password: string, from?: string) =>
  fetch(`${server.url}/api/auth/signin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(from !== undefined && { 'x-forwarded-for': from }) },
    body: JSON.stringify({ email, password }),
  })

describe('scenario 9 of the task server', () => {
  it('weak password refused with guidance', async () => {
    const { status, body } = await api.post('/api/auth/signup', { email: 'weak@example.com', password: 'short' })
    expect(status).toBe(400)
    expect(body).toMatchObject({
      error: {
        code: 'PASSWORD_WEAK',
        message: expect.stringContaining('Several words in a row make a strong password'),
        details: {
          problems: [
            {
              path: 'body.password',
              expected: 'at least 8 characters, an upper-case letter, a digit',
              example: 'three-Words-and-7',
            },
          ],
        },
      },
    })
  })

  it('wrong password refused', async () => {
    const { email, userId, tenantId } = await newcomer(server)
    const response = await signIn(email, 'Wrong-password-1')
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      error: { code: 'INVALID_CREDENTIALS', message: 'The e-mail address or the password is wrong.' },
    })
    const found = (await events('identity.sign-in', userId)).filter(({ outcome }) => outcome === 'failure')
    expect(found).toMatchObject([{ tenant_id: tenantId }])
  })

  it('expired token → sign in again', async () => {
    const { email, password, tokens } = await newcomer(server)
    expect(await api.get('/api/v1/users/me', tokens.access_token)).toMatchObject({ status: 200 })
    now = new Date(now.getTime() + 16 * 60_000)
    expect(await api.get('/api/v1/users/me', tokens.access_token)).toMatchObject({ status: 401 })
    const again = await api.post('/api/auth/signin', { email, password })
    const bearer = String(again.body['access_token'])
    expect(await api.get('/api/v1/users/me', bearer)).toMatchObject({ status: 200 })
  })
})

describe('a password', () => {
  it.each([
    ['Password1', 'less common words or characters'],
    ['P@ssw0rd2026', 'less common words or characters'],
    ['Qwerty123!', 'less common words or characters'],
    ['Mustang69', 'less common words or characters'],
    ['Passwort-2026!!', 'less common words or characters'],
    ['nocapitals1', 'an upper-case letter'],
    ['NOSMALLS1', 'a lower-case letter'],
    ['NoDigitsHere', 'a digit'],
    ['Marie.Curie1', 'something other than your e-mail address'],
  ])('%s is refused: it needs %s', async (password, expected) => {
    const answer = await api.post('/api/v1/auth/register', { email: 'marie.curie@example.com', password })
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { details: { problems: [{ expected: expect.stringContaining(expected) }] } } },
    })
  })

  it('of eleven mixed characters is accepted', async () => {
    const answer = await api.post('/api/auth/signup', { email: 'smoke@example.com', password: 'Sm0keTest!9' })
    expect(answer.status).toBe(202)
  })

  it('that is weak is refused in a password change and a reset, too', async () => {
    const { email, password, tokens } = await newcomer(server)
    const change = { current_password: password, password: 'Password1' }
    const refused = await api.post('/api/v1/auth/password/change', change, tokens.access_token)
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'PASSWORD_WEAK' } } })
    await api.post('/api/v1/auth/password/forgot', { email })
    const token = server.lastLink('new password')?.split('/').at(-1)
    const reset = await api.post('/api/v1/auth/password/reset', { token, password: 'Password1' })
    expect(reset).toMatchObject({ status: 400, body: { error: { code: 'PASSWORD_WEAK' } } })
  })
})

describe('answers do not reveal who has an account', () => {
  it('at sign-in: the same answer, after the same work', async () => {
    const { email } = await newcomer(server)
    const answers: unknown[] = []
    const attempt = (address: string) => async () => {
      const response = await signIn(address, 'Wrong-password-1')
      const { error } = (await response.json()) as { error: { code: string; message: string } }
      answers.push([response.status, error.code, error.message])
    }
    const known = await hashCount(attempt(email))
    const unknown = await hashCount(attempt('nobody@example.com'))
    expect(answers[0]).toEqual(answers[1])
    expect([known, unknown]).toEqual([1, 1])
  })

  it('at sign-up: the same answer, after the same work, and the owner of the address gets a mail', async () => {
    const { email } = await newcomer(server)
    const body = { email, password: 'Another-word-4', name: 'Stranger' }
    let answers: unknown[] = []
    const known = await hashCount(async () => (answers = [await api.post('/api/auth/signup', body)]))
    const unknown = await hashCount(async () =>
      answers.push(await api.post('/api/auth/signup', { ...body, email: 'new@example.com' })),
    )
    const shown = answers.map((answer) => {
      const { status, body: answerBody } = answer as { status: number; body: unknown }
      return { status, answerBody }
    })
    expect(shown[0]).toEqual(shown[1])
    expect([known, unknown]).toEqual([1, 1])
    expect(server.lastLink('already have an account')).toBe(`${server.url}/sign-in`)
  })

  it('when a password is forgotten', async () => {
    const { email } = await newcomer(server)
    const mails = server.mailCount('new password')
    const known = await api.post('/api/v1/auth/password/forgot', { email })
    const unknown = await api.post('/api/v1/auth/password/forgot', { email: 'nobody@example.com' })
    expect([known.status, known.body['data']]).toEqual([unknown.status, unknown.body['data']])
    expect(server.mailCount('new password')).toBe(mails + 1)
  })

  it('in the audit trail: an unknown e-mail is stored as a keyed hash', async () => {
    await signIn('who.is.this@example.com', 'Wrong-password-1')
    const found = (await events('identity.sign-in')).filter(({ tenant_id }) => tenant_id === '_platform')
    expect(found.at(-1)?.subject).toMatch(/^email:[0-9a-f]{64}$/)
    expect(JSON.stringify(found)).not.toContain('who.is.this')
  })
})

describe('the lockout', () => {
  it('refuses every password after five wrong ones, even the right one, and ends after 15 minutes', async () => {
    const { email, password, userId } = await newcomer(server)
    for (let tried = 0; tried < 5; tried++) expect((await signIn(email, 'Wrong-1-word')).status).toBe(401)
    const spent = await hashCount(async () => {
      const locked = await signIn(email, password)
      expect(locked.status).toBe(429)
      expect(Number(locked.headers.get('retry-after'))).toBe(900)
      expect(await locked.json()).toMatchObject({ error: { code: 'ACCOUNT_LOCKED' } })
    })
    expect(spent).toBe(0)
    expect(await events('identity.account-locked', userId)).toMatchObject([{ outcome: 'denied' }])
    now = new Date(now.getTime() + 901_000)
    expect((await signIn(email, password)).status).toBe(200)
  })

  it('counts from zero after a right password', async () => {
    const { email, password } = await newcomer(server)
    for (let tried = 0; tried < 4; tried++) await signIn(email, 'Wrong-1-word')
    for (const time of ['the fifth', 'the sixth']) expect((await signIn(email, password)).status, time).toBe(200)
  })

  it('is the same for an e-mail without an account', async () => {
    for (let tried = 0; tried < 5; tried++) await signIn('ghost@example.com', 'Wrong-1-word')
    expect((await signIn('ghost@example.com', 'Wrong-1-word')).status).toBe(429)
  })

  it('allows no more attempts concurrently than one after another', async () => {
    const { email } = await newcomer(server)
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(email, 'Wrong-1-word')))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(15)
  })

  it('caused by strangers on many networks does not affect the owner’s own network', async () => {
    const { email, password } = await newcomer(server)
    expect((await signIn(email, password, '198.51.100.7')).status).toBe(200)
    const networks = Array.from({ length: 6 }, (_, n) => `203.0.113.${n + 1}`)
    for (const network of networks) {
      for (let tried = 0; tried < 5; tried++) await signIn(email, 'Wrong-1-word', network)
    }
    expect((await signIn(email, password, '192.0.2.99')).status, 'a network never seen').toBe(429)
    expect((await signIn(email, password, '198.51.100.7')).status, 'the owner’s own').toBe(200)
  })

  it('ends with a password reset by mail', async () => {
    const { email } = await newcomer(server)
    for (let tried = 0; tried < 6; tried++) await signIn(email, 'Wrong-1-word')
    await api.post('/api/v1/auth/password/forgot', { email })
    const token = server.lastLink('new password')?.split('/').at(-1)
    const reset = await api.post('/api/v1/auth/password/reset', { token, password: 'Brand-new-word-8' })
    expect(reset).toMatchObject({ status: 200 })
    expect((await signIn(email, 'Brand-new-word-8')).status).toBe(200)
  })
})

describe('sign-ins', () => {
  it('are counted by outcome', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    expect(text).toMatch(/^sign_ins_total\{outcome="success"\} [1-9]/m)
    expect(text).toMatch(/^sign_ins_total\{outcome="wrong-password"\} [1-9]/m)
    expect(text).toMatch(/^sign_ins_total\{outcome="locked"\} [1-9]/m)
    expect(text).toMatch(/^security_alerts_total\{alert="identity.account-locked"\} [1-9]/m)
  })
})
