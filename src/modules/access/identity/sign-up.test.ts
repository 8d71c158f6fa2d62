import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let open: PeopleServer
let invited: PeopleServer
let closed: PeopleServer
let relaxed: PeopleServer

beforeAll(async () => {
  const secrets = { BETTER_AUTH_SECRET: 'hT3vK9qXw2LzR7mB4nYc8sJd6fGpQe1u', PUBLIC_URL: 'http://plimsoll.test' }
  const key = { ENCRYPTION_KEY: Buffer.alloc(32, 'one key of all processes').toString('base64') }
  open = await startPeopleServer(database, { ...secrets, ...key })
  invited = await startPeopleServer(database, { ...secrets, ...key, AUTH_SIGN_UP: 'invited' })
  closed = await startPeopleServer(database, { ...secrets, ...key, AUTH_SIGN_UP: 'closed' })
  relaxed = await startPeopleServer(database, { ...secrets, ...key, AUTH_REQUIRE_VERIFIED_EMAIL: 'false' })
})
afterAll(async () => {
  for (const server of [open, invited, closed, relaxed]) await server.app.close()
})

const signUp = (server: PeopleServer, email: string) =>
  jsonClient(server.url).post('/api/auth/signup', { email, password: 'Lovelace-1815', name: 'Ada' })

async function accountsOf(email: string): Promise<number> {
  const { rows } = await database.owner.query('select id from access.users where email = $1', [email])
  return rows.length
}

describe('sign-up', () => {
  it('is open to anyone by default', async () => {
    expect((await signUp(open, 'anyone@example.com')).status).toBe(202)
    expect(await accountsOf('anyone@example.com')).toBe(1)
  })

  it('is open to invited people only, by setting, and the answer does not reveal who is invited', async () => {
    const owner = await newcomer(open)
    await jsonClient(open.url).post('/api/v1/invitations', { email: 'guest@example.com' }, owner.tokens.access_token)
    const [guest, stranger] = [await signUp(invited, 'guest@example.com'), await signUp(invited, 'other@example.com')]
    expect([guest.status, guest.body]).toEqual([stranger.status, stranger.body])
    expect([await accountsOf('guest@example.com'), await accountsOf('other@example.com')]).toEqual([1, 0])
  })

  it('is closed, by setting', async () => {
    expect(await signUp(closed, 'nobody@example.com')).toMatchObject({
      status: 403,
      body: { error: { code: 'SIGN_UP_CLOSED' } },
    })
  })

  it('returns tokens at once where no confirmed address is required', async () => {
    const answer = await signUp(relaxed, 'fast@example.com')
    expect(answer).toMatchObject({
      status: 201,
      body: { access_token: expect.any(String), token_type: 'Bearer', user: { email: 'fast@example.com' } },
    })
  })
})

describe('a person and their own organisation', () => {
  it('are created together or not at all', async () => {
    const made = database.system.transaction().execute(async (tx) => {
      const values = `('usr_01x', 'Ada', 'atomic@example.com', false, now(), now())`
      const columns = 'id, name, email, email_verified, created_at, updated_at'
      await sql.raw(`insert into access.users (${columns}) values ${values}`).execute(tx)
      throw new Error('cut off')
    })
    await expect(made).rejects.toThrow('cut off')
    expect(await accountsOf('atomic@example.com')).toBe(0)
    const { rows } = await database.owner.query(`
      select u.id from access.users u
      where not exists (select from access.members m where m.user_id = u.id and m.role = 'owner')`)
    expect(rows).toEqual([])
  })
})

