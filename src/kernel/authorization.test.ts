import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { entryPointsOf, requireAuthorization, scopeTable } from './entry-points.ts'
import { scopesOfRole } from './authorization.ts'
import type { ScopeGrant } from './authorization.ts'
import { job } from './jobs/job.ts'
import type { Module } from './module.ts'
import { openRoute } from './calls/route.ts'
import { plainRoute } from '../../test/support/plain-route.ts'
import { socketRoute } from './calls/socket-route.ts'
import { streamRoute } from './calls/stream-route.ts'
import { plainTool } from '../../test/support/plain-tool.ts'

const shape = { summary: '', tags: [], response: z.object({}) }
const sound: Module = {
  name: 'notes',
  api: undefined,
  scopes: [
    { scope: 'notes:read', describe: 'read notes', least: 'read-only' },
    { scope: 'notes:write', describe: 'write notes', least: 'manager' },
  ],
  server: {
    name: 'notes',
    title: 'Notes',
    instructions: '',
    toolsets: {
      all: [
        plainTool({
          name: 'read_note',
          title: 'Read',
          describe: 'Read.',
          effect: 'read',
          scope: 'notes:read',
          input: z.object({}),
          output: z.object({}),
          run: async () => ({}),
        }),
      ],
    },
  },
  routes: [plainRoute({ ...shape, method: 'GET', path: '/v1/notes', scope: 'notes:read', run: async () => ({}) })],
  streams: [
    streamRoute({
      ...shape,
      method: 'POST',
      path: '/v1/digest',
      scope: 'notes:read',
      errorBody: (error) => error,
      errorEvent: ({ code }) => ({ data: code }),
      run: async () => ({ json: {} }),
    }),
  ],
  sockets: [
    socketRoute({
      path: '/v1/talk',
      summary: '',
      tags: [],
      scope: 'notes:write',
      protocol: 'talk',
      receives: z.object({}),
      sends: z.object({}),
      run: async () => undefined,
    }),
  ],
  openRoutes: [
    openRoute({
      ...shape,
      method: 'GET',
      path: '/v1/hello',
      limit: 'lenient',
      public: 'It says hello to whoever asks.',
      run: async () => ({ body: {} }),
    }),
  ],
  web: [
    {
      name: 'page',
      methods: ['GET'],
      path: '/page',
      limit: 'lenient',
      public: 'A page without any data on it.',
      answer: async () => new Response(),
    },
  ],
  jobs: [
    job({
      name: 'notes.tidy',
      describe: '',
      payload: z.object({}),
      scopes: ['notes:write'],
      run: async () => undefined,
    }),
  ],
}

const table = scopeTable([sound])
const problemsWith = (module: Partial<Module>, grants: readonly ScopeGrant[] = table) => {
  try {
    requireAuthorization(grants, entryPointsOf([{ ...sound, ...module }]))
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('what is served', () => {
  it('is in order when every entry point states a scope of the table or why it is public', () => {
    expect(entryPointsOf([sound]).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'tool read_note',
      'route GET /v1/notes',
      'stream POST /v1/digest',
      'socket GET /v1/talk',
      'open route GET /v1/hello',
      'web page GET /page',
      'job notes.tidy',
    ])
    expect(problemsWith({})).toBe('')
  })

  it.each([
    ['tool read_note', { scopes: [] }, 'tool read_note: no module lists its scope notes:read'],
    ['route GET /v1/notes', { scopes: [] }, 'route GET /v1/notes: no module lists its scope notes:read'],
    ['stream POST /v1/digest', { scopes: [] }, 'stream POST /v1/digest: no module lists its scope notes:read'],
    ['socket GET /v1/talk', { scopes: [] }, 'socket GET /v1/talk: no module lists its scope notes:write'],
    ['job notes.tidy', { scopes: [] }, 'job notes.tidy: no module lists its scope notes:write'],
  ])('is refused when a %s asks for a scope that nobody lists', (_entryPoint, module, expected) => {
    expect(problemsWith(module, [])).toContain(expected)
  })

  it.each(['', '   ', 'because'])('is refused when the reason of a public entry point is %j', (reason) => {
    const openRoutes = sound.openRoutes?.map((each) => ({ ...each, public: reason })) ?? []
    const web = sound.web?.map((each) => ({ ...each, public: reason })) ?? []
    const said = problemsWith({ openRoutes, web })
    expect(said).toContain('open route GET /v1/hello: it requires no scope and gives no reason for being public')
    expect(said).toContain('web page GET /page: it requires no scope and gives no reason for being public')
  })

  it('is refused when the table has a line twice, in another form, or of a role that is none', () => {
    const crooked = [
      ...table,
      { scope: 'notes:read', describe: 'again', least: 'owner' },
      { scope: 'Notes:read', describe: '', least: 'boss' },
    ] as unknown as readonly ScopeGrant[] // safe because: the test is of what the types forbid.
    expect(problemsWith({}, crooked).split('\n')).toEqual([
      'Entry points or scopes are not declared correctly:',
      '- scope notes:read: it is in the table twice',
      '- scope notes:read: it is in the table twice',
      '- scope Notes:read: its form is <part>:read or <part>:write',
      '- scope Notes:read: its description is empty',
      '- scope Notes:read: its lowest role boss does not exist',
    ])
  })
})

describe('a role', () => {
  it.each([
    ['read-only', ['notes:read']],
    ['member', ['notes:read']],
    ['manager', ['notes:read', 'notes:write']],
    ['owner', ['notes:read', 'notes:write']],
  ] as const)('%s holds %j', (role, scopes) => {
    expect([...scopesOfRole(table, role)]).toEqual(scopes)
  })
})
