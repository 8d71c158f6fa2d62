import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { startPeopleServer } from '../../../test/support/people.ts'
import type { PeopleServer } from '../../../test/support/people.ts'
import { visitor } from '../../../test/support/visitor.ts'
import type { Visitor } from '../../../test/support/visitor.ts'

const database = await testDatabase()
const SETTINGS = { AUTH_REQUIRE_VERIFIED_EMAIL: 'false' }
const PASSWORD = 'Analytical-Engine-1843'
let server: PeopleServer
let behindTls: PeopleServer
beforeAll(async () => {
  server = await startPeopleServer(database, SETTINGS)
  behindTls = await startPeopleServer(database, { ...SETTINGS, PUBLIC_URL: 'https://mcp.example.com' })
})
afterAll(async () => {
  await server.app.close()
  await behindTls.app.close()
})

let people = 0
async function signedIn(name = 'Ada', at = server.url, origin = at): Promise<Visitor> {
  people += 1
  const email = `form${people}@example.com`
  const person = visitor(at)
  await person.open('/sign-up')
  await person.send('/sign-up', { name, email, password: PASSWORD }, { origin })
  await person.open('/sign-in')
  await person.send('/sign-in', { email, password: PASSWORD }, { origin })
  return person
}

describe('a form', () => {
  it.each([
    ['of another site', { origin: 'https://evil.example.net' }, 403],
    ['of a sibling port', { origin: 'http://localhost:1' }, 403],
    ['of nowhere', { origin: 'null' }, 403],
    ['that a browser says came from elsewhere', { 'sec-fetch-site': 'cross-site' }, 403],
    ['that a browser says came from a sibling', { 'sec-fetch-site': 'same-site' }, 403],
    ['in another type', { 'content-type': 'text/plain' }, 415],
  ])('%s is refused, whoever is signed in', async (_what, headers, status) => {
    const person = await signedIn()
    await person.open('/account')
    expect((await person.send('/sign-out', {}, headers)).status).toBe(status)
    expect((await person.open('/account')).path).toBe('/account')
  })

  it.each([
    ['without its token', { form_token: '' }],
    ['with a token that was made up', { form_token: 'x'.repeat(43) }],
  ])('%s is refused', async (_what, fields) => {
    const person = await signedIn()
    await person.open('/account')
    const refused = await person.send('/sign-out', fields)
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('This form has expired')])
    expect((await person.open('/account')).path).toBe('/account')
  })

  it('with the token of another person, or of before the sign-in, is refused', async () => {
    const [mine, theirs] = [await signedIn(), await signedIn()]
    const before = visitor(server.url)
    const tokenOf = (text: string) => /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? ''
    const foreign = tokenOf((await theirs.open('/account')).text)
    const anonymous = tokenOf((await before.open('/sign-in')).text)
    for (const token of [foreign, anonymous]) {
      await mine.open('/account')
      expect((await mine.send('/sign-out', { form_token: token })).status).toBe(403)
    }
  })

  it('with the cookie and the token of another session is refused: they hold for that session alone', async () => {
    const [mine, theirs] = [await signedIn(), await signedIn()]
    const form_token = /name="form_token" value="([^"]+)"/.exec((await theirs.open('/account')).text)?.[1] ?? ''
    await mine.open('/account')
    mine.cookies.set('plimsoll-form', theirs.cookies.get('plimsoll-form') ?? '')
    expect((await mine.send('/sign-out', { form_token })).status).toBe(403)
    expect((await theirs.send('/sign-out', { form_token })).status).toBe(200)
  })

  it('whose cookie was planted by a sibling host is refused: the token is signed', async () => {
    const person = await signedIn()
    await person.open('/account')
    person.cookies.set('plimsoll-form', 'planted')
    expect((await person.send('/sign-out', {})).status).toBe(403)
  })
})