describe('an address that somebody else signed up with first', () => {
  const ATTACKERS = 'Attackers-own-1815'

  it('opens nothing to their password: the owner of the mailbox confirms by resetting it', async () => {
    const api = jsonClient(open.url)
    const inviter = await newcomer(open)
    const email = 'victim@example.com'
    await api.post('/api/auth/signup', { email, password: ATTACKERS, name: 'Victim' })
    const link = open.lastLink('Confirm') ?? ''
    const token = link.split('/').at(-1)
    await api.post('/api/v1/invitations', { email, role: 'admin' }, inviter.tokens.access_token)

    // The victim opens the genuine link, by hand or by a scanner of mails: nothing is confirmed.
    const opened = await fetch(link.replace('http://plimsoll.test', open.url))
    expect(opened.status).toBe(200)
    expect(await opened.text()).toContain('Reset the password')
    for (const path of [`/auth/verify-email?token=${token}`, `/auth/verify/${token}`])
      expect((await fetch(`${open.url}${path}`, { redirect: 'manual' })).status).toBe(404)
    const signInAs = (password: string) => api.post('/api/auth/signin', { email, password })
    expect(await signInAs(ATTACKERS)).toMatchObject({ status: 403, body: { error: { code: 'EMAIL_NOT_VERIFIED' } } })

    // The victim does not know the password that the link asks for.
    const guessed = await api.post('/api/v1/auth/verify', { token, password: 'Victims-own-1815' })
    expect(guessed).toMatchObject({ status: 401, body: { error: { code: 'INVALID_PASSWORD' } } })

    await api.post('/api/v1/auth/password/forgot', { email })
    const reset = open.lastLink('new password')?.split('/').at(-1)
    await api.post('/api/v1/auth/password/reset', { token: reset, password: 'Victims-own-1815' })
    expect(await signInAs(ATTACKERS)).toMatchObject({ body: { error: { code: 'INVALID_CREDENTIALS' } } })
    const { status, body } = await signInAs('Victims-own-1815')
    expect(status).toBe(200)
    const mine = await api.get('/api/v1/users/me/invitations', String(body['access_token']))
    expect(mine.body).toMatchObject({ data: [{ role: 'admin' }] })
  })

  it('is not confirmed by the link and password of another account', async () => {
    const api = jsonClient(open.url)
    await api.post('/api/auth/signup', { email: 'first@example.com', password: ATTACKERS, name: 'A' })
    const token = open.lastLink('Confirm')?.split('/').at(-1)
    await api.post('/api/auth/signup', { email: 'second@example.com', password: 'Second-own-1815', name: 'B' })
    const crossed = await api.post('/api/v1/auth/verify', { token, password: 'Second-own-1815' })
    expect(crossed).toMatchObject({ status: 401, body: { error: { code: 'INVALID_PASSWORD' } } })
    const forged = `${token?.split('.').slice(0, 2).join('.')}.AAAA`
    expect(await api.post('/api/v1/auth/verify', { token: forged, password: ATTACKERS })).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_TOKEN' } },
    })
    const { rows } = await database.owner.query(
      "select email from access.users where email_verified and email in ('first@example.com', 'second@example.com')",
    )
    expect(rows).toEqual([])
  })
})

describe('a password reset', () => {
  it('ends every other link to reset it', async () => {
    const person = await newcomer(open)
    const api = jsonClient(open.url)
    const links: (string | undefined)[] = []
    for (let mail = 0; mail < 2; mail++) {
      await api.post('/api/v1/auth/password/forgot', { email: person.email })
      links.push(open.lastLink('new password')?.split('/').at(-1))
    }
    const reset = (token: string | undefined, password: string) =>
      api.post('/api/v1/auth/password/reset', { token, password })
    expect((await reset(links[1], 'Brand-new-word-8')).status).toBe(200)
    expect(await reset(links[0], 'Another-word-88')).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_TOKEN' } },
    })
    const signedIn = await api.post('/api/auth/signin', { email: person.email, password: 'Brand-new-word-8' })
    expect(signedIn.status).toBe(200)
  })
})

describe('every step of sign-up and sign-in', () => {
  it('has an audit event without the e-mail in clear', async () => {
    const person = await newcomer(open)
    const api = jsonClient(open.url)
    await api.post('/api/v1/auth/password/forgot', { email: person.email })
    const token = open.lastLink('new password')?.split('/').at(-1)
    await api.post('/api/v1/auth/password/reset', { token, password: 'Brand-new-word-8' })
    const { body } = await api.post('/api/auth/signin', { email: person.email, password: 'Brand-new-word-8' })
    await api.post('/api/v1/auth/logout', { refresh_token: body['refresh_token'] })
    const { rows } = await database.owner.query<{ action: string; row: string }>(
      'select action, e::text as row from audit.events e where tenant_id = $1 order by at, id',
      [person.tenantId],
    )
    expect(rows.map(({ action }) => action)).toEqual([
      'identity.sign-up',
      'identity.email-verified',
      'identity.sign-in',
      'identity.password-reset-asked',
      'identity.password-reset',
      'identity.sign-in',
      'identity.sign-out',
    ])
    expect(JSON.stringify(rows)).not.toContain(person.email)
  })
})
