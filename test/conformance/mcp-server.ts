import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import { pino } from 'pino'
import { z } from 'zod'
import type { Cache } from '#kernel/cache'
import { loadConfig } from '../../src/settings.ts'
import type { Config } from '#kernel/config/config'
import type { Ctx, OpenContext } from '#kernel/context'
import type { Principal, Scope } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { createKeyring } from '#kernel/crypto/keyring'
import { createLimiter } from '#kernel/calls/limits'
import { plainTool } from '../support/plain-tool.ts'
import { noTracing } from '#kernel/telemetry/tracing'
import type { ToolServer } from '#kernel/calls/tool'
import { createMcpSurface } from '../../src/surfaces/mcp/surface.ts'
import type { McpSurface, McpSurfaceOptions } from '../../src/surfaces/mcp/surface.ts'

/** Two callers with different scopes and tenants. */
export const KEYS = { ada: 'Bearer key-of-ada', bob: 'Bearer key-of-bob' } as const

function principal(id: string, scopes: readonly Scope[]): Principal {
  return { tenantId: `tenant-of-${id}`, actor: { kind: 'key', id: `key-${id}`, name: id }, scopes: new Set(scopes) }
}

const PRINCIPALS: Readonly<Record<string, Principal>> = {
  [KEYS.ada]: principal('ada', ['demo:read', 'demo:write']),
  [KEYS.bob]: principal('bob', ['demo:read']),
}

export function authenticate(authorization: string | undefined): Principal {
  const found = authorization === undefined ? undefined : PRINCIPALS[authorization]
  if (found === undefined) throw new Failure('unauthenticated', 'The API key is missing or not valid: plim_…')
  return found
}

const dialect = {
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
}

export const log = pino({ level: 'silent' })
const cache: Cache = { getOrLoad: (_tenant, _key, _options, load) => load(), invalidate: async () => undefined }
const db = new Kysely<unknown>({ dialect })

export const openContext: OpenContext = (caller, request): Ctx => ({
  ...caller,
  ...request,
  clock: () => new Date(),
  db,
  cache,
  outbox: { publish: async () => undefined },
  personKeys: {
    sealer: () => Promise.reject(new Error('no person here')),
    open: (_ctx, values) => Promise.resolve([...values]),
  },
  log,
})

const text = z.string().describe('What to say back')

/** A server of small tools that each test one property. */
export const demoServer: ToolServer = {
  name: 'demo',
  title: 'Demo',
  instructions: 'Tools that show one property each.',
  toolsets: {
    speech: [
      plainTool({
        name: 'echo',
        title: 'Echo',
        describe: 'Says the text back, and for whom.',
        effect: 'read',
        scope: 'demo:read',
        input: z.object({ text }),
        output: z.object({ text: z.string(), tenant: z.string() }),
        run: async (ctx, input) => ({ text: input.text, tenant: ctx.tenantId }),
      }),
      plainTool({
        name: 'write_down',
        title: 'Write down',
        describe: 'Pretends to keep the text.',
        effect: 'create',
        scope: 'demo:write',
        input: z.object({ text, count: z.int().min(1).max(9).default(1).describe('How often') }),
        output: z.object({ kept: z.int() }),
        run: async (_ctx, input) => ({ kept: input.count }),
      }),
    ],
    trouble: [
      plainTool({
        name: 'wait_for_abort',
        title: 'Wait',
        describe: 'Waits until it is cancelled.',
        effect: 'read',
        scope: 'demo:read',
        timeoutSeconds: 1,
        input: z.object({}),
        output: z.object({}),
        run: (ctx) =>
          new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
      }),
      plainTool({
        name: 'break_down',
        title: 'Break down',
        describe: 'Has a bug.',
        effect: 'read',
        scope: 'demo:read',
        input: z.object({}),
        output: z.object({}),
        run: async () => {
          throw new TypeError('select secret from internals')
        },
      }),
      plainTool({
        name: 'say_too_much',
        title: 'Say too much',
        describe: 'Answers with more than fits.',
        effect: 'read',
        scope: 'demo:read',
        input: z.object({}),
        output: z.object({ text: z.string() }),
        run: async () => ({ text: 'x'.repeat(60_000) }),
      }),
    ],
  },
}

export interface RunningServer extends AsyncDisposable {
  readonly url: string
  readonly surface: McpSurface
}

/** The MCP surface on a free loopback port; `environment` overrides settings by their variables' schema keys. */
export async function startMcpServer(
  overrides: { mcp?: Partial<Config['mcp']>; server?: Partial<Config['server']> } & Partial<
    Omit<McpSurfaceOptions, 'settings'>
  > = {},
): Promise<RunningServer> {
  const { mcp, server: serverSettings, ...options } = overrides
  const config = loadConfig({})
  const surface = createMcpSurface({
    servers: [demoServer],
    authenticate,
    openContext,
    limiter: createLimiter({
      settings: { ...config.limits, enabled: false },
      log,
      milliseconds: () => performance.now(),
    }),
    settings: { server: { ...config.server, environment: 'test', ...serverSettings }, mcp: { ...config.mcp, ...mcp } },
    log,
    observer: { started: () => undefined, finished: () => undefined },
    observeRequest: () => undefined,
    tracing: noTracing,
    clock: () => new Date(),
    keyring: createKeyring([new Uint8Array(32).fill(7)]),
    version: '0.0.0-test',
    ...options,
  })
  const http = createServer(surface.handle)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  // safe because: a server that listens on TCP has a port.
  const { port } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    surface,
    [Symbol.asyncDispose]: async () => {
      await surface.close(1)
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
