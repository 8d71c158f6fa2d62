import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { systemClock } from '#kernel/clock'
import { change } from '#kernel/writes/change'
import type { EntryPoint } from '#kernel/entry-points'
import type { Role, Scope } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { App } from '../../src/app.ts'
import { runJob } from '../../src/surfaces/worker/run-job.ts'
import { startApp } from '../support/app.ts'
import { addCustomers } from '../support/customer-data.ts'
import { issuerOf, signedIn } from '../support/credentials.ts'
import type { Issuer, SignedIn } from '../support/credentials.ts'
import { testDatabase } from '../support/database.ts'
import { each, request, requestsFor, tally, toolCall, toolList } from '../support/entry-point-walk.ts'
import type { EntryRequest } from '../support/entry-point-walk.ts'
import { ENDED, endedCredential } from '../support/ended-credentials.ts'
import { FORGED_TOKENS } from '../support/forged-tokens.ts'
import { tenantRows } from '../support/tenant-rows.ts'
import { testTenant } from '../support/tenant.ts'
import type { TestTenant } from '../support/tenant.ts'

/** A word in all data of the tenant under test, which must not be in any answer. */
const MARKER = 'quicksilver'

const database = await testDatabase()
let app: App
let url: string
let issuer: Issuer
let tenant: TestTenant
let owner: SignedIn
let ownerToken: string
const table = tally()
let leaks = 0

beforeAll(async () => {
  ;({ app, url } = await startApp(database))
  issuer = await issuerOf(app, database)
  tenant = await testTenant(database)
  owner = await signedIn(database, tenant.tenantId, 'owner')
  ownerToken = `Bearer ${issuer.token(owner)}`
  await addCustomers(database, tenant.tenantId, [{ clientId: 'shared', name: `${MARKER} works` }])
  const task = await request(url, toolCall('create_task', { title: `${MARKER} task` }), ownerToken)
  expect(task.body).toContain(MARKER)
})

afterAll(async () => {
  // The counts are read by people.
  process.stdout.write(`\n${table.text()}\n\n${FORGED_TOKENS.length} kinds of forged token; ${leaks} leaks\n\n`)
  await app.close()
})

/** All requests to all entry points, with an id that the tenant under test has, or that nobody has. */
const requests = (id: string) =>
  app.entryPoints.flatMap((entry) => requestsFor(entry, id).map((one) => ({ entry, request: one })))
const person = async (role: Role, changes = {}) =>
  `Bearer ${issuer.token(await signedIn(database, tenant.tenantId, role), changes)}`
const guarded = (id: string) => requests(id).filter(({ entry }) => entry.public === undefined)
const open = () => requests('nobody').filter(({ entry }) => entry.public !== undefined)

