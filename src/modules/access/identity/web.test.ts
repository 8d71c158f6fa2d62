import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { startPeopleServer } from '../../../../test/support/people.ts'
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
  it('let somebody in after their e-mail is verified, and not before', async () => {
    const credentials = { email: 'ada@example.com', password: 'Lovelace-1815' }
    const signUp = await post('/auth/sign-up/email', { ...credentials, name: 'Ada' })
    expect(signUp.status).toBe(200)
    expect((await post('/auth/sign-in/email', credentials)).status).toBe(403)

    const link = server.lastLink('Confirm')
    expect(link).toContain(`${server.url}/auth/verify/`)
    const verified = await fetch(link ?? '', { redirect: 'manual' })
    expect(verified.status).toBe(302)
    expect(verified.headers.get('location')).toContain('/sign-in?verified=1')

    const signIn = await post('/auth/sign-in/email', credentials)
    expect(signIn.status).toBe(200)
    expect(signIn.headers.get('set-cookie')).toContain('HttpOnly')
  })

  it('are those that are listed, and no others', async () => {
    expect((await post('/auth/update-user', { name: 'x' })).status).toBe(404)
    expect((await post('/auth/organization/create', { name: 'x', slug: 'x' })).status).toBe(404)
    expect((await fetch(`${server.url}/auth/list-sessions`)).status).toBe(404)
  })

  it('publish the keys that sign access tokens, without their private halves', async () => {
    const { keys } = (await (await fetch(`${server.url}/auth/jwks`)).json()) as { keys: Record<string, string>[] }
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' })
    expect(keys[0]).not.toHaveProperty('d')
  })
})
