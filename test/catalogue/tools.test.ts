import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Cache } from '#kernel/cache'
import { toolCalls } from '#kernel/calls/call-tool'
import { transact } from '#kernel/database/transact'
import type { Tool } from '#kernel/calls/tool'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import type { ToolEntry } from '#kernel/calls/tool-catalogue'
import type { Principal, Scope } from '#kernel/principal'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { quiet, testDatabase } from '../support/database.ts'
import { tenantRows } from '../support/tenant-rows.ts'
import { callersOf } from './caller.ts'
import type { Caller } from './caller.ts'

/**
 * Guarantees of every tool, tested with the tools' own examples, so that no list has to be extended for a new tool. The
 * examples are called in the order create, update, read, destroy: those that create make the objects the others name.
 */
const database = await testDatabase()
const running = await startApp(database, {}, { as: 'command' })
const { app } = running
afterAll(() => app.close())
const caller = callersOf(database, running)

const tools = toolsOf(app)
const calls = tools.flatMap((tool) =>
  tool.examples.map((args, index) => ({ tool, args, name: `${tool.name} #${index + 1}` })),
)

/** A mark in every text of the owner's examples, and of nobody else's. */
const MARK = 'Quixotic'
const owner = await caller()
/** Another tenant with the same ids, and another person of the owner's tenant with the same ids; their texts have no mark. */
const twin = await caller()
const colleague = await caller({ sameTenantAs: owner })

describe('every tool', () => {
  it('is found', () => {
    expect(tools.length).toBeGreaterThan(0)
  })

  it.each(tools)('$name has examples, one for each of its actions', (tool) => {
    expect(tool.examples.length, 'add arguments that work to the `examples` of the tool').toBeGreaterThan(0)
    const shown = tool.examples.map((example) => tool.input.parse(example)['action'])
    const missing = valuesOf(tool, 'action').filter((action) => !shown.includes(action))
    expect(missing, 'add an example of each of these values of `action`').toEqual([])
  })
})

describe('each example, called over MCP', () => {
  it.each(calls)('$name succeeds, and leaves an audit row when it changed something', async (call) => {
    const before = await rows(owner)
    const audited = await auditCount(owner)
    const answer = await owner.call(call.tool.name, marked(call.args))
    expect(answer.error).toBeUndefined()
    const changed = !isDeepStrictEqual(before, await rows(owner))
    if (call.tool.effect === 'read') expect(changed, 'a tool that reads changes nothing').toBe(false)
    if (changed) expect(await auditCount(owner)).toBeGreaterThan(audited)
  })

  it('leaves no free text unencrypted in the audit trail', async () => {
    const { rows: readable } = await database.owner.query(
      `select action, subject, before, after from audit.events e where tenant_id = $1 and to_jsonb(e)::text like $2`,
      [owner.tenantId, `%${MARK}%`],
    )
    expect(readable, 'mark these values of `before` and `after` with `freeText` or `personal`').toEqual([])
  })

  it.each(calls.filter(({ tool }) => tool.effect === 'read'))(
    '$name runs on a handle that cannot write',
    async ({ tool, args }) => {
      const ctx = app.openContext(principalOf(tool), {
        requestId: 'req_catalogue',
        signal: new AbortController().signal,
      })
      const input = tool.input.parse(args)
      await transact(ctx.db, (db) => tool.run({ ...ctx, cache: uncached, db }, input), { readOnly: true })
    },
  )
})

describe('access to every tool', () => {
  it.each(tools)('$name is refused and not listed without each of its scopes, and changes nothing', async (tool) => {
    for (const missing of tool.scopes) {
      const others = everyToolScope().filter((scope) => scope !== missing)
      const limited = await caller({ scopes: others, samePersonAs: owner })
      const before = await rows(owner)
      for (const args of tool.examples) {
        const answer = await limited.call(tool.name, args)
        expect(answer.text).toContain(missing)
        expect(answer.result).toBeUndefined()
      }
      expect(await limited.listed()).not.toContain(tool.name)
      expect(await rows(owner)).toEqual(before)
    }
  })

  it.each(calls)('$name changes nothing for a key without a write scope', async ({ tool, args }) => {
    const reading = everyToolScope().filter((scope) => scope.endsWith(':read'))
    const reader = await caller({ scopes: reading, samePersonAs: owner })
    const before = await rows(owner)
    const answer = await reader.call(tool.name, args)
    if (answer.result === undefined) expect(answer.text).toMatch(/:write/)
    expect(await rows(owner)).toEqual(before)
  })

  it('tools that change something are refused and not listed to a read-only key', async () => {
    const readOnly = await caller({ readOnly: true, samePersonAs: owner })
    const before = await rows(owner)
    const listed = await readOnly.listed()
    for (const { name, effect, examples } of tools) {
      expect(listed.includes(name), name).toBe(effect === 'read')
      if (effect === 'read') continue
      for (const args of examples) expect((await readOnly.call(name, args)).result, name).toBeUndefined()
    }
    expect(await rows(owner)).toEqual(before)
  })

  it.each(calls)(
    '$name shows and changes nothing of another tenant, with the same ids or without data',
    async ({ tool, args }) => {
      const before = await rows(owner)
      const own = await twin.call(tool.name, args)
      expect(own.error).toBeUndefined()
      const answers = [own, await (await caller()).call(tool.name, args)]
      for (const { text } of answers) expect(text).not.toContain(MARK)
      expect(await rows(owner)).toEqual(before)
    },
  )

  it.each(calls.filter(({ tool }) => tool.personal === true))(
    '$name shows and changes nothing of another person, with the same ids or without data',
    async ({ tool, args }) => {
      const before = await rows(owner, 'person')
      const own = await colleague.call(tool.name, args)
      expect(own.error).toBeUndefined()
      const answers = [own, await (await caller({ sameTenantAs: owner })).call(tool.name, args)]
      for (const { text } of answers) expect(text).not.toContain(MARK)
      expect(await rows(owner, 'person')).toEqual(before)
    },
  )

  it('personal tools are refused and not listed to a caller that acts for no person', async () => {
    const service = await caller({ sameTenantAs: owner, asService: true })
    const listed = await service.listed()
    for (const { name, personal, examples } of tools) {
      expect(listed.includes(name), name).toBe(personal !== true)
      if (personal === true) expect((await service.call(name, examples[0])).error?.message, name).toMatch(/person/)
    }
  })
})

