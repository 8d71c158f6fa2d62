import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, keyOf, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { JsonClient, PeopleServer } from '../../../../test/support/people.ts'
import { cliContext } from '../../../cli/open.ts'

const database = await testDatabase()
const settings = {
  TRUSTED_PROXIES: '127.0.0.1',
  ENCRYPTION_KEY: Buffer.alloc(32, 'one key of both processes').toString('base64'),
  BETTER_AUTH_SECRET: 'hT3vK9qXw2LzR7mB4nYc8sJd6fGpQe1u',
  JWT_SECRET: 'Zr5tW8xN1kVb7mQ3gHj9cLp2sDf6yAe4',
}
let now = new Date()
/** Two processes on one database, reached by one public URL. */
let here: PeopleServer
let there: PeopleServer
let api: JsonClient
let other: JsonClient

beforeAll(async () => {
  here = await startPeopleServer(database, { ...settings, PUBLIC_URL: 'http://plimsoll.test' }, () => now)
  there = await startPeopleServer(database, { ...settings, PUBLIC_URL: 'http://plimsoll.test' }, () => now)
  api = jsonClient(here.url)
  other = jsonClient(there.url)
})
afterAll(async () => {
  await here.app.close()
  await there.app.close()
})

async function refresh(token: string, from = '198.51.100.7') {
  const response = await fetch(`${here.url}/api/v1/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
    body: JSON.stringify({ refresh_token: token }),
  })
  const body = (await response.json()) as {
    data?: { access_token: string; refresh_token: string }
    error?: { code: string }
  }
  return { status: response.status, code: body.error?.code, data: body.data ?? { access_token: '', refresh_token: '' } }
}

async function eventsOf(tenantId: string, action: string) {
  const { rows } = await database.owner.query<{ outcome: string; subject: string; actor_id: string }>(
    'select outcome, subject, actor_id from audit.events where tenant_id = $1 and action = $2',
    [tenantId, action],
  )
  return rows
}

const refused = (token: string, client: JsonClient) =>
  vi.waitFor(async () => expect((await client.get('/api/v1/users/me', token)).status).toBe(401))

describe('a refresh token', () => {
  it('is exchanged for new tokens of the same session, and is stored only as a hash', async () => {
    const { tokens } = await newcomer(here)
    const next = await refresh(tokens.refresh_token)
    expect(next.status).toBe(200)
    expect(next.data.refresh_token).not.toBe(tokens.refresh_token)
    expect(decodeJwt(next.data.access_token)['sid']).toBe(decodeJwt(tokens.access_token)['sid'])
    const { rows } = await database.owner.query('select t::text from access.refresh_tokens t')
    expect(JSON.stringify(rows)).not.toContain(tokens.refresh_token.slice(4))
  })

  it('works once, however many use it at the same time, and its session goes on', async () => {
    const { tokens } = await newcomer(here)
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(tokens.refresh_token)))
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ code }) => code))).toEqual(
      new Set(['REFRESH_TOKEN_USED']),
    )
    const bearer = winners[0]?.data.access_token ?? ''
    expect((await api.get('/api/v1/users/me', bearer)).status).toBe(200)
    expect((await refresh(winners[0]?.data.refresh_token ?? '')).status).toBe(200)
  })

  it('used again from another network ends the session at once, in every process, and is audited', async () => {
    const { tokens, tenantId, userId } = await newcomer(here)
    const next = await refresh(tokens.refresh_token)
    const bearer = next.data.access_token
    expect((await other.get('/api/v1/users/me', bearer)).status).toBe(200)
    expect(await refresh(tokens.refresh_token, '203.0.113.9')).toMatchObject({
      status: 401,
      code: 'REFRESH_TOKEN_REUSED',
    })
    await refused(bearer, api)
    await refused(bearer, other)
    expect((await refresh(next.data.refresh_token)).status).toBe(401)
    expect(await eventsOf(tenantId, 'identity.refresh-token-reused')).toMatchObject([
      { outcome: 'denied', actor_id: 'anonymous', subject: expect.stringMatching(/^ses_/) },
    ])
    expect(userId).not.toBe('')
  })

  it('used again later ends the session, from any network', async () => {
    const { tokens } = await newcomer(here)
    const next = await refresh(tokens.refresh_token)
    now = new Date(now.getTime() + 11_000)
    expect(await refresh(tokens.refresh_token)).toMatchObject({ code: 'REFRESH_TOKEN_REUSED' })
    await refused(next.data.access_token, api)
  })

  it('expires after seven days', async () => {
    const { tokens } = await newcomer(here)
    const then = now
    now = new Date(now.getTime() + 7 * 86_400_000 + 1000)
    expect(await refresh(tokens.refresh_token)).toMatchObject({ status: 401, code: 'INVALID_REFRESH_TOKEN' })
    now = then
  })

  it('that is unknown is refused', async () => {
    expect(await refresh(`plr_${'a'.repeat(43)}`)).toMatchObject({ status: 401, code: 'INVALID_REFRESH_TOKEN' })
  })
})

describe('signing out', () => {
  it('ends the session of the access token at once, in every process', async () => {
    const { tokens, tenantId } = await newcomer(here)
    expect((await other.get('/api/v1/users/me', tokens.access_token)).status).toBe(200)
    expect((await api.post('/api/v1/auth/logout', undefined, tokens.access_token)).status).toBe(200)
    await refused(tokens.access_token, api)
    await refused(tokens.access_token, other)
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    expect(await eventsOf(tenantId, 'identity.sign-out')).toHaveLength(1)
  })

  it('accepts the refresh token as well, and a second time', async () => {
    const { tokens } = await newcomer(here)
    const body = { refresh_token: tokens.refresh_token }
    expect((await api.post('/api/v1/auth/logout', body)).status).toBe(200)
    expect((await api.post('/api/v1/auth/logout', body)).status).toBe(200)
    await refused(tokens.access_token, api)
  })

  it('without any token is refused', async () => {
    expect((await api.post('/api/v1/auth/logout', {})).status).toBe(401)
  })
})

describe('sessions', () => {
  it('can be listed and ended by their own person only', async () => {
    const person = await newcomer(here)
    const stranger = await newcomer(here)
    await api.post('/api/auth/signin', { email: person.email, password: person.password })
    const { body } = await api.get('/api/v1/auth/sessions', person.tokens.access_token)
    const sessions = body['data'] as { session_id: string }[]
    expect(sessions).toHaveLength(2)
    const mine = String(decodeJwt(person.tokens.access_token)['sid'])
    const path = `/api/v1/auth/sessions/${mine}`
    expect((await api.delete(path, stranger.tokens.access_token)).status).toBe(404)
    expect((await api.delete(path, person.tokens.access_token)).status).toBe(200)
    await refused(person.tokens.access_token, other)
    expect(await eventsOf(person.tenantId, 'identity.session-revoked')).toMatchObject([{ subject: mine }])
  })

  it('can all be ended at once, in every process, and those of others go on', async () => {
    const [person, stranger] = [await newcomer(here), await newcomer(here)]
    const second = await api.post('/api/auth/signin', { email: person.email, password: person.password })
    const ended = await api.delete('/api/v1/auth/sessions', person.tokens.access_token)
    expect(ended).toMatchObject({ status: 200, body: { data: { revoked: 2 } } })
    await refused(person.tokens.access_token, other)
    await refused(String(second.body['access_token']), other)
    expect((await other.get('/api/v1/users/me', stranger.tokens.access_token)).status).toBe(200)
    const event = { outcome: 'success', subject: person.userId, actor_id: person.userId }
    expect(await eventsOf(person.tenantId, 'identity.sessions-revoked')).toMatchObject([event])
  })

  it('cannot be ended without the scope account:write', async () => {
    const person = await newcomer(here)
    const key = await keyOf(here, person, ['account:read'])
    const mine = String(decodeJwt(person.tokens.access_token)['sid'])
    expect((await api.delete(`/api/v1/auth/sessions/${mine}`, key)).status).toBe(403)
    expect((await api.delete('/api/v1/auth/sessions', key)).status).toBe(403)
    expect((await api.get('/api/v1/auth/sessions', key)).body['data']).toMatchObject([{ session_id: mine }])
  })

  it('all end when the password is changed', async () => {
    const person = await newcomer(here)
    const change = { current_password: person.password, password: 'Other-word-99' }
    expect(await api.post('/api/v1/auth/password/change', change, person.tokens.access_token)).toMatchObject({
      status: 200,
    })
    await refused(person.tokens.access_token, other)
    expect((await api.post('/api/auth/signin', { email: person.email, password: person.password })).status).toBe(401)
    expect((await api.post('/api/auth/signin', { email: person.email, password: 'Other-word-99' })).status).toBe(200)
    expect(await eventsOf(person.tenantId, 'identity.password-changed')).toMatchObject([{ outcome: 'success' }])
  })
})

describe('a new signing key', () => {
  it('signs at once in every process, while tokens of the old one stay valid', async () => {
    const before = await newcomer(here)
    const { keyId, retired } = await here.app.access.rotateSigningKey(cliContext(here.app, before.tenantId))
    expect(retired).toEqual([decodeProtectedHeader(before.tokens.access_token).kid])
    await vi.waitFor(async () => {
      const { body } = await other.post('/api/auth/signin', { email: before.email, password: before.password })
      expect(decodeProtectedHeader(String(body['access_token'])).kid).toBe(keyId)
      expect((await api.get('/api/v1/users/me', String(body['access_token']))).status).toBe(200)
    })
    expect((await api.get('/api/v1/users/me', before.tokens.access_token)).status).toBe(200)
    expect((await other.get('/api/v1/users/me', before.tokens.access_token)).status).toBe(200)
    const { body } = await api.get('/auth/jwks')
    expect(body['keys']).toHaveLength(2)
  })

  it('fails no request of either process, however often it is rotated', async () => {
    const people = [await newcomer(here), await newcomer(here), await newcomer(here)]
    const work = people.map(async ({ tokens }) => {
      const statuses = []
      let token = tokens.refresh_token
      for (let turn = 0; turn < 8; turn++) {
        const next = await refresh(token)
        token = next.data.refresh_token
        const client = turn % 2 === 0 ? api : other
        statuses.push(next.status, (await client.get('/api/v1/users/me', next.data.access_token)).status)
      }
      return statuses
    })
    const ctx = cliContext(here.app, people[0]?.tenantId ?? '')
    for (let turn = 0; turn < 5; turn++) await here.app.access.rotateSigningKey(ctx)
    expect(new Set((await Promise.all(work)).flat())).toEqual(new Set([200]))
  })

  it('can be created by the operator only', async () => {
    const person = await newcomer(here)
    const ctx = { ...cliContext(here.app, person.tenantId), actor: { kind: 'user' as const, id: person.userId } }
    await expect(here.app.access.rotateSigningKey(ctx)).rejects.toMatchObject({ kind: 'forbidden' })
  })
})