describe('the endpoints of the auth library behind our mount', () => {
  const post = (person: Visitor, headers: Record<string, string>) =>
    fetch(`${server.url}/auth/sign-out`, {
      method: 'POST',
      body: '{}',
      headers: {
        'content-type': 'application/json',
        cookie: [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...headers,
      },
    })

  it('take no request with a session from another site', async () => {
    const person = await signedIn()
    for (const headers of [{ origin: 'https://evil.example.net' }, { origin: 'http://localhost:1' }, {}]) {
      expect((await post(person, headers)).status).toBe(403)
    }
    expect((await person.open('/account')).path).toBe('/account')
    expect((await post(person, { origin: server.url })).status).toBe(200)
    expect((await person.open('/account')).path).toMatch(/^\/sign-in/)
  })
})

describe('a cookie', () => {
  const lines = (person: Visitor) => person.cookieLines.map((line) => line.replace(/=[^;]*/, '=…'))

  it('is out of reach of scripts and of other sites', async () => {
    const person = await signedIn()
    expect(person.cookieLines.length).toBeGreaterThan(1)
    for (const line of lines(person)) {
      expect(line).toMatch(/;\s*HttpOnly/i)
      expect(line).toMatch(/;\s*SameSite=Lax/i)
      expect(line).toMatch(/;\s*Path=\//i)
      expect(line).not.toMatch(/Domain=/i)
    }
  })

  it('is sent by https alone, under a name that says so, where the public URL is https', async () => {
    const person = await signedIn('Ada', behindTls.url, 'https://mcp.example.com')
    expect(person.cookieLines.length).toBeGreaterThan(1)
    for (const line of lines(person)) {
      expect(line).toMatch(/^__(Host|Secure)-plimsoll/)
      expect(line).toMatch(/;\s*Secure/i)
      expect(line).toMatch(/;\s*HttpOnly/i)
    }
  })

  it('opens no route of the API and no MCP endpoint: those take a bearer alone', async () => {
    const person = await signedIn()
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const routes = server.app.modules.flatMap((module) => module.routes ?? [])
    expect(routes.length).toBeGreaterThan(5)
    for (const { method, path } of routes) {
      const response = await fetch(`${server.url}${path.replace(/:\w+/g, 'x')}`, { method, headers: { cookie } })
      expect([method, path, response.status]).toEqual([method, path, 401])
    }
    const headers = { cookie, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    expect((await fetch(`${server.url}/mcp/customers`, { method: 'POST', headers, body: '{}' })).status).toBe(401)
  })
})

describe('what people type', () => {
  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)' autofocus='",
    '{{constructor.constructor("alert(1)")()}}',
    '&lt;script&gt;',
    '</title><script>alert(1)</script>',
    'javascript:alert(1)',
    '\u202egnp.exe',
  ])('is shown as it was typed: %s', async (name) => {
    const person = await signedIn(name)
    const { text } = await person.open('/account')
    const shown = name
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
    expect(text).toContain(shown)
    expect(text).not.toMatch(/<script|<img/)
    await person.open('/sign-in/code')
    const again = await visitor(server.url).open(`/sign-in?next=${encodeURIComponent(name)}`)
    expect(again.text).not.toMatch(/<script|<img|javascript:/)
  })
})

describe('a way on', () => {
  it.each([
    'https://evil.example.net/',
    '//evil.example.net/',
    '/\\evil.example.net/',
    '/\t/evil.example.net/',
    'javascript:alert(1)',
    '/account/../../evil',
    '/auth/sign-out',
    'account',
    '/accountx',
    '',
  ])('that leads elsewhere is not taken: %j', async (next) => {
    people += 1
    const email = `form${people}@example.com`
    const person = visitor(server.url)
    await person.open('/sign-up')
    await person.send('/sign-up', { name: 'Ada', email, password: PASSWORD })
    await person.open(`/sign-in?next=${encodeURIComponent(next)}`)
    expect((await person.send('/sign-in', { email, password: PASSWORD })).path).toBe('/account')
  })
})

describe('a page', () => {
  it.each([
    '/sign-in',
    '/sign-up',
    '/sign-in/code',
    '/verify-email',
    '/forgot-password',
    '/reset-password/x',
    '/error',
  ])('%s runs no script, is in no frame, is kept nowhere, and sends its forms home alone', async (path) => {
    const { text, headers } = await visitor(server.url).open(path)
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    )
    expect([headers.get('cache-control'), headers.get('x-frame-options')]).toEqual(['no-store', 'DENY'])
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=/)
    expect(text).toMatch(/<html lang="en">/)
    expect(text.match(/<h1>/g)).toHaveLength(1)
    const labelled = [...text.matchAll(/<input id="([^"]+)"/g)].filter(([, id]) => text.includes(`<label for="${id}">`))
    const toFillIn = text.match(/<input (?![^>]*type="(hidden|checkbox|radio)")/g) ?? []
    expect(labelled).toHaveLength(toFillIn.length)
  })

  it('is styled from one file that may be kept for ever', async () => {
    const { text } = await visitor(server.url).open('/sign-in')
    const href = /<link rel="stylesheet" href="([^"]+)">/.exec(text)?.[1] ?? ''
    const response = await fetch(`${server.url}${href}`)
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  })
})
