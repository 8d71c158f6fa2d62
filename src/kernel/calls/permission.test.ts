import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Bounds, Principal } from '../principal.ts'
import { Failure } from '../failure.ts'
import { mayUseTool, requireRoute, requireTool } from './permission.ts'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { plainTool } from '../../../test/support/plain-tool.ts'
import type { Effect } from './tool.ts'
import { compileCatalogue } from './tool-catalogue.ts'

const made = (name: string, effect: Effect, scope: 'notes:read' | 'notes:write', personal = false) =>
  plainTool({
    name,
    title: name,
    describe: name,
    effect,
    scope,
    personal,
    input: z.object({}),
    output: z.object({}),
    run: async () => ({}),
  })

const { entries } = compileCatalogue([
  {
    name: 'notes',
    title: 'Notes',
    instructions: '',
    toolsets: {
      reading: [made('read_note', 'read', 'notes:read'), made('touch_note', 'update', 'notes:read')],
      writing: [made('write_note', 'create', 'notes:write')],
      own: [made('my_notes', 'read', 'notes:read', true)],
    },
  },
  { name: 'other', title: 'Other', instructions: '', toolsets: { all: [made('read_other', 'read', 'notes:read')] } },
])

function caller(bounds?: Bounds, more: Partial<Principal> = {}): Principal {
  return {
    tenantId: 't',
    actor: { kind: 'key', id: 'key_1', name: 'k' },
    scopes: new Set(['notes:read', 'notes:write']),
    userId: 'usr_1',
    ...(bounds && { bounds }),
    ...more,
  }
}

const usable = (principal: Principal) =>
  entries.filter((entry) => mayUseTool(principal, entry)).map((entry) => entry.tool.name)

describe('the tools of a caller', () => {
  it.each([
    ['nothing', undefined, ['read_note', 'touch_note', 'write_note', 'my_notes', 'read_other']],
    ['a server', { servers: new Set(['other']) }, ['read_other']],
    ['a toolset', { toolsets: new Set(['notes/writing']) }, ['write_note']],
    [
      'a toolset and another server',
      { toolsets: new Set(['notes/own']), servers: new Set(['other']) },
      ['my_notes', 'read_other'],
    ],
    ['no server at all', { servers: new Set<string>() }, []],
    ['reading', { readOnly: true }, ['read_note', 'my_notes', 'read_other']],
    ['reading one server', { readOnly: true, servers: new Set(['notes']) }, ['read_note', 'my_notes']],
  ])('bound to %s', (_what, bounds, expected) => {
    expect(usable(caller(bounds))).toEqual(expected)
  })

  it('who holds no write scope', () => {
    expect(usable(caller(undefined, { scopes: new Set(['notes:read']) }))).not.toContain('write_note')
  })

  it('who acts for no person', () => {
    const { userId: _nobody, ...nobody } = caller()
    expect(usable(nobody)).toEqual(['read_note', 'touch_note', 'write_note', 'read_other'])
  })

  it('are exactly those that a call lets through, and the refusal says what is in the way', () => {
    const { userId: _nobody, ...nobody } = caller()
    const callers = [nobody, caller({ readOnly: true }), caller(undefined, { scopes: new Set(['notes:read']) })]
    const refusals = callers.map((principal) =>
      Object.fromEntries(entries.flatMap((entry) => refusal(principal, entry))),
    )
    expect(refusals).toEqual([
      { my_notes: 'USER_REQUIRED' },
      { touch_note: 'OUT_OF_BOUNDS', write_note: 'OUT_OF_BOUNDS' },
      { write_note: 'INSUFFICIENT_SCOPE' },
    ])
  })
})

function refusal(principal: Principal, entry: (typeof entries)[number]): [string, string][] {
  try {
    requireTool(principal, entry)
    return []
  } catch (error) {
    return error instanceof Failure ? [[entry.tool.name, error.code]] : []
  }
}

describe('a route', () => {
  const shape = { path: '/v1/notes', summary: '', tags: [], response: z.object({}), run: async () => ({}) } as const
  const reading = { ...plainRoute({ ...shape, method: 'GET', scope: 'notes:read' }), server: 'notes' }
  const writing = { ...plainRoute({ ...shape, method: 'POST', scope: 'notes:write' }), server: 'notes' }
  const asking = { ...plainRoute({ ...shape, method: 'POST', scope: 'notes:read' }), server: 'notes' }
  const own = { ...plainRoute({ ...shape, method: 'GET', scope: 'notes:read', personal: true }), server: 'notes' }
  const ofNoServer = plainRoute({ ...shape, method: 'GET', scope: 'notes:read' })

  it('is open to who holds its scope', () => {
    for (const each of [reading, writing, asking, own, ofNoServer])
      expect(() => requireRoute(caller(), each)).not.toThrow()
  })

  it.each([
    ['that writes, to a read-only key', { readOnly: true }, writing],
    ['whose method changes things, to a read-only key', { readOnly: true }, asking],
    ['of another server', { servers: new Set(['other']) }, reading],
    ['of no server, to a key that is bound to one', { servers: new Set(['notes']) }, ofNoServer],
    ['to a key that is bound to toolsets alone', { toolsets: new Set(['notes/reading']) }, reading],
  ])('is closed: %s', (_what, bounds, closed) => {
    expect(() => requireRoute(caller(bounds), closed)).toThrow(expect.objectContaining({ code: 'OUT_OF_BOUNDS' }))
  })

  it('of one’s own things is closed to who acts for no person', () => {
    const { userId: _nobody, ...nobody } = caller()
    expect(() => requireRoute(nobody, own)).toThrow(expect.objectContaining({ code: 'USER_REQUIRED' }))
  })
})
