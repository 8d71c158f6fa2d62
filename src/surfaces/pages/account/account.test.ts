import { createOTP } from '@better-auth/utils/otp'
import { base32 } from '@better-auth/utils/base32'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'
import { visitor } from '../../../../test/support/visitor.ts'
import type { Visitor } from '../../../../test/support/visitor.ts'

const database = await testDatabase()
const PASSWORD = 'Analytical-Engine-1843'
let server: PeopleServer
beforeAll(async () => {
  server = await startPeopleServer(database, { AUTH_REQUIRE_VERIFIED_EMAIL: 'false' })
})
afterAll(() => server.app.close())

let count = 0
async function signedIn(): Promise<{ person: Visitor; email: string }> {
  count += 1
  const email = `account${count}@example.com`
  const person = visitor(server.url)
  await person.open('/sign-up')
  await person.send('/sign-up', { name: `Person ${count}`, email, password: PASSWORD })
  await signIn(person, email)
  return { person, email }
}

async function signIn(person: Visitor, email: string, password = PASSWORD) {
  await person.open('/sign-in')
  return person.send('/sign-in', { email, password })
}

const call = (key: string) => fetch(`${server.url}/api/v1/keys`, { headers: { authorization: `Bearer ${key}` } })

describe('API keys', () => {
  it('are made for scopes, shown once, work, and end when they are revoked', async () => {
    const { person } = await signedIn()
    await person.open('/account/keys')
    const made = await person.send('/account/keys', { name: '<My> key', scopes: 'keys:read' })
    const key = /<code class="secret">(plim_[^<]+)</.exec(made.text)?.[1] ?? ''
    expect(made.text).toContain('Key created: &lt;My&gt; key')
    expect((await call(key)).status).toBe(200)
    const listed = await person.open('/account/keys')
    expect(listed.text).toContain('&lt;My&gt; key')
    expect(listed.text).not.toContain(key)
    const id = /name="revoke" value="([^"]+)"/.exec(listed.text)?.[1] ?? ''
    await person.send('/account/keys', { revoke: id })
    await expect.poll(async () => (await call(key)).status).toBe(401)
  })

  it('without a scope are refused beside the scopes, with what was typed kept', async () => {
    const { person } = await signedIn()
    await person.open('/account/keys')
    const refused = await person.send('/account/keys', { name: 'Mine' })
    expect([refused.status, refused.text]).toEqual([
      422,
      expect.stringContaining('id="scopes-error">Select at least one scope.'),
    ])
    expect(refused.text).toContain('value="Mine"')
  })

  it('of others are not shown, and not ended', async () => {
    const [mine, theirs] = [await signedIn(), await signedIn()]
    await theirs.person.open('/account/keys')
    const made = await theirs.person.send('/account/keys', { name: 'Theirs', scopes: 'keys:read' })
    const key = /<code class="secret">(plim_[^<]+)</.exec(made.text)?.[1] ?? ''
    const id = /name="revoke" value="([^"]+)"/.exec(made.text)?.[1] ?? ''
    expect(id).toMatch(/^key_/)
    expect((await mine.person.open('/account/keys')).text).not.toContain('Theirs')
    expect((await mine.person.send('/account/keys', { revoke: id })).status).toBe(404)
    expect((await call(key)).status).toBe(200)
  })
})

describe('sessions', () => {
  it('are listed, and one that is ended is over at once', async () => {
    const { person, email } = await signedIn()
    const elsewhere = visitor(server.url)
    await signIn(elsewhere, email)
    const { text } = await elsewhere.open('/account')
    const rows = text.match(/<li><span>.*?<\/li>/gs)?.filter((row) => row.includes('name="session"')) ?? []
    expect(rows).toHaveLength(2)
    const other = rows.find((row) => !row.includes('(this session)'))
    await elsewhere.send('/account', { session: /value="([^"]+)">Sign out</.exec(other ?? '')?.[1] ?? '' })
    expect((await elsewhere.open('/account')).path).toBe('/account')
    expect((await person.open('/account')).path).toMatch(/^\/sign-in/)
  })

  it('end everywhere at once', async () => {
    const { person, email } = await signedIn()
    const elsewhere = visitor(server.url)
    await signIn(elsewhere, email)
    await elsewhere.open('/account')
    expect((await elsewhere.send('/account', { session: 'all' })).path).toMatch(/^\/sign-in/)
    expect((await person.open('/account')).path).toMatch(/^\/sign-in/)
  })
})

