import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { JsonClient, PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let now = new Date()
let server: PeopleServer
let api: JsonClient

beforeAll(async () => {
  server = await startPeopleServer(database, {}, () => now)
  api = jsonClient(server.url)
})
afterAll(() => server.app.close())

const PASSWORD_CHECKS = [
  ['/api/v1/auth/password/change', (word: string) => ({ current_password: word, password: 'Another-word-55' })],
  ['/api/v1/auth/two-factor/enrol', (password: string) => ({ password })],
  ['/api/v1/auth/two-factor/disable', (password: string) => ({ password })],
] as const

const BROWSER_CHECKS = [
  ['/auth/change-password', (word: string) => ({ currentPassword: word, newPassword: 'Another-word-55' })],
  ['/auth/two-factor/enable', (password: string) => ({ password })],
  ['/auth/two-factor/disable', (password: string) => ({ password })],
  ['/auth/two-factor/generate-backup-codes', (password: string) => ({ password })],
] as const

async function browser(email: string, password: string) {
  const post = (path: string, body: object, cookie?: string) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url, ...(cookie !== undefined && { cookie }) },
      body: JSON.stringify(body),
    })
  const signedIn = await post('/auth/sign-in/email', { email, password })
  const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';', 1)[0])
  return (path: string, body: object) => post(path, body, cookie.join('; '))
}

describe('with a stolen session', () => {
  it.each(PASSWORD_CHECKS)(
    'the password cannot be guessed at %s: after five wrong ones even the right one is refused',
    async (path, of) => {
      const { password, tokens, userId } = await newcomer(server)
      for (let tried = 0; tried < 5; tried++) {
        expect(await api.post(path, of(`Wrong-word-${tried}`), tokens.access_token)).toMatchObject({
          status: 400,
          body: { error: { code: 'INVALID_PASSWORD' } },
        })
      }
      const locked = await api.post(path, of(password), tokens.access_token)
      expect(locked).toMatchObject({ status: 429, body: { error: { code: 'ACCOUNT_LOCKED' } } })
      expect(locked.headers.get('retry-after')).toBe('900')
      const { rows } = await database.owner.query(
        `select outcome from audit.events where subject = $1 and action = 'identity.account-locked'`,
        [userId],
      )
      expect(rows).toEqual([{ outcome: 'denied' }])
    },
  )

  it.each(BROWSER_CHECKS)('the password cannot be guessed at %s either', async (path, of) => {
    const { email, password } = await newcomer(server)
    const post = await browser(email, password)
    for (let tried = 0; tried < 5; tried++) expect((await post(path, of(`Wrong-word-${tried}`))).status).toBe(400)
    expect((await post(path, of(password))).status).toBe(429)
  })

  it('attempts at different endpoints are counted together', async () => {
    const { email, password, tokens } = await newcomer(server)
    const guess = (n: number) => {
      const [path, of] = PASSWORD_CHECKS[n % 3] ?? PASSWORD_CHECKS[0]
      return api.post(path, of(`Wrong-word-${n}`), tokens.access_token)
    }
    for (let tried = 0; tried < 5; tried++) expect((await guess(tried)).status).toBe(400)
    expect((await guess(5)).status).toBe(429)
    now = new Date(now.getTime() + 901_000)
    const { body } = await api.post('/api/auth/signin', { email, password })
    const again = await api.post('/api/v1/auth/two-factor/enrol', { password }, String(body['access_token']))
    expect(again.status, 'the lock ends, as at sign-in').toBe(200)
  })

  it('attempts do not lock the owner out of sign-in', async () => {
    const { email, password, tokens } = await newcomer(server)
    for (let tried = 0; tried < 6; tried++) {
      await api.post('/api/v1/auth/two-factor/enrol', { password: 'Wrong-word-1' }, tokens.access_token)
    }
    expect((await api.post('/api/auth/signin', { email, password })).status).toBe(200)
  })
})

describe('the owner', () => {
  it('has all attempts again after the right password', async () => {
    const { password, tokens } = await newcomer(server)
    const disable = (word: string) =>
      api.post('/api/v1/auth/two-factor/disable', { password: word }, tokens.access_token)
    for (let tried = 0; tried < 4; tried++) expect((await disable('Wrong-word-1')).status).toBe(400)
    expect((await disable(password)).status).toBe(200)
    for (let tried = 0; tried < 5; tried++) expect((await disable('Wrong-word-1')).status).toBe(400)
  })
})