describe('the walk', () => {
  it('covers every tool and path that the running server documents, and every job', async () => {
    const documents = await Promise.all(
      ['/mcp/tools?server=all', '/api/v1/openapi.json'].map((path) => request(url, { method: 'GET', path })),
    )
    // safe because: the parts that are read are compared with names below.
    const [listing, interfaces] = documents.map(({ body }) => JSON.parse(body)) as [
      { tools: { name: string }[] },
      { paths: Record<string, Record<string, unknown>> },
    ]
    const names = new Set(app.entryPoints.map(({ name }) => name))
    const paths = Object.entries(interfaces.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    const jobs = app.modules.flatMap((module) => module.jobs ?? []).map(({ name }) => name)
    const served = [...listing.tools.map(({ name }) => name), ...paths, ...jobs]
    expect(served.length).toBeGreaterThan(30)
    expect(served.filter((name) => !names.has(name))).toEqual([])
  })

  it('has a request for every entry point except jobs', () => {
    const unwalked = app.entryPoints.filter(
      (entry) => entry.kind !== 'job' && requestsFor(entry, 'nobody').length === 0,
    )
    expect(unwalked).toEqual([])
  })

  it('reaches each protected entry point as a signed-in owner, so that the refusals below mean something', async () => {
    const listed = (await request(url, toolList('/mcp'), ownerToken)).body
    await each(guarded('nobody'), async ({ entry, request: one }) => {
      // Some end the session of their caller, so each has a new caller.
      const { status } = await request(url, harmless(one), await person('owner'))
      table.add('owner', entry.kind, [401, 403].includes(status) ? 'refused' : 'open')
      expect([entry.name, [401, 403].includes(status)]).toEqual([entry.name, false])
      if (entry.kind === 'tool') expect(listed).toContain(`"name":"${entry.name}"`)
    })
  })
})

/** The request with an unknown argument: it reaches the entry point, whose validation refuses it. */
const harmless = (one: EntryRequest): EntryRequest => {
  const { body } = one
  if (body === undefined) return one
  return { ...one, body: one.path === '/mcp' ? withArguments(body, { nobody: 1 }) : { nobody: 1 } }
}

// safe because: requests of entry points to `/mcp` are tool calls.
const withArguments = (body: unknown, args: object) => {
  const call = body as { params: object }
  return { ...call, params: { ...call.params, arguments: args } }
}

describe('a caller with an invalid credential is refused at every protected entry point', () => {
  it.each([
    ['no token', async () => undefined],
    ['garbage', async () => 'Bearer not-a-credential'],
    ['unknown key', async () => `Bearer plim_${'A'.repeat(43)}`],
    ['garbage, basic', async () => `Basic ${Buffer.from('somebody:secret').toString('base64')}`],
    ['expired token', async () => `Bearer ${issuer.token(owner, past())}`],
    ['wrong audience', async () => `Bearer ${issuer.token(owner, { aud: 'https://elsewhere.example/mcp' })}`],
    ['audience of another endpoint', async () => `Bearer ${issuer.token(owner, { aud: `${url}/mcp/nowhere` })}`],
    ['wrong issuer', async () => `Bearer ${issuer.token(owner, { iss: 'https://elsewhere.example' })}`],
    ['wrong tenant', async () => `Bearer ${issuer.token(owner, { tenant: (await testTenant(database)).tenantId })}`],
  ])('%s', async (what, credential) => {
    await expectRefused(what, await credential())
  })

  it.each(ENDED)('%s, a moment ago', async (what) => {
    await expectRefused(what, await endedCredential(what, { app, database, url, issuer, tenant }))
  })

  it.each(FORGED_TOKENS.map(({ kind, forge }) => [kind, forge] as const))('forged: %s', async (_kind, forge) => {
    await expectRefused('forged', `Bearer ${forge(issuer.kit(owner))}`)
  })
})

async function expectRefused(what: string, authorization: string | undefined): Promise<void> {
  const lists = [...new Set(app.modules.flatMap(({ server }) => (server === undefined ? [] : [`/mcp/${server.name}`])))]
  const listing = ['/mcp', ...lists].map((path) => ({
    entry: { kind: 'list' as const, name: path },
    request: toolList(path),
  }))
  const beyond = [...guarded('shared'), ...listing].filter(({ request: { path } }) => !isAudience(authorization, path))
  await each(beyond, async ({ entry, request: one }) => {
    const { status, body } = await request(url, one, sendable(authorization))
    table.add(what, entry.kind, String(status))
    if (status < 400) leaks++
    expect([entry.name, status]).toEqual([entry.name, 401])
    expectNothingTold(body)
  })
}

/** Whether a token has this part of the server as its audience: it is valid there. */
function isAudience(authorization: string | undefined, path: string): boolean {
  const payload = Buffer.from(authorization?.split('.')[1] ?? '', 'base64url').toString()
  const [, part] = /"aud":"https?:\/\/127\.0\.0\.1:\d+(\/[^"]*)"/.exec(payload) ?? []
  // The audience of all REST routes is `/api`.
  return part === '/api' ? !path.startsWith('/mcp') : part !== undefined && path.startsWith(`${part}/`)
}

/** Replaces characters that a header cannot contain. */
const sendable = (authorization: string | undefined) => authorization?.replace(/[^\x20-\x7e]/g, ' ')

