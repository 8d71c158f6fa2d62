import { z } from 'zod'
import { afterEach, describe, expect, it } from 'vitest'
import type { Principal, Role } from '#kernel/principal'
import { openRoute } from '#kernel/calls/route'
import { plainRoute } from '../../../test/support/plain-route.ts'
import type { LimitClass, WebMount } from '#kernel/calls/route'
import { errorOf, startSurface } from '../../../test/support/http-surface.ts'

const open = (path: string, limit: LimitClass) =>
  openRoute({
    method: 'POST',
    path,
    summary: '',
    tags: [],
    limit,
    public: 'Whoever signs in has no credential.',
    body: z.object({}),
    response: z.object({}),
    run: async () => ({ body: {} }),
  })

const page: WebMount = {
  name: 'page',
  methods: ['GET', 'POST'],
  path: '/sign-in',
  limit: 'strict',
  public: 'People sign in here.',
  answer: async () => new Response('<p>'),
}
const style: WebMount = {
  name: 'style',
  methods: ['GET'],
  path: '/style.css',
  limit: 'lenient',
  public: 'What pages look like.',
  answer: async () => new Response(''),
}
const guarded = (path: string, limit: LimitClass) =>
  plainRoute({
    method: 'GET',
    path,
    summary: '',
    tags: [],
    scope: 'notes:read',
    limit,
    response: z.object({}),
    run: async () => ({}),
  })

/** `Bearer <role>` is a person of that role, each time the same one. */
const people = (authorization: string | undefined): Principal => ({
  tenantId: 't',
  actor: { kind: 'user', id: authorization ?? '' },
  scopes: new Set(['notes:read']),
  role: authorization?.slice('Bearer '.length) as Role, // safe because: the tests name roles.
})

let close: () => Promise<unknown> = async () => undefined
afterEach(() => close())

async function start() {
  const { surface, url } = await startSurface(
    [guarded('/v1/notes', 'default'), guarded('/v1/secrets', 'strict'), guarded('/v1/colours', 'lenient')],
    {
      openRoutes: [
        open('/v1/login', 'strict'),
        open('/v1/register', 'strict'),
        open('/v1/hello', 'default'),
        open('/v1/refresh', 'flood'),
      ],
      web: [page, style],
      authenticate: people,
    },
  )
  close = () => surface.close(0)
  const send = (method: string, path: string, as?: string) =>
    fetch(`${url}${path}`, {
      method,
      ...(as !== undefined && { headers: { Authorization: `Bearer ${as}` } }),
      ...(method === 'POST' && { body: '{}', headers: { 'Content-Type': 'application/json', Origin: url } }),
    })
  /** How many in a row are let through. */
  const passing = async (method: string, path: string, as?: string) => {
    for (let passed = 0; passed < 250; passed++) {
      const answer = await send(method, path, as)
      if (answer.status === 429) return passed
    }
    return Infinity
  }
  return { url, send, passing }
}

describe('an address that nobody knows', () => {
  it('may try each route for credentials five times a minute, and one does not use up another', async () => {
    const { send, passing } = await start()
    expect(await passing('POST', '/v1/login')).toBe(5)
    expect(await passing('POST', '/v1/register')).toBe(5)
    const refused = await send('POST', '/v1/login')
    expect(refused.headers.get('x-ratelimit-limit')).toBe('5')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await errorOf(refused)).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED' })
  })

  it('may load pages and what belongs to them without using up its tries', async () => {
    const { send, passing } = await start()
    for (let at = 0; at < 6; at++) {
      expect((await send('GET', '/sign-in')).status).toBe(200)
      expect((await send('GET', '/style.css')).status).toBe(200)
    }
    expect(await passing('POST', '/sign-in')).toBe(5)
    expect((await send('GET', '/sign-in')).status).toBe(200)
  })

  it('may load pages a hundred times a minute with a session, which made-up cookies do not exceed', async () => {
    const { url } = await start()
    const load = (at: number) => fetch(`${url}/style.css`, { headers: { cookie: `a=b; plimsoll.session_token=${at}` } })
    let passed = 0
    while ((await load(passed)).status === 200) passed++
    expect(passed).toBe(100)
  })

  it('may ask a hundred times a minute where programs of many people do', async () => {
    const { passing } = await start()
    expect(await passing('POST', '/v1/refresh')).toBe(100)
  })

  it('may ask ten times a minute of other public routes, and twenty for pages', async () => {
    const { passing } = await start()
    expect(await passing('POST', '/v1/hello')).toBe(10)
    expect(await passing('GET', '/style.css')).toBe(20)
  })
})

describe('a person who signed in', () => {
  it.each([
    ['member', 60, 10, 100],
    ['manager', 120, 20, 200],
    ['admin', Infinity, Infinity, Infinity],
  ])(
    'as %s may call %d times a minute, %d where credentials are handled, %d where it is cheap',
    async (role, ...counts) => {
      const { passing } = await start()
      const paths = ['/v1/notes', '/v1/secrets', '/v1/colours']
      const passed: number[] = []
      for (const path of paths) passed.push(await passing('GET', path, role))
      expect(passed).toEqual(counts)
    },
  )
})
