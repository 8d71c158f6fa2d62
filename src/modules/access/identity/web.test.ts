import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer

beforeAll(async () => {
  server = await startPeopleServer(database, { OAUTH_DYNAMIC_REGISTRATION: 'true' })
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

  it.each([
    ['/auth/sign-in/email', { email: 'a\0@example.com', password: 'x' }],
    ['/auth/sign-up/email', { email: 'nul@example.com', password: 'Lovelace-1815', name: 'A\0da' }],
    ['/auth/sign-up/email', { email: 'nul@example.com', password: 'Lovelace-1815', name: 'A\ud800da' }],
    ['/auth/reset-password', { newPassword: 'Lovelace-1815', token: '\0' }],
    ['/auth/verify-email', { token: '\0', password: 'x' }],
    ['/auth/two-factor/verify-totp', { code: '\0' }],
    ['/auth/organization/set-active', { organizationId: '\0' }],
    ['/auth/oauth2/register', { redirect_uris: ['https://app.example/'], client_name: '\0' }],
    ['/auth/get-session?x=%00', undefined],
    ['/auth/oauth2/authorize?client_id=%00', undefined],
    ['/auth/oauth2/public-client?client_id=%00', undefined],
  ])('refuse text that cannot be stored, and log no error: %s %j', async (path, body) => {
    const before = server.errors()
    const answer = body === undefined ? await fetch(`${server.url}${path}`) : await post(path, body)
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { code: 'INVALID_BODY', message: expect.stringContaining('without NUL characters') },
    ])
    expect(server.errors()).toBe(before)
  })

  it('refuse text that cannot be stored in a form', async () => {
    const form = new URLSearchParams({ client_id: '\0', grant_type: 'refresh_token', refresh_token: 'x' })
    expect((await fetch(`${server.url}/auth/oauth2/token`, { method: 'POST', body: form })).status).toBe(400)
  })

  it('refuse fields that they do not have, which the library would store', async () => {
    const person = { email: 'image@example.com', password: 'Lovelace-1815', name: 'Ada' }
    const refused = await post('/auth/sign-up/email', { ...person, image: 'x'.repeat(50_000) })
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { code: 'INVALID_BODY', message: expect.stringMatching(/^body\.image: expected one of email, password, name/) },
    ])
    expect((await post('/auth/sign-up/email', person)).status).toBe(200)
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
    const { email, password } = stranger
    const signedIn = await post('/auth/sign-in/email', { email, password })
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
