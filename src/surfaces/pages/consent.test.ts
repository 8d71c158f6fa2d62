import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { jsonClient, startPeopleServer } from '../../../test/support/people.ts'
import type { PeopleServer } from '../../../test/support/people.ts'
import { visitor } from '../../../test/support/visitor.ts'

const database = await testDatabase()
const PASSWORD = 'Analytical-Engine-1843'
const CALLBACK = 'https://app.example.com/oauth/callback'
let server: PeopleServer
/** The same, where addresses have to be confirmed. */
let confirming: PeopleServer
beforeAll(async () => {
  const settings = { OAUTH_DYNAMIC_REGISTRATION: 'true' }
  server = await startPeopleServer(database, { ...settings, AUTH_REQUIRE_VERIFIED_EMAIL: 'false' })
  confirming = await startPeopleServer(await testDatabase(), settings)
})
afterAll(() => Promise.all([server.app.close(), confirming.app.close()]))

/** The path that a client sends a person to. */
async function authorizePath(name: string, callback = CALLBACK, url = server.url): Promise<string> {
  const registered = await fetch(`${url}/auth/oauth2/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: name, redirect_uris: [callback], token_endpoint_auth_method: 'none' }),
  })
  // safe because: a registration answers with the id of the client (RFC 7591, 3.2.1), and the authorization refuses another.
  const { client_id: clientId } = (await registered.json()) as { client_id: string }
  const query = {
    client_id: clientId,
    redirect_uri: callback,
    response_type: 'code',
    state: 'st4te',
    scope: 'customers:read customers:write',
    resource: `${url}/mcp/customers`,
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
  }
  return `/auth/oauth2/authorize?${new URLSearchParams(query).toString()}`
}

let people = 0
async function newPerson() {
  people += 1
  const email = `consent${people}@example.com`
  const person = visitor(server.url)
  await person.open('/sign-up')
  await person.send('/sign-up', { name: 'Ada', email, password: PASSWORD })
  return { person, email }
}

async function asked(name = 'Notes', callback = CALLBACK) {
  const { person, email } = await newPerson()
  const first = await person.open(await authorizePath(name, callback))
  expect(first.path).toMatch(/^\/sign-in\?/)
  const consent = await person.send('/sign-in', { email, password: PASSWORD })
  expect(consent.path).toMatch(/^\/consent\?/)
  return { person, consent }
}

describe('the consent page', () => {
  it('is reached by who has to make an account first, from the page that says so', async () => {
    const person = visitor(confirming.url)
    const first = await person.open(await authorizePath('Notes', CALLBACK, confirming.url))
    await person.open(first.path.replace('/sign-in', '/sign-up'))
    const email = 'late@example.com'
    const sent = await person.send('/sign-up', { name: 'Ada', email, password: PASSWORD })
    await expect.poll(() => confirming.lastLink('Confirm')).toBeDefined()
    await jsonClient(confirming.url).post('/api/v1/auth/verify', {
      token: confirming.lastLink('Confirm')?.split('/').at(-1),
      password: PASSWORD,
    })
    const signIn = /<a href="(\/sign-in\?[^"]+)">sign in<\/a> here/.exec(sent.text)?.[1] ?? ''
    await person.open(signIn.replaceAll('&amp;', '&'))
    expect((await person.send('/sign-in', { email, password: PASSWORD })).path).toMatch(/^\/consent\?/)
  })

  it('says who asks, where that leads, as whom, and what each scope is for', async () => {
    const { consent } = await asked()
    expect(consent.text).toContain('Authorize Notes')
    expect(consent.text).toContain('<dd>app.example.com</dd>')
    expect(consent.text).toContain(`consent${people}@example.com`)
    for (const { scope, describe: words } of server.app.scopes) {
      expect(consent.text.includes(words)).toBe(scope.startsWith('customers:'))
    }
    expect(consent.headers.get('content-security-policy')).toContain("form-action 'self' https://app.example.com")
  })

  it.each(['/consent', '/sign-in', '/sign-in/code', '/sign-up'])(
    'lets no unsigned request choose where the form of %s may lead',
    async (path) => {
      const { person, consent } = await asked()
      const query = new URL(consent.path, server.url).searchParams
      query.set('redirect_uri', 'https://evil.example.net/')
      const page = await (path === '/consent' ? person : visitor(server.url)).open(`${path}?${query.toString()}`)
      expect(page.headers.get('content-security-policy')).toMatch(/form-action 'self'$/)
    },
  )

  it('shows the name that a client gives itself, and nothing that hides, turns or floods it', async () => {
    const { consent } = await asked(`No\u200btes \u202eelgooG\u202c${'!'.repeat(170)}`)
    expect(consent.text).toContain(`Authorize Notes elgooG${'!'.repeat(68)}…`)
    expect(consent.text).not.toMatch(/[\u200b\u202c\u202e]|!{69}/)
  })

  it('sends an agreement back to the client with a code, and asks no second time', async () => {
    const { person } = await asked()
    const back = new URL((await person.send('/consent', { decision: 'allow' })).path)
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK)
    expect([back.searchParams.get('state'), back.searchParams.has('code')]).toEqual(['st4te', true])
  })

  it('leads to the program that opens the links of a private scheme', async () => {
    const { person, consent } = await asked('Cursor', 'cursor://anysphere.cursor-mcp/oauth/callback')
    expect(consent.text).toContain('the program on this computer that opens cursor: links')
    expect(consent.headers.get('content-security-policy')).toMatch(/form-action 'self' cursor:$/)
    const back = await person.send('/consent', { decision: 'allow' })
    expect(back.path).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/)
  })

  it('is followed by the list of what was let in, from where it is ended: nobody else can', async () => {
    const { person } = await asked('Notes & more')
    await person.send('/consent', { decision: 'allow' })
    const listed = await person.open('/account/applications')
    expect(listed.text).toContain('<strong>Notes &amp; more</strong>, in Personal')
    expect(listed.text).toContain('Can read customers, their usage, tickets and health; register and change')
    const id = /name="withdraw" value="([^"]+)"/.exec(listed.text)?.[1] ?? ''
    const { person: other } = await asked()
    await other.send('/consent', { decision: 'allow' })
    await other.open('/account/applications')
    await other.send('/account/applications', { withdraw: id })
    expect((await person.open('/account/applications')).text).toContain('Notes &amp; more')
    const left = await person.send('/account/applications', { withdraw: id })
    expect([left.status, left.text]).toEqual([
      200,
      expect.stringContaining('You have not authorized any applications.'),
    ])
  })

  it('sends a refusal back to the client without a code', async () => {
    const { person } = await asked()
    const back = new URL((await person.send('/consent', { decision: 'deny' })).path)
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK)
    expect([back.searchParams.get('error'), back.searchParams.has('code')]).toEqual(['access_denied', false])
  })

  it('grants nothing for an organisation that the person is not in', async () => {
    const { person } = await asked()
    const refused = await person.send('/consent', { decision: 'allow', organisation: 'somebody-elses' })
    expect([refused.status, refused.path]).toEqual([403, expect.stringMatching(/^\/consent/)])
  })

  it.each([
    ['redirect_uri', 'https://evil.example.net/'],
    ['scope', 'customers:read customers:write access:write'],
    ['client_id', 'another'],
  ])('grants nothing when the %s was changed on the way', async (name, value) => {
    const { person, consent } = await asked()
    const url = new URL(consent.path, server.url)
    url.searchParams.set(name, value)
    const seen = await person.open(`${url.pathname}${url.search}`)
    const sent = seen.status === 200 ? await person.send('/consent', { decision: 'allow' }) : seen
    expect(sent.status).toBe(400)
    expect(sent.path).not.toContain('code=')
  })

  it('shows what a client calls itself as text', async () => {
    const { consent } = await asked('<script>alert(1)</script>')
    expect(consent.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(consent.text).not.toContain('<script>')
  })

  it('is not there without a request of a client', async () => {
    const { person, email } = await newPerson()
    await person.open('/sign-in')
    await person.send('/sign-in', { email, password: PASSWORD })
    expect((await person.open('/consent')).status).toBe(400)
    expect((await person.open('/consent?client_id=x&redirect_uri=https%3A%2F%2Fevil.example.net')).status).toBe(400)
  })

  it('is not reached with a request that is out of date or was changed: signing in says so', async () => {
    const { person, email } = await newPerson()
    const first = await person.open(await authorizePath('Notes'))
    await person.open(first.path.replace(/sig=[^&]+/, 'sig=AAAA'))
    const seen = await person.send('/sign-in', { email, password: PASSWORD })
    expect([seen.status, seen.text]).toEqual([422, expect.stringContaining('Start again in the application.')])
  })

  it('asks to sign in first', async () => {
    const { consent } = await asked()
    expect((await visitor(server.url).open(consent.path)).path).toMatch(/^\/sign-in\?/)
  })
})

describe('a client that is not right', () => {
  it.each([
    ['unknown', (url: URL) => url.searchParams.set('client_id', 'nobody')],
    ['to be answered elsewhere', (url: URL) => url.searchParams.set('redirect_uri', 'https://evil.example.net/')],
  ])('is %s: the person is told, and sent nowhere', async (_what, change) => {
    const url = new URL(await authorizePath('Notes'), server.url)
    change(url)
    const seen = await visitor(server.url).open(`${url.pathname}${url.search}`)
    expect([seen.status, seen.path]).toEqual([400, expect.stringMatching(/^\/error\?/)])
    expect(seen.text).not.toContain('evil.example.net')
  })
})
