import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '#kernel/context'
import type { Scope } from '#kernel/principal'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, startPeopleServer } from '../../../../test/support/people.ts'
import type { JsonClient, PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let api: JsonClient

beforeAll(async () => {
  server = await startPeopleServer(database)
  api = jsonClient(server.url)
  await server.app.access.createTenant(operator('zenith'), { name: 'Zenith' })
})
afterAll(() => server.app.close())

/** A context of the command line. */
function operator(tenantId: string, scopes: readonly Scope[] = ['access:write']): Ctx {
  const request = { requestId: 'req_test', signal: new AbortController().signal }
  return server.app.openContext({ tenantId, actor: { kind: 'cli', id: 'root' }, scopes: new Set(scopes) }, request)
}

const ADA = { email: 'Ada@Example.com', name: 'Ada Lovelace', role: 'manager', password: 'Right-Horse-77' } as const
const named = (email: string) => ({ ...ADA, email })
const add = (ctx: Ctx, person: Parameters<typeof server.app.access.addPerson>[1]) =>
  server.app.access.addPerson(ctx, person)

async function accounts(email: string): Promise<number> {
  const { rows } = await database.owner.query<{ count: number }>(
    'select count(*)::int as count from access.users where email = $1',
    [email],
  )
  return rows[0]?.count ?? NaN
}

describe('a person added by the operator', () => {
  it('can sign in at once, in that organisation and with that role', async () => {
    const { userId } = await add(operator('zenith'), ADA)
    const signedIn = await api.post('/api/auth/signin', { email: 'ada@example.com', password: ADA.password })
    expect(signedIn).toMatchObject({ status: 200, body: { tenant_id: 'zenith', user: { id: userId, name: ADA.name } } })
    const { body } = await api.get('/api/v1/users/me', String(signedIn.body['access_token']))
    expect(body['data']).toMatchObject({
      id: userId,
      email: 'ada@example.com',
      email_verified: true,
      tenant_id: 'zenith',
      role: 'manager',
      organizations: expect.arrayContaining([expect.objectContaining({ tenant_id: 'zenith', role: 'manager' })]),
    })
  })

  it('has an audit event with person, actor and role, but no e-mail, name or password', async () => {
    const { userId } = await add(operator('zenith'), named('grace@example.com'))
    const { rows } = await database.owner.query<{ actor: unknown; outcome: string; row: string }>(
      `select outcome, e::text as row from audit.events e
       where tenant_id = 'zenith' and action = 'access.add-person' and subject = $1`,
      [userId],
    )
    expect(rows).toMatchObject([{ outcome: 'success' }])
    expect(rows[0]?.row).toMatch(/manager/)
    expect(rows[0]?.row).toMatch(/root/)
    expect(rows[0]?.row).not.toMatch(/grace@example\.com|Lovelace|Right-Horse/i)
  })

  it('is a member of that organisation only', async () => {
    await server.app.access.createTenant(operator('globex'), { name: 'Globex' })
    const email = 'alan@example.com'
    await add(operator('globex'), named(email))
    const input = { email, password: ADA.password, tenant_id: 'zenith' }
    expect(await api.post('/api/auth/signin', input)).toMatchObject({
      status: 403,
      body: { error: { code: 'NOT_A_MEMBER' } },
    })
  })
})

describe('adding a person is refused', () => {
  it('with a weak password, naming the field, what was expected and an example', async () => {
    const email = 'weak@example.com'
    await expect(add(operator('zenith'), { ...named(email), password: 'short' })).rejects.toMatchObject({
      kind: 'invalid',
      problems: [
        {
          path: 'password',
          expected: 'at least 8 characters, an upper-case letter, a digit',
          example: 'three-Words-and-7',
        },
      ],
    })
    expect(await accounts(email)).toBe(0)
  })

  it('with an address that has an account, in any letter case', async () => {
    await add(operator('zenith'), named('taken@example.com'))
    await expect(add(operator('zenith'), named('Taken@Example.com'))).rejects.toMatchObject({
      kind: 'conflict',
      code: 'EMAIL_TAKEN',
    })
    expect(await accounts('taken@example.com')).toBe(1)
  })

  it('without the scope access:write', async () => {
    const email = 'unseen@example.com'
    await expect(add(operator('zenith', ['access:read']), named(email))).rejects.toMatchObject({
      kind: 'forbidden',
      scopesNeeded: ['access:write'],
    })
    expect(await accounts(email)).toBe(0)
  })

  it('to an unknown organisation', async () => {
    const email = 'nowhere@example.com'
    await expect(add(operator('nobody'), named(email))).rejects.toMatchObject({ kind: 'not_found' })
    expect(await accounts(email)).toBe(0)
  })
})
