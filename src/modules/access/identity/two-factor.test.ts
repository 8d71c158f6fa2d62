import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { JsonClient, Newcomer, PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let api: JsonClient
let person: Newcomer
let secret: string
let backupCodes: string[]

beforeAll(async () => {
  server = await startPeopleServer(database)
  api = jsonClient(server.url)
  person = await newcomer(server)
})
afterAll(() => server.app.close())

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The current code of an authenticator app (RFC 6238: SHA-1, 30 seconds, 6 digits). */
function codeOf(base32: string): string {
  let bits = ''
  for (const letter of base32.replace(/=+$/, '')) bits += BASE32.indexOf(letter).toString(2).padStart(5, '0')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

const signIn = (code?: string) =>
  api.post('/api/auth/signin', { email: person.email, password: person.password, ...(code !== undefined && { code }) })

describe('two-factor sign-in', () => {
  it('is set up with the right password only', async () => {
    const bearer = person.tokens.access_token
    const wrong = await api.post('/api/v1/auth/two-factor/enrol', { password: 'Wrong-word-1' }, bearer)
    expect(wrong).toMatchObject({ status: 400, body: { error: { code: 'INVALID_PASSWORD' } } })
    const { body } = await api.post('/api/v1/auth/two-factor/enrol', { password: person.password }, bearer)
    const { totp_uri, backup_codes } = body['data'] as { totp_uri: string; backup_codes: string[] }
    secret = new URL(totp_uri).searchParams.get('secret') ?? ''
    backupCodes = backup_codes
    expect(backupCodes).toHaveLength(10)
    expect((await signIn()).status, 'not on before it is confirmed').toBe(200)
  })

  it('is on once a code was confirmed, and the session goes on', async () => {
    const bearer = person.tokens.access_token
    const wrong = await api.post('/api/v1/auth/two-factor/confirm', { code: '000000' }, bearer)
    expect(wrong.status).toBe(401)
    const confirmed = await api.post('/api/v1/auth/two-factor/confirm', { code: codeOf(secret) }, bearer)
    expect(confirmed).toMatchObject({ status: 200, body: { data: { status: 'on' } } })
    expect(await api.get('/api/v1/users/me', bearer)).toMatchObject({ body: { data: { two_factor: true } } })
  })

  it('requires a code after the password', async () => {
    expect(await signIn()).toMatchObject({ status: 401, body: { error: { code: 'TWO_FACTOR_REQUIRED' } } })
    expect(await signIn('000000')).toMatchObject({ status: 401, body: { error: { code: 'INVALID_CODE' } } })
    expect(await signIn(codeOf(secret))).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
  })

  it('accepts each backup code once', async () => {
    const [code] = backupCodes
    expect((await signIn(code)).status).toBe(200)
    expect((await signIn(code)).status).toBe(401)
  })

  it('stores its secrets encrypted', async () => {
    const { rows } = await database.owner.query('select t::text from access.two_factors t')
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(secret)
    expect(JSON.stringify(rows)).not.toContain(backupCodes[1])
  })

  it('accepts each code once, however many send it at the same time', async () => {
    const other = await newcomer(server)
    const { body } = await api.post(
      '/api/v1/auth/two-factor/enrol',
      { password: other.password },
      other.tokens.access_token,
    )
    const { totp_uri } = body['data'] as { totp_uri: string }
    const own = new URL(totp_uri).searchParams.get('secret') ?? ''
    await api.post('/api/v1/auth/two-factor/confirm', { code: codeOf(own) }, other.tokens.access_token)
    const code = codeOf(own)
    const signInWithCode = () => api.post('/api/auth/signin', { email: other.email, password: other.password, code })
    const answers = await Promise.all([signInWithCode(), signInWithCode(), signInWithCode()])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await signInWithCode()).toMatchObject({ status: 401, body: { error: { code: 'INVALID_CODE' } } })
    const { rows } = await database.owner.query('select id from access.sessions where user_id = $1', [other.userId])
    expect(rows, 'as a newcomer, and with the code').toHaveLength(2)
  })

  it('is turned off with the password', async () => {
    const bearer = person.tokens.access_token
    expect((await api.post('/api/v1/auth/two-factor/disable', { password: 'Wrong-word-1' }, bearer)).status).toBe(400)
    expect((await api.post('/api/v1/auth/two-factor/disable', { password: person.password }, bearer)).status).toBe(200)
    expect((await signIn()).status).toBe(200)
  })

  it('has an audit event for each change, and for each sign-in', async () => {
    const { rows } = await database.owner.query<{ action: string; outcome: string; actor_id: string }>(
      `select action, outcome, actor_id from audit.events
       where tenant_id = $1 and action like 'identity.two-factor%' order by at, id`,
      [person.tenantId],
    )
    expect(rows).toContainEqual({
      action: 'identity.two-factor-started',
      outcome: 'success',
      actor_id: person.userId,
    })
    expect(rows).toContainEqual({ action: 'identity.two-factor-enabled', outcome: 'success', actor_id: person.userId })
    expect(rows).toContainEqual({ action: 'identity.two-factor-enabled', outcome: 'failure', actor_id: person.userId })
    expect(rows).toContainEqual({ action: 'identity.two-factor-disabled', outcome: 'success', actor_id: person.userId })
  })

  it('leaves no session of a sign-in without a code', async () => {
    const { body } = await api.get('/api/v1/auth/sessions', person.tokens.access_token)
    // Signed in: as a newcomer, before it was on, with the code, with the backup code, after it was off.
    expect(body['data']).toHaveLength(5)
  })
})