describe('arguments and results of every tool', () => {
  it.each(calls)('$name refuses an unknown argument, by name', async ({ tool, args }) => {
    const before = await rows(owner)
    const answer = await owner.call(tool.name, { ...args, no_such_argument: 1 })
    expect(answer.error?.kind).toBe('invalid')
    expect(answer.text).toContain('no_such_argument')
    expect(await rows(owner)).toEqual(before)
  })

  it.each(calls.filter(({ tool }) => tool.effect === 'read'))(
    '$name fails when its result is longer than the limit',
    async ({ tool, args }) => {
      const bounded = toolCalls({
        openContext: app.openContext,
        settings: { toolTimeoutSeconds: 30, resultCharactersMax: 1, checkResults: true },
        observer: { started: () => undefined, finished: () => undefined },
        log: quiet,
      })
      const call = { principal: principalOf(tool), requestId: 'req_catalogue', controller: new AbortController() }
      const outcome = await bounded(entryOf(tool), args, call)
      expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'too_large' } })
    },
  )
})

function toolsOf({ modules }: App): readonly Tool[] {
  const all = modules.flatMap(({ server }) => Object.values(server?.toolsets ?? {}).flat())
  const order = ['create', 'update', 'read', 'destroy']
  return all.toSorted((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect))
}

function everyToolScope(): Scope[] {
  const scopes = new Set(tools.flatMap(({ scopes }) => scopes))
  for (const scope of [...scopes]) if (scope.endsWith(':read')) scopes.add(scope.replace(/:read$/, ':write') as Scope)
  return app.scopes.map(({ scope }) => scope).filter((scope) => scopes.has(scope))
}

/** The values of an enum argument. */
function valuesOf(tool: Tool, name: string): readonly string[] {
  const schema = z.object({ [name]: z.object({ enum: z.array(z.string()) }).optional() }).catch({})
  return schema.parse(entryOf(tool).inputSchema['properties'])[name]?.enum ?? []
}

function entryOf(tool: Tool): ToolEntry {
  const server = { name: 'one', title: 'One', instructions: 'One.', toolsets: { one: [tool] } }
  const [entry] = compileCatalogue([server]).entries
  if (entry === undefined) throw new Error('a server of one tool has one')
  return entry
}

/** The context of the owner, for a tool that is called without a surface. */
function principalOf(tool: Tool): Principal {
  const { tenantId, userId } = owner
  const actor = { kind: 'key', id: 'key_test', name: 'test' } as const
  return { tenantId, actor, scopes: new Set(tool.scopes), ...(userId !== undefined && { userId }) }
}

const uncached: Cache = {
  getOrLoad: (_tenantId, _key, _options, load) => load(),
  invalidate: () => Promise.resolve(),
}

/** Tables left out: last uses of keys, and audited reads and refusals, are not changes that a tool makes. */
const BESIDE = ['audit.%', 'access.%', 'kernel.%']

/** A digest per table of all rows of the caller's tenant, or only of its person. */
function rows({ tenantId, userId }: Caller, of: 'tenant' | 'person' = 'tenant') {
  return tenantRows(database, tenantId, BESIDE, of === 'person' ? userId : undefined)
}

async function auditCount({ tenantId }: Caller): Promise<number> {
  const { rows: counted } = await database.owner.query<{ n: number }>(
    `select count(*)::int as n from audit.events where tenant_id = $1 and action not like 'tool.%' and outcome = 'success'`,
    [tenantId],
  )
  return counted[0]?.n ?? 0
}

/** The arguments with a mark in each free text: names and titles, but not addresses, dates and enum values. */
function marked(value: unknown): unknown {
  if (typeof value === 'string') return /^[A-Z][^@=]{3,}$/.test(value) ? `${value} ${MARK}` : value
  if (Array.isArray(value)) return value.map(marked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, marked(inner)]))
}
