import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer

beforeAll(async () => {
  server = await startPeopleServer(database)
})
afterAll(() => server.app.close())

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url, ...headers },
    body: JSON.stringify(body),
  })

describe('the endpoints of the auth library', () => {
  it('allow sign-in only after the e-mail address is confirmed', async () => {
    const credentials = { email: 'ada@example.com', password: 'Lovelace-1815' }
    const signUp = await post('/auth/sign-up/email', { ...credentials, name: 'Ada' })
    expect(signUp.status).toBe(200)
    expect((await post('/auth/sign-in/email', credentials)).status).toBe(403)

    const link = server.lastLink('Confirm')
    expect(link).toContain(`${server.url}/verify-email/`)
    const token = link?.split('/').at(-1)
    const confirm = (password: unknown) => post('/auth/verify-email', { token, password })
    expect(await (await confirm(undefined)).json()).toMatchObject({ code: 'INVALID_BODY' })
    expect((await confirm('Wrong-1-word')).status).toBe(401)
    expect((await post('/auth/sign-in/email', credentials)).status).toBe(403)
    expect(await (await confirm(credentials.password)).json()).toEqual({ email: credentials.email })

    const signIn = await post('/auth/sign-in/email', credentials)
    expect(signIn.status).toBe(200)
    expect(signIn.headers.get('set-cookie')).toContain('HttpOnly')
  })

  it('that are not listed answer 404', async () => {
    expect((await post('/auth/update-user', { name: 'x' })).status).toBe(404)
    expect((await post('/auth/organization/create', { name: 'x', slug: 'x' })).status).toBe(404)
    expect((await fetch(`${server.url}/auth/list-sessions`)).status).toBe(404)
  })

  it('publish the signing keys of access tokens, without private keys', async () => {
    const { keys } = (await (await fetch(`${server.url}/auth/jwks`)).json()) as { keys: Record<string, string>[] }
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' })
    expect(keys[0]).not.toHaveProperty('d')
  })

  it('ignore an address header of the caller', async () => {
    const { email, password, tokens } = await newcomer(server)
    await post('/auth/sign-in/email', { email, password }, { 'x-plimsoll-address': '203.0.113.66' })
    const answer = await jsonClient(server.url).get('/api/v1/auth/sessions', tokens.access_token)
    expect(JSON.stringify(answer.body)).not.toContain('203.0.113.66')
    expect(answer.body['data']).toMatchObject([{ ip_address: '127.0.0.1' }, { ip_address: '127.0.0.1' }])
  })

  it('refuse a cookie from a page of another site', async () => {
    const { email, password } = await newcomer(server)
    const signedIn = await post('/auth/sign-in/email', { email, password })
    const cookie = signedIn.headers
      .getSetCookie()
      .map((line) => line.split(';', 1)[0])
      .join('; ')
    expect((await post('/auth/sign-out', {}, { cookie, origin: 'https://evil.example' })).status).toBe(403)
    expect(await (await fetch(`${server.url}/auth/get-session`, { headers: { cookie } })).json()).toMatchObject({
      user: { email },
    })
    expect((await post('/auth/sign-out', {}, { cookie })).status).toBe(200)
    expect(await (await fetch(`${server.url}/auth/get-session`, { headers: { cookie } })).json()).toBeNull()
  })

  it('do not reveal whether an organisation exists, by id or by slug', async () => {
    const [stranger, owner] = [await newcomer(server), await newcomer(server)]
    const signedIn = await post('/auth/sign-in/email', stranger)
    const cookie = signedIn.headers.getSetCookie().map((line) => line.split(';', 1)[0])
    const ask = async (body: object) => {
      const answer = await post('/auth/organization/set-active', body, { cookie: cookie.join('; ') })
      return [answer.status, await answer.text()]
    }
    const nobodys = await ask({ organizationId: 'nobody' })
    expect(nobodys[0]).toBe(403)
    expect(await ask({ organizationId: owner.tenantId })).toEqual(nobodys)
    expect(await ask({ organizationSlug: owner.tenantId })).toEqual(nobodys)
    expect(await ask({ organizationSlug: 'nobody' })).toEqual(nobodys)
    expect((await ask({ organizationSlug: stranger.tenantId }))[0]).toBe(200)
  })

  it('lock an account whose password is guessed with the link of its mail', async () => {
    const email = 'guessed@example.com'
    await post('/auth/sign-up/email', { email, password: 'Lovelace-1815', name: 'Ada' })
    const token = server.lastLink('Confirm')?.split('/').at(-1)
    const confirm = (password: string) => post('/auth/verify-email', { token, password })
    for (let tried = 0; tried < 5; tried++) expect((await confirm('Wrong-1-word')).status).toBe(401)
    const locked = await confirm('Lovelace-1815')
    expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '900'])
  })

  it('lock an account and refuse weak passwords, as the JSON routes do', async () => {
    const { email } = await newcomer(server)
    for (let tried = 0; tried < 5; tried++) await post('/auth/sign-in/email', { email, password: 'Wrong-1-word' })
    const locked = await post('/auth/sign-in/email', { email, password: 'Wrong-1-word' })
    expect(locked.status).toBe(429)
    expect(locked.headers.get('retry-after')).toBe('900')
    const weak = await post('/auth/sign-up/email', { email: 'w@example.com', password: 'Password1', name: 'W' })
    expect(await weak.json()).toMatchObject({ code: 'PASSWORD_WEAK' })
  })
})
