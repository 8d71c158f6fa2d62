import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { startPeopleServer } from '../../../test/support/people.ts'
import type { PeopleServer } from '../../../test/support/people.ts'
import { visitor } from '../../../test/support/visitor.ts'
import type { Visitor } from '../../../test/support/visitor.ts'

const database = await testDatabase()
let server: PeopleServer
beforeAll(async () => {
  server = await startPeopleServer(database)
})
afterAll(() => server.app.close())

const PASSWORD = 'Analytical-Engine-1843'
let people = 0

/** An account of its own, confirmed by the link in the mail; nobody is signed in. */
async function madeAccount(name = 'Ada'): Promise<{ person: Visitor; email: string }> {
  people += 1
  const email = `person${people}@example.com`
  const person = visitor(server.url)
  await person.open('/sign-up')
  const sent = await person.send('/sign-up', { name, email, password: PASSWORD })
  expect(sent.text).toContain('This server sends no mail: a link for')
  await expect.poll(() => server.lastLink('Confirm')).toBeDefined()
  const link = new URL(server.lastLink('Confirm') ?? '').pathname
  await person.open(link)
  expect((await person.send(link, { password: PASSWORD })).path).toBe('/account')
  await person.open('/sign-out')
  await person.send('/sign-out', {})
  return { person, email }
}

async function signedIn(name?: string): Promise<{ person: Visitor; email: string }> {
  const made = await madeAccount(name)
  await made.person.open('/sign-in')
  const seen = await made.person.send('/sign-in', { email: made.email, password: PASSWORD })
  expect([seen.status, seen.path]).toEqual([200, '/account'])
  return made
}

it('says that mails are on their way only where a mail server is set', async () => {
  const mailing = await startPeopleServer(database, { SMTP_URL: 'smtp://127.0.0.1:1' })
  const person = visitor(mailing.url)
  await person.open('/sign-up')
  const sent = await person.send('/sign-up', { name: 'Ada', email: 'mailed@example.com', password: PASSWORD })
  expect(sent.text).toContain('We are sending a link to <strong>mailed@example.com</strong>')
  await person.open('/forgot-password')
  expect((await person.send('/forgot-password', { email: 'mailed@example.com' })).text).toContain('we are sending it')
  await mailing.app.close()
})

describe('a person', () => {
  it('makes an account, confirms the address, signs in, sees who it is, and signs out', async () => {
    const { person, email } = await signedIn()
    const account = await person.open('/account')
    expect(account.text).toContain(email)
    const out = await person.send('/sign-out', {})
    expect(out.path).toBe('/sign-in')
    expect((await person.open('/account')).path).toBe('/sign-in?next=%2Faccount')
  })

  it('gets to the page that was asked for by signing in', async () => {
    const { person, email } = await madeAccount()
    expect((await person.open('/account/keys')).path).toBe('/sign-in?next=%2Faccount%2Fkeys')
    expect((await person.send('/sign-in', { email, password: PASSWORD })).path).toBe('/account/keys')
  })

  it('is told what is wrong beside the field, and keeps what was typed', async () => {
    const { person, email } = await madeAccount()
    await person.open('/sign-in')
    const wrong = await person.send('/sign-in', { email, password: 'wrong' })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('role="alert">The e-mail address or the password is wrong.')
    expect(wrong.text).toContain(`value="${email}"`)
    expect(wrong.text).not.toContain('value="wrong"')
  })

  it('is told what a password lacks once, beside the rule that stands there', async () => {
    const person = visitor(server.url)
    await person.open('/sign-up')
    const weak = await person.send('/sign-up', { name: 'Ada', email: 'weak@example.com', password: 'all lower case' })
    expect([weak.status, weak.text]).toEqual([
      422,
      expect.stringContaining(
        'id="password-error">This password is too easy to guess: it needs an upper-case letter, a digit.<',
      ),
    ])
  })

  it('who asks for too much is told so by a page, and how long to wait', async () => {
    const limited = await startPeopleServer(database, {
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_LENIENT_GUEST_PER_MINUTE: '1',
    })
    try {
      const person = visitor(limited.url)
      await person.open('/sign-in')
      const refused = await person.open('/sign-in')
      expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8'])
      expect(refused.text).toMatch(/role="alert">Too many requests from your network. Try again in \d+ seconds./)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(refused.headers.get('content-security-policy')).toContain("script-src 'none'")
    } finally {
      await limited.app.close()
    }
  })
})
