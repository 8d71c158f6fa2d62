import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { JsonClient, PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let api: JsonClient

beforeAll(async () => {
  server = await startPeopleServer(database)
  api = jsonClient(server.url)
})
afterAll(() => server.app.close())

describe('a new person', () => {
  const ada = { email: 'Ada@Example.com', password: 'Lovelace-1815', name: 'Ada' }

  it('must confirm the address before they get a token', async () => {
    const { status, body } = await api.post('/api/auth/signup', ada)
    expect({ status, body }).toEqual({
      status: 202,
      body: {
        status: 'verification_required',
        message: 'Confirm the address with the link of the e-mail, then sign in.',
      },
    })
    const early = await api.post('/api/auth/signin', { email: ada.email, password: ada.password })
    expect(early).toMatchObject({ status: 403, body: { error: { code: 'EMAIL_NOT_VERIFIED' } } })
  })

  it('can sign in after the link was used, as owner of an organisation of their own', async () => {
    const token = server.lastLink('Confirm')?.split('/').at(-1)
    const { password } = ada
    expect(await api.post('/api/v1/auth/verify', { token, password })).toMatchObject({
      body: { data: { status: 'verified' } },
    })
    const signedIn = await api.post('/api/auth/signin', { email: ada.email, password: ada.password })
    expect(signedIn).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 900, user: { email: 'ada@example.com', name: 'Ada' } },
    })
    expect(signedIn.headers.get('cache-control')).toBe('no-store')
    const bearer = String(signedIn.body['access_token'])
    const { body } = await api.get('/api/v1/users/me', bearer)
    expect(body).toMatchObject({
      data: { email: 'ada@example.com', email_verified: true, role: 'owner', organizations: [{ name: 'Personal' }] },
    })
  })
})

describe('an access token', () => {
  it('names person, session, tenant, issuer and audience, and expires after 15 minutes', async () => {
    const { tokens, userId } = await newcomer(server)
    expect(decodeProtectedHeader(tokens.access_token)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^sgk_/),
    })
    const claims = decodeJwt(tokens.access_token)
    expect(claims).toEqual({
      iss: server.url,
      aud: server.url,
      sub: userId,
      sid: expect.stringMatching(/^ses_/),
      tenant: expect.stringMatching(/^org_/),
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: (claims.iat ?? 0) + 900,
    })
  })
})

describe('sign-in under the other names', () => {
  it('answers in the envelope', async () => {
    const { email, password } = await newcomer(server)
    const { status, body } = await api.post('/api/v1/auth/login', { email, password })
    expect(status).toBe(200)
    expect(body).toMatchObject({ data: { access_token: expect.any(String), user: { email } }, meta: {} })
  })
})
