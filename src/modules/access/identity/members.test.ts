import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, keyOf, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import { afterWaiting } from '../../../../test/support/race.ts'
import type { JsonClient, Newcomer, PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let api: JsonClient
let owner: Newcomer

beforeAll(async () => {
  server = await startPeopleServer(database)
  api = jsonClient(server.url)
  owner = await newcomer(server)
})
afterAll(() => server.app.close())

/** A person who accepted an invitation to the owner's organisation and works there now. */
async function colleague(role: string): Promise<Newcomer & { readonly bearer: string }> {
  const person = await newcomer(server)
  const invited = await api.post('/api/v1/invitations', { email: person.email, role }, owner.tokens.access_token)
  const { invitation_id: id } = invited.body['data'] as { invitation_id: string }
  await api.post(`/api/v1/invitations/${id}/accept`, undefined, person.tokens.access_token)
  const moved = { refresh_token: person.tokens.refresh_token, tenant_id: owner.tenantId }
  const { body } = await api.post('/api/v1/auth/refresh', moved)
  const { access_token: bearer } = body['data'] as { access_token: string }
  return { ...person, bearer }
}

const roleOf = async (bearer: string) => {
  const { body } = await api.get('/api/v1/users/me', bearer)
  return (body['data'] as { role?: string } | undefined)?.role
}

async function actions(): Promise<string[]> {
  const { rows } = await database.owner.query<{ action: string }>(
    `select action from audit.events where tenant_id = $1 and outcome = 'success'`,
    [owner.tenantId],
  )
  return rows.map(({ action }) => action)
}

describe('an invited person', () => {
  it('works in that organisation at the next sign-in, after all earlier sessions have ended', async () => {
    const person = await colleague('member')
    await api.delete('/api/v1/auth/sessions', person.bearer)
    await vi.waitFor(async () => expect((await api.get('/api/v1/users/me', person.bearer)).status).toBe(401))
    const { email, password } = person
    const { body } = await api.post('/api/auth/signin', { email, password })
    expect(body['tenant_id']).toBe(owner.tenantId)
  })
})

describe('an invitation', () => {
  it('makes the person with that confirmed address a member with its role, and is audited', async () => {
    const person = await colleague('manager')
    expect(decodeJwt(person.bearer)['tenant']).toBe(owner.tenantId)
    expect(await roleOf(person.bearer)).toBe('manager')
    expect(server.lastLink('Invitation')).toContain(`${server.url}/invitation?id=inv_`)
    expect(await actions()).toEqual(expect.arrayContaining(['access.invite', 'access.accept-invitation']))
  })

  it('is void when its inviter was removed or demoted, so that nobody returns by one of their own', async () => {
    const [admin, second, third] = [await colleague('admin'), await newcomer(server), await newcomer(server)]
    const inviteTo = async ({ email }: Newcomer, role: string) => {
      const { body } = await api.post('/api/v1/invitations', { email, role }, admin.bearer)
      return (body['data'] as { invitation_id: string }).invitation_id
    }
    const accept = (id: string, { tokens }: Newcomer) =>
      api.post(`/api/v1/invitations/${id}/accept`, undefined, tokens.access_token)
    const [high, low] = [await inviteTo(second, 'admin'), await inviteTo(third, 'member')]
    const member = `/api/v1/members/${admin.userId}`
    await api.patch(member, { role: 'manager' }, owner.tokens.access_token)
    const refused = { status: 409, body: { error: { code: 'INVITATION_CLOSED' } } }
    expect(await accept(high, second), 'above the role that is left').toMatchObject(refused)
    expect((await accept(low, third)).status, 'not above it').toBe(200)
    expect((await api.delete(member, owner.tokens.access_token)).status).toBe(200)
    expect(await accept(high, second)).toMatchObject(refused)
    const again = await api.post(
      '/api/v1/invitations',
      { email: second.email, role: 'admin' },
      owner.tokens.access_token,
    )
    expect(again.body['data'], 'the same invitation, of the owner now').toMatchObject({ invitation_id: high })
    expect((await accept(high, second)).status).toBe(200)
  })

  it('that is cancelled while it is being accepted makes nobody a member', async () => {
    const invited = await newcomer(server)
    const { body } = await api.post('/api/v1/invitations', { email: invited.email }, owner.tokens.access_token)
    const { invitation_id: id } = body['data'] as { invitation_id: string }
    const first = { sql: `update access.invitations set status = 'canceled' where id = $1`, values: [id] }
    const accept = () => api.post(`/api/v1/invitations/${id}/accept`, undefined, invited.tokens.access_token)
    expect(await afterWaiting(database, first, accept)).toMatchObject({
      status: 409,
      body: { error: { code: 'INVITATION_CLOSED' } },
    })
  })

  it('is shown to the invited person only', async () => {
    const [invited, stranger] = [await newcomer(server), await newcomer(server)]
    const { body } = await api.post('/api/v1/invitations', { email: invited.email }, owner.tokens.access_token)
    const { invitation_id: id } = body['data'] as { invitation_id: string }
    const mine = await api.get('/api/v1/users/me/invitations', invited.tokens.access_token)
    expect(mine.body['data']).toMatchObject([{ invitation_id: id, role: 'member', organization: 'Personal' }])
    const path = `/api/v1/invitations/${id}/accept`
    expect((await api.post(path, undefined, stranger.tokens.access_token)).status).toBe(404)
    expect((await api.post(path, undefined, invited.tokens.access_token)).status).toBe(200)
    expect((await api.post(path, undefined, invited.tokens.access_token)).status, 'twice').toBe(409)
  })

  it('that was cancelled cannot be accepted', async () => {
    const person = await newcomer(server)
    const { body } = await api.post('/api/v1/invitations', { email: person.email }, owner.tokens.access_token)
    const { invitation_id: id } = body['data'] as { invitation_id: string }
    expect((await api.delete(`/api/v1/invitations/${id}`, owner.tokens.access_token)).status).toBe(200)
    const accepted = await api.post(`/api/v1/invitations/${id}/accept`, undefined, person.tokens.access_token)
    expect(accepted).toMatchObject({ status: 409, body: { error: { code: 'INVITATION_CLOSED' } } })
    expect(await actions()).toContain('access.cancel-invitation')
  })

  it('cannot be sent, cancelled or accepted without the scope', async () => {
    const [member, invited] = [await colleague('member'), await newcomer(server)]
    const input = { email: invited.email }
    const { body } = await api.post('/api/v1/invitations', input, owner.tokens.access_token)
    const path = `/api/v1/invitations/${(body['data'] as { invitation_id: string }).invitation_id}`
    const missing = (scope: string) => ({ status: 403, body: { error: { message: expect.stringContaining(scope) } } })
    expect(await api.post('/api/v1/invitations', input, member.bearer)).toMatchObject(missing('access:write'))
    expect(await api.delete(path, member.bearer)).toMatchObject(missing('access:write'))
    const key = await keyOf(server, invited, ['account:read'])
    expect(await api.post(`${path}/accept`, undefined, key)).toMatchObject(missing('account:write'))
    expect((await api.post(`${path}/accept`, undefined, invited.tokens.access_token)).status).toBe(200)
  })

  it('to a member, or to a role above one’s own, is refused', async () => {
    const admin = await colleague('admin')
    const twice = await api.post('/api/v1/invitations', { email: admin.email }, owner.tokens.access_token)
    expect(twice).toMatchObject({ status: 409, body: { error: { code: 'ALREADY_MEMBER' } } })
    const above = await api.post('/api/v1/invitations', { email: 'boss@example.com', role: 'owner' }, admin.bearer)
    expect(above).toMatchObject({ status: 403, body: { error: { code: 'ROLE_ABOVE_YOURS' } } })
  })

  it('of another organisation is not found', async () => {
    const stranger = await newcomer(server)
    const { body } = await api.post('/api/v1/invitations', { email: 'a@example.com' }, owner.tokens.access_token)
    const { invitation_id: id } = body['data'] as { invitation_id: string }
    expect((await api.delete(`/api/v1/invitations/${id}`, stranger.tokens.access_token)).status).toBe(404)
    expect((await api.get('/api/v1/invitations', stranger.tokens.access_token)).body['data']).toEqual([])
  })
})

describe('a role', () => {
  it('that is changed applies to existing tokens at once', async () => {
    const person = await colleague('manager')
    expect((await api.get('/api/v1/members', person.bearer)).status).toBe(200)
    const path = `/api/v1/members/${person.userId}`
    expect((await api.patch(path, { role: 'read-only' }, owner.tokens.access_token)).status).toBe(200)
    await vi.waitFor(async () => expect((await api.get('/api/v1/members', person.bearer)).status).toBe(403))
    expect(await roleOf(person.bearer)).toBe('read-only')
    expect(await actions()).toContain('access.change-role')
  })

  it('cannot be changed without the scope', async () => {
    const person = await colleague('member')
    const path = `/api/v1/members/${owner.userId}`
    expect((await api.patch(path, { role: 'member' }, person.bearer)).status).toBe(403)
    expect((await api.delete(path, person.bearer)).status).toBe(403)
  })

  it('above one’s own can be neither given nor taken away', async () => {
    const admin = await colleague('admin')
    expect((await api.patch(`/api/v1/members/${owner.userId}`, { role: 'member' }, admin.bearer)).status).toBe(403)
    expect((await api.patch(`/api/v1/members/${admin.userId}`, { role: 'owner' }, admin.bearer)).status).toBe(403)
    expect((await api.delete(`/api/v1/members/${owner.userId}`, admin.bearer)).status).toBe(403)
  })

  it('of owner cannot be given up by the last two owners at the same time', async () => {
    const second = await colleague('owner')
    const first = {
      sql: `update access.members set role = 'member' where tenant_id = $1 and user_id = $2`,
      values: [owner.tenantId, second.userId],
    }
    const path = `/api/v1/members/${owner.userId}`
    const leave = () => api.patch(path, { role: 'admin' }, owner.tokens.access_token)
    expect(await afterWaiting(database, first, leave)).toMatchObject({
      status: 409,
      body: { error: { code: 'LAST_OWNER' } },
    })
  })

  it('of the last owner cannot be changed', async () => {
    const path = `/api/v1/members/${owner.userId}`
    const demoted = await api.patch(path, { role: 'admin' }, owner.tokens.access_token)
    expect(demoted).toMatchObject({ status: 409, body: { error: { code: 'LAST_OWNER' } } })
    expect((await api.delete(path, owner.tokens.access_token)).status).toBe(409)
  })
})

describe('a member', () => {
  it('who is removed is refused at once in that organisation, and can work in their own', async () => {
    const person = await colleague('member')
    const path = `/api/v1/members/${person.userId}`
    expect((await api.delete(path, owner.tokens.access_token)).status).toBe(200)
    await vi.waitFor(async () => expect((await api.get('/api/v1/users/me', person.bearer)).status).toBe(401))
    const { body } = await api.post('/api/auth/signin', { email: person.email, password: person.password })
    expect(body['tenant_id']).toBe(person.tenantId)
    expect(await actions()).toContain('access.remove-member')
  })

  it('of another organisation is not found', async () => {
    const stranger = await newcomer(server)
    const path = `/api/v1/members/${stranger.userId}`
    expect((await api.patch(path, { role: 'member' }, owner.tokens.access_token)).status).toBe(404)
    expect((await api.delete(path, owner.tokens.access_token)).status).toBe(404)
    const { body } = await api.get('/api/v1/members', owner.tokens.access_token)
    expect((body['data'] as { user_id: string }[]).map(({ user_id }) => user_id)).not.toContain(stranger.userId)
  })

  it('cannot get tokens for an organisation they are not in', async () => {
    const stranger = await newcomer(server)
    const { email, password, tokens } = stranger
    const input = { email, password, tenant_id: owner.tenantId }
    expect(await api.post('/api/auth/signin', input)).toMatchObject({
      status: 403,
      body: { error: { code: 'NOT_A_MEMBER' } },
    })
    const moved = { refresh_token: tokens.refresh_token, tenant_id: owner.tenantId }
    expect((await api.post('/api/v1/auth/refresh', moved)).status).toBe(401)
  })
})

describe('the audit trail of all this', () => {
  it('contains no e-mail in clear', async () => {
    const { rows } = await database.owner.query('select e::text from audit.events e')
    expect(JSON.stringify(rows)).not.toMatch(/@example\.com/)
  })
})