function expectNothingTold(body: string): void {
  if (body.includes(MARKER) || body.includes(tenant.tenantId)) leaks++
  expect(body).not.toContain(MARKER)
  expect(body).not.toContain(tenant.tenantId)
}

const past = () => {
  const now = Math.floor(systemClock().getTime() / 1000)
  return { iat: now - 700, exp: now - 100 }
}

describe('a read-only caller', () => {
  it('with the read-only role is refused what the role does not allow, and not shown it', async () => {
    const held = new Set<Scope>(app.scopes.filter(({ least }) => least === 'read-only').map(({ scope }) => scope))
    await expectWithin(
      'read-only role',
      () => person('read-only'),
      ({ scopes }) => scopes.every((scope) => held.has(scope)),
    )
  })

  it('with a read-only key is refused every change, and not shown it', async () => {
    const ctx = tenant.ctx({ userId: owner.userId, scopes: app.scopes.map(({ scope }) => scope) })
    const scopes = app.scopes.map(({ scope }) => scope)
    const { key } = await app.access.createKey(ctx, { name: 'reader', scopes, readOnly: true })
    await expectWithin(
      'read-only key',
      async () => `Bearer ${key}`,
      ({ changes }) => !changes,
    )
  })

  it('with a token without scopes is refused everything', async () => {
    await expectWithin(
      'no scope',
      () => person('owner', { scope: '' }),
      () => false,
    )
  })
})

async function expectWithin(
  what: string,
  credential: () => Promise<string>,
  may: (entry: EntryPoint) => boolean,
): Promise<void> {
  const listed = (await request(url, toolList('/mcp'), await credential())).body
  await each(guarded('nobody'), async ({ entry, request: one }) => {
    const { status, body } = await request(url, harmless(one), await credential())
    table.add(what, entry.kind, may(entry) ? 'open' : String(status))
    expect(may(entry) ? [entry.name, status !== 403] : [entry.name, status]).toEqual([
      entry.name,
      may(entry) ? true : 403,
    ])
    if (!may(entry)) expectNothingTold(body)
    if (entry.kind !== 'tool') return
    expect([entry.name, listed.includes(`"name":"${entry.name}"`)]).toEqual([entry.name, may(entry)])
    if (!may(entry)) table.add(`${what}: list`, 'tool', 'not listed')
  })
}

describe('the owner of another organisation', () => {
  it('reads and changes nothing of this one at any entry point', async () => {
    const { tenantId } = await testTenant(database)
    const before = await tenantRows(database, tenant.tenantId)
    const named = guarded('shared').map(({ entry, request: one }) => ({
      ...{
        entry,
        request: one.path === '/mcp' ? { ...one, body: withArguments(one.body, { client_id: 'shared' }) } : one,
      },
    }))
    await each([...guarded('shared'), ...guarded('1'), ...named], async ({ entry, request: one }) => {
      const authorization = `Bearer ${issuer.token(await signedIn(database, tenantId, 'owner'))}`
      const { status, body } = await request(url, one, authorization)
      table.add('neighbour', entry.kind, status < 300 ? 'own only' : String(status))
      expectNothingTold(body)
    })
    expect(await tenantRows(database, tenant.tenantId)).toEqual(before)
  })
})

describe('a public entry point', () => {
  it('says why it is public, and reveals no data, whatever the credential', async () => {
    const credentials = [
      undefined,
      'Bearer not-a-credential',
      await endedCredential('revoked key', { app, database, url, issuer, tenant }),
      ownerToken,
    ]
    await each(
      credentials.flatMap((shown) => open().map((one) => ({ ...one, shown }))),
      async ({ entry, request: one, shown }) => {
        const { status, body } = await request(url, harmless(one), shown)
        table.add('public', entry.kind, status < 300 ? 'answered' : String(status))
        expect([entry.name, status]).not.toEqual([entry.name, 500])
        expect(entry.public?.trim().length).toBeGreaterThan(15)
        expectNothingTold(body)
      },
    )
  })
})

