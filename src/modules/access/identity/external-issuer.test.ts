import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'

const ISSUER = 'http://127.0.0.1:9/issuer'
const database = await testDatabase()
let own: PeopleServer
let other: PeopleServer

beforeAll(async () => {
  const shared = {
    BETTER_AUTH_SECRET: 'hT3vK9qXw2LzR7mB4nYc8sJd6fGpQe1u',
    ENCRYPTION_KEY: Buffer.alloc(32, 'one key of all processes').toString('base64'),
  }
  own = await startPeopleServer(database, shared)
  other = await startPeopleServer(database, { ...shared, OAUTH_ISSUER: ISSUER, PUBLIC_URL: 'http://127.0.0.1:8080' })
})
afterAll(async () => {
  for (const server of [own, other]) await server.app.close()
})

describe('with an external issuer of access tokens', () => {
  it('sign-in and refresh are refused with the name of the issuer, and no session is created', async () => {
    const { email, password, userId, tokens } = await newcomer(own)
    const api = jsonClient(other.url)
    const refused = {
      status: 403,
      body: { error: { code: 'TOKENS_ELSEWHERE', message: expect.stringContaining(ISSUER) } },
    }
    for (const path of ['/api/v1/auth/login', '/api/v1/auth/signin']) {
      expect(await api.post(path, { email, password })).toMatchObject(refused)
    }
    const refresh = { refresh_token: tokens.refresh_token }
    expect(await api.post('/api/v1/auth/refresh', refresh)).toMatchObject(refused)
    const { rows } = await database.owner.query('select id from access.sessions where user_id = $1', [userId])
    expect(rows, 'the one of the newcomer').toHaveLength(1)
  })
})
