import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#kernel/clock'
import type { App } from '../../src/app.ts'
import { examine } from '../../src/cli/doctor/examine.ts'
import { startApp } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'
import { runCommand } from '../support/product-process.ts'
import { signInCookie, testPerson } from '../support/person.ts'
import { testTenant } from '../support/tenant.ts'

const database = await testDatabase()
let app: App
let url: string
let key: string

beforeAll(async () => {
  ;({ app, url } = await startApp(database, { OAUTH_DYNAMIC_REGISTRATION: 'true' }))
  const tenant = await testTenant(database)
  ;({ key } = await app.access.createKey(tenant.ctx(), { name: 'doctor', scopes: ['customers:read'] }))
})
afterAll(() => app.close())

/** Runs the command in a separate process. */
const doctor = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  runCommand(['doctor', ...words], environment)

describe('plimsoll doctor at our own server', () => {
  it('finds no problem with a valid API key, exits with 0 and does not print the key', async () => {
    const { code, out } = await doctor([`${url}/mcp/customers`], { PLIMSOLL_TOKEN: key })
    expect(out).toMatch(/ok\s+tools\/call: /)
    expect(out).toContain('No problems found.')
    expect(out).not.toContain(key)
    expect(code).toBe(0)
  })

  it('exits with 1 for a key that is refused, and says why', async () => {
    const { code, out } = await doctor([`${url}/mcp`, '--json', '--token', `plim_${'a'.repeat(43)}`])
    expect(code).toBe(1)
    const findings = out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(findings.at(-1)).toMatchObject({ step: 'initialize', outcome: 'problem' })
    expect(out).not.toContain('aaaa')
  })

  it('refuses an invalid URL', async () => {
    expect((await doctor(['ftp://x'])).code).toBe(1)
    expect((await doctor(['https://user:password@example.com/mcp'])).code).toBe(1)
  })

  it('reaches a tool result through a sign-in', async () => {
    const person = await testPerson(database, url)
    const cookie = await signInCookie(url, person)
    const findings = await examine(
      {
        url: `${url}/mcp/customers`,
        signIn: true,
        timeoutSeconds: 10,
        patienceSeconds: 20,
        now: systemClock,
        show: (place) => void agree(place, cookie),
      },
      () => undefined,
    )
    expect(findings.filter(({ outcome }) => outcome === 'problem')).toEqual([])
    expect(findings.at(-1)).toMatchObject({ step: 'tools/call', outcome: 'ok' })
  })
})

/** Consents at the authorization URL, as the person with this cookie. */
async function agree(place: string, cookie: string): Promise<void> {
  const asked: unknown = await (await fetch(place, { headers: { cookie } })).json()
  const consent = new URL(urlIn(asked), url)
  const answer = await fetch(`${url}/auth/oauth2/consent`, {
    method: 'POST',
    headers: { cookie, origin: url, 'content-type': 'application/json' },
    body: JSON.stringify({ accept: true, oauth_query: consent.search.slice(1) }),
  })
  await fetch(urlIn(await answer.json()))
}

function urlIn(body: unknown): string {
  return typeof body === 'object' && body !== null && 'url' in body ? String(body.url) : ''
}