describe('a job', () => {
  it('has only the scopes it declares: a change outside them is refused', async () => {
    const jobs = app.modules.flatMap((module) => module.jobs ?? [])
    expect(jobs.length).toBeGreaterThan(2)
    for (const job of jobs) {
      const entry = app.entryPoints.find(({ kind, name }) => kind === 'job' && name === job.name)
      const refused: Scope[] = []
      const probe = async (ctx: Ctx) => {
        expect([...ctx.scopes]).toEqual(entry?.scopes)
        for (const { scope } of app.scopes) {
          const attempt = change({
            action: 'walk.probe',
            scope,
            effect: 'update',
            input: z.strictObject({}),
            output: z.null(),
            work: async () => ({ result: null, subject: 'walk' }),
          })
          await attempt(ctx, {}).catch(() => refused.push(scope))
        }
      }
      const run = { id: 'walk', tenantId: tenant.tenantId, payload: undefined, signal: new AbortController().signal }
      await runJob({ ...job, payload: z.unknown(), run: probe }, run, app)
      expect([job.name, refused]).toEqual([
        job.name,
        app.scopes.map(({ scope }) => scope).filter((scope) => !job.scopes.includes(scope)),
      ])
      refused.forEach(() => table.add('change outside its scopes', 'job', 'refused'))
    }
  })
})

describe('a body that is built to keep the process busy', () => {
  const ANSWER_BYTES_MAX = 64 * 1024

  it('gets a short answer from every entry point, in known and in unknown fields', async () => {
    const fields = await bodyFields()
    const delays = monitorEventLoopDelay({ resolution: 5 })
    const met = new Set<string>()
    let largest = 0
    let longest = 0
    for (const { entry, request: one } of requests('nobody')) {
      if (one.body === undefined) continue
      const isFirst = !met.has(entry.kind)
      met.add(entry.kind)
      for (const args of hostileArguments(fields.get(entry.name) ?? [], isFirst)) {
        const sent = { ...one, body: one.path === '/mcp' ? withArguments(one.body, args) : args }
        delays.enable()
        const { status, body } = await request(url, sent, ownerToken)
        delays.disable()
        largest = Math.max(largest, body.length)
        longest = Math.max(longest, delays.max / 1e6)
        delays.reset()
        expect([entry.name, status < 500]).toEqual([entry.name, true])
        expect([entry.name, body.length <= ANSWER_BYTES_MAX]).toEqual([entry.name, true])
      }
    }
    process.stdout.write(
      `hostile bodies: the largest answer has ${largest} bytes, the longest stall was ${Math.round(longest)} ms\n`,
    )
  })
})

/** The body fields of each entry point by its name: those of tools from their schemas, those of routes from OpenAPI. */
async function bodyFields(): Promise<ReadonlyMap<string, readonly string[]>> {
  const document = await request(url, { method: 'GET', path: '/api/v1/openapi.json' })
  const { paths } = OpenApi.parse(JSON.parse(document.body))
  const ofRoutes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const schema = operation.requestBody?.content['application/json']?.schema
      return [
        `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
        Object.keys(schema?.properties ?? {}),
      ] as const
    }),
  )
  const tools = app.modules.flatMap(({ server }) => Object.values(server?.toolsets ?? {}).flat())
  return new Map([...ofRoutes, ...tools.map(({ name, input }) => [name, Object.keys(input.shape)] as const)])
}

const OpenApi = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        requestBody: z
          .object({
            content: z.record(
              z.string(),
              z.looseObject({
                schema: z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).optional(),
              }),
            ),
          })
          .optional(),
      }),
    ),
  ),
})

/** Arguments just below the limit of validated values; for the first entry point of a kind also far above it. */
function hostileArguments(fields: readonly string[], isFirst: boolean): readonly object[] {
  const ones = (count: number) => Array.from({ length: count }, () => 1)
  const each = Math.floor(45_000 / Math.max(1, fields.length))
  const inFields = (count: number) => Object.fromEntries(fields.map((field) => [field, ones(count)]))
  const unknown = Object.fromEntries(ones(45_000).map((_, at) => [`k${at}`, at]))
  if (fields.length === 0) return [unknown]
  return isFirst ? [unknown, inFields(each), inFields(each * 10)] : [inFields(each)]
}
