import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Scope } from '#kernel/principal'
import type { App } from '../../src/app.ts'
import { testTenant } from '../support/tenant.ts'
import type { TestDatabase } from '../support/database.ts'
import type { TestApp } from '../support/app.ts'

/** The outcome of a tool call over MCP: its result, or the error that the caller received. */
export interface Answer {
  readonly text: string
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly kind?: string | undefined; readonly code?: string | undefined; readonly message: string }
}

export interface Caller {
  readonly tenantId: string
  /** The person of the caller; absent for a service account. */
  readonly userId?: string
  call(tool: string, args: unknown): Promise<Answer>
  /** The names of the tools listed for this caller. */
  listed(): Promise<readonly string[]>
}

interface CallerOptions {
  /** Default: every scope. */
  readonly scopes?: readonly Scope[]
  readonly readOnly?: boolean
  /** Whether it is a service account, without a person. */
  readonly asService?: boolean
  /** Another caller, in whose tenant this one is. */
  readonly sameTenantAs?: Caller
  /** Another caller, with whose person this one acts. */
  readonly samePersonAs?: Caller
}

/** Creates callers of a running product: each has its own API key and, by default, its own tenant and person. */
export function callersOf(database: TestDatabase, { app, url }: TestApp) {
  const operatorOf = (tenantId: string) => ({
    tenantId,
    actor: { kind: 'cli', id: 'test' } as const,
    scopes: new Set(app.scopes.map(({ scope }) => scope)),
  })
  return async (options: CallerOptions = {}): Promise<Caller> => {
    const tenantId = (options.samePersonAs ?? options.sameTenantAs)?.tenantId ?? (await testTenant(database)).tenantId
    const operator = operatorOf(tenantId)
    const userId =
      options.asService === true ? undefined : (options.samePersonAs?.userId ?? (await addPerson(app, operator)))
    const scopes = options.scopes ?? app.scopes.filter(({ scope }) => isOfTools(app, scope)).map(({ scope }) => scope)
    const ctx = app.openContext({ ...operator, ...(userId !== undefined && { userId }) }, request())
    const bounds = options.readOnly === true ? { readOnly: true } : {}
    const { key } = await app.access.createKey(ctx, { name: 'catalogue', scopes: [...scopes], ...bounds })
    const post = (method: string, params: unknown) => send(url, key, method, params)
    return {
      tenantId,
      ...(userId !== undefined && { userId }),
      call: async (name, args) => answerOf(await post('tools/call', { name, arguments: args })),
      listed: async () => List.parse(await post('tools/list', {})).result.tools.map(({ name }) => name),
    }
  }
}

const List = z.object({ result: z.object({ tools: z.array(z.object({ name: z.string() })) }) })
const Told = z.object({ kind: z.string().optional(), code: z.string().optional(), message: z.string() })
const Called = z.object({
  result: z
    .object({
      isError: z.boolean().optional(),
      content: z.array(z.object({ text: z.string().optional() })),
      structuredContent: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  error: z.unknown().optional(),
})

async function send(url: string, key: string, method: string, params: unknown): Promise<unknown> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  return response.json()
}

function answerOf(raw: unknown): Answer {
  const text = JSON.stringify(raw)
  const { result, error } = Called.parse(raw)
  if (result === undefined) return { text, error: Told.catch({ message: text }).parse(error) }
  if (result.isError !== true) return { text, result: result.structuredContent ?? {} }
  const body: unknown = JSON.parse(result.content[0]?.text ?? '{}')
  return { text, error: z.object({ error: Told }).parse(body).error }
}

/** The scopes that tools require. Other scopes manage credentials and accounts; keys for tools do not have them. */
function isOfTools(app: App, scope: Scope): boolean {
  const tools = app.modules.flatMap(({ server }) => Object.values(server?.toolsets ?? {}).flat())
  return (
    tools.some(({ scopes }) => scopes.includes(scope)) || tools.some(({ scopes }) => scopes.includes(otherHalf(scope)))
  )
}

function otherHalf(scope: Scope): Scope {
  return scope.endsWith(':read')
    ? (scope.replace(/:read$/, ':write') as Scope)
    : (scope.replace(/:write$/, ':read') as Scope)
}

async function addPerson(app: App, operator: Parameters<App['openContext']>[0]): Promise<string> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const person = {
    name: 'Pat',
    email,
    password: `Pw-${randomBytes(9).toString('base64url')}-7a`,
    role: 'owner' as const,
  }
  return (await app.access.addPerson(app.openContext(operator, request()), person)).userId
}

const request = () => ({ requestId: 'req_catalogue', signal: new AbortController().signal })
