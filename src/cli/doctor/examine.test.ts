import { afterEach, describe, expect, it } from 'vitest'
import { NOW, serveMcp } from '../../../test/support/doctored-server.ts'
import { WRONG_SERVERS } from '../../../test/support/wrong-servers.ts'
import { bearerParameters } from './challenge.ts'
import { examine } from './examine.ts'
import type { Examination } from './examine.ts'
import type { Finding } from './finding.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function serve(...change: Parameters<typeof serveMcp>) {
  const served = await serveMcp(...change)
  closing.push(served.close)
  return served
}

async function walk(url: string, more: Partial<Examination> = {}): Promise<readonly Finding[]> {
  const what = { url, signIn: false, timeoutSeconds: 0.5, patienceSeconds: 5, now: () => NOW, show: () => undefined }
  return examine({ ...what, ...more }, () => undefined)
}

const problems = (findings: readonly Finding[]) => findings.filter(({ outcome }) => outcome === 'problem')

describe('the way into a server that does everything right', () => {
  it('is walked to a tool result without a problem, and the token is never told', async () => {
    const { url, token } = await serve()
    const findings = await walk(url, { token })
    expect(findings.map(({ outcome, step }) => `${outcome} ${step}`)).toEqual([
      'ok challenge',
      'ok resource metadata',
      'ok resource metadata',
      'ok authorization server',
      'ok PKCE',
      'ok registration',
      'ok token',
      'ok initialize',
      'ok server/discover',
      'ok tools/list',
      'ok tools/call',
    ])
    expect(JSON.stringify(findings)).not.toContain(token)
    expect(JSON.stringify(findings)).not.toContain(token.split('.')[1])
  })

  it('is walked by signing in, with a browser that follows redirects', async () => {
    const { url, token } = await serve()
    const browser = (place: string) => void fetch(place)
    const findings = await walk(url, { signIn: true, show: browser })
    expect(problems(findings)).toEqual([])
    expect(findings.at(-1)).toMatchObject({ step: 'tools/call', outcome: 'ok' })
    expect(JSON.stringify(findings)).not.toContain(token)
  })

  it('ends where a token is needed and there is none', async () => {
    const { url } = await serve()
    expect((await walk(url)).at(-1)).toMatchObject({ step: 'calls', outcome: 'skipped' })
  })
})

describe('the doctor says of a server with', () => {
  it.each(WRONG_SERVERS)('%s what is wrong and what to do', async (_what, change, step, said) => {
    const { url } = await serve(change)
    const findings = await walk(url, { signIn: true, show: (place) => void fetch(place).catch(() => undefined) })
    const found = problems(findings).filter((problem) => problem.step === step)
    expect(found.map((problem) => problem.found).join('\n')).toMatch(said)
    expect(found.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true)
  })

  it('nobody at its port, and says so', async () => {
    const { url } = await serve()
    for (const close of closing.splice(0)) close()
    expect(problems(await walk(url))).toMatchObject([
      { step: 'challenge', found: expect.stringMatching(/could not be reached/) },
    ])
  })
})

it.each([
  ['Bearer', {}],
  ['bearer a=b, c="d, e" , f="g\\"h"', { a: 'b', c: 'd, e', f: 'g"h' }],
  ['Basic realm="x", Bearer scope="a b"', { scope: 'a b' }],
  ['Negotiate', undefined],
])('the challenge %s is read', (header, expected) => {
  const parameters = bearerParameters(header)
  expect(parameters === undefined ? undefined : Object.fromEntries(parameters)).toEqual(expected)
})