describe('two-factor sign-in', () => {
  it('is turned on with the first code, asked for from then on, and takes a backup code once', async () => {
    const { person, email } = await signedIn()
    await person.open('/account/security')
    const enrolled = await person.send('/account/security', { step: 'enrol', current: PASSWORD })
    expect(enrolled.text).toContain('<svg')
    const secret = /<code class="secret">([A-Z2-7]+)</.exec(enrolled.text)?.[1] ?? ''
    const backup = /<ul class="codes"><li>([^<]+)</.exec(enrolled.text)?.[1] ?? ''
    const otp = () => createOTP(Buffer.from(base32.decode(secret)).toString(), { digits: 6, period: 30 }).totp()
    const wrong = await person.send('/account/security', { step: 'confirm', code: '000000' })
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('id="code-error"')])
    const on = await person.send('/account/security', { step: 'confirm', code: await otp() })
    expect(on.text).toContain('Two-factor authentication is on')

    const again = visitor(server.url)
    expect((await signIn(again, email)).path).toBe('/sign-in/code')
    expect((await again.open('/account')).path).toMatch(/^\/sign-in/)
    await signIn(again, email)
    expect((await again.send('/sign-in/code', { code: backup })).path).toBe('/account')

    const twice = visitor(server.url)
    await signIn(twice, email)
    const used = await twice.send('/sign-in/code', { code: backup })
    expect([used.status, used.text]).toEqual([422, expect.stringContaining('class="error"')])
  })

  it('needs the password to be turned on', async () => {
    const { person } = await signedIn()
    await person.open('/account/security')
    const refused = await person.send('/account/security', { step: 'enrol', current: 'wrong' })
    expect([refused.status, refused.text]).toEqual([
      422,
      expect.stringContaining('id="factor-error">This password is wrong.'),
    ])
  })
})

describe('the password', () => {
  it('is changed with the one of before, and signs out everywhere else', async () => {
    const { person, email } = await signedIn()
    const elsewhere = visitor(server.url)
    await signIn(elsewhere, email)
    await person.open('/account/security')
    const wrong = await person.send('/account/security', {
      step: 'password',
      current: 'x',
      password: 'Difference-Engine-1822',
    })
    expect(wrong.text).toContain('id="current-error">This password is wrong.')
    await person.send('/account/security', { step: 'password', current: PASSWORD, password: 'Difference-Engine-1822' })
    expect((await elsewhere.open('/account')).path).toMatch(/^\/sign-in/)
    expect((await signIn(visitor(server.url), email, PASSWORD)).status).toBe(422)
    expect((await signIn(visitor(server.url), email, 'Difference-Engine-1822')).path).toBe('/account')
  })
})

describe('whoever left every organisation', () => {
  it('is told so, and can sign out', async () => {
    const { person, email } = await signedIn()
    await sql`delete from access.members m using access.users u where u.id = m.user_id and u.email = ${email}`.execute(
      database.system,
    )
    const seen = await person.open('/account')
    expect([seen.status, seen.text]).toEqual([403, expect.stringContaining('You are not a member of an organisation')])
    expect((await person.send('/sign-out', {})).path).toBe('/sign-in')
  })
})

describe('people', () => {
  it('are invited by mail, join with the address that was invited, and are removed', async () => {
    const owner = await signedIn()
    await owner.person.open('/account/people')
    const email = `account${count + 1}@example.com`
    const invited = await owner.person.send('/account/people', { email, role: 'member' })
    expect(invited.text).toContain(email)
    await expect.poll(() => server.lastLink('Invitation')).toBeDefined()
    const link = new URL(server.lastLink('Invitation') ?? '')
    const path = `${link.pathname}${link.search}`

    const stranger = visitor(server.url)
    expect((await stranger.open(path)).path).toBe(`/sign-in?${new URLSearchParams({ next: path }).toString()}`)
    const guest = await signedIn()
    expect(guest.email).toBe(email)
    await sql`update access.users set email_verified = true where email = ${email}`.execute(database.system)
    expect((await guest.person.open(path)).text).toMatch(
      /<strong>[^<]+<\/strong> invites you to join <strong>[^<]+<\/strong> as <strong>member/,
    )
    expect((await guest.person.send('/invitation', {})).path).toBe('/account')

    const members = await owner.person.open('/account/people')
    const id = /name="remove" value="([^"]+)"/.exec(members.text)?.[1] ?? ''
    expect(members.text).toContain(email)
    await owner.person.send('/account/people', { remove: id })
    expect((await owner.person.open('/account/people')).text).not.toContain(email)
  })
})
