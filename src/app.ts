import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import type { OpenContext, Principal, Scope } from '#kernel/context'
import { forgetIdempotencyKeys } from '#kernel/forget-idempotency-keys'
import type { Job } from '#kernel/jobs'
import type { Module } from '#kernel/module'
import { openPlatform } from '#kernel/platform'
import type { Platform, PlatformOptions } from '#kernel/platform'
import { readiness } from '#kernel/readiness'
import { accessModule } from './modules/access/index.ts'
import type { Access } from './modules/access/index.ts'
import { customersModule } from './modules/customers/index.ts'
import type { Customers } from './modules/customers/index.ts'
import { createHttpSurface } from './surfaces/http/server.ts'
import { serveStdio } from './surfaces/mcp/stdio.ts'
import { createMcpSurface } from './surfaces/mcp/surface.ts'
import { startWorker } from './surfaces/worker/worker.ts'

export interface App {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly platform: Platform
  readonly openContext: OpenContext
  readonly access: Access
  readonly customers: Customers
  /** Everything a key can be given, and what operators and jobs hold. */
  readonly scopes: readonly Scope[]
  /** Opens the surfaces: HTTP, MCP and the worker. Resolves with the URL they listen on. */
  listen(): Promise<{ url: string }>
  /** Serves one MCP caller over standard input and output. */
  serveStdio(caller: () => Principal | Promise<Principal>, path: string): void
  /** Stops accepting, finishes what runs within the deadline, cancels the rest, closes everything. */
  close(): Promise<void>
}

/**
 * Builds the application: every module, and who may call whom. Nothing faces outward until `listen`. `guests` are
 * modules of another program that stand on the same platform and surfaces.
 */
export async function buildApp(options: PlatformOptions, guests: readonly Module[] = []): Promise<App> {
  const { config, clock, log } = options
  const platform = await openPlatform(options)
  const { database, signals, queue } = platform

  const access = accessModule({ database, signals, clock, log })
  const customers = customersModule({ settings: config.customers, openContext: platform.openJobContext })
  const modules: readonly Module[] = [access, customers, ...guests]

  const scopes = modules.flatMap(({ name }): Scope[] => [`${name}:read`, `${name}:write`])
  await queue.register(jobsOf(modules))
  const surfaces = surfacesOf(options, platform, modules, { access: access.api, scopes })
  return {
    ...{ config, clock, log, platform, scopes },
    openContext: platform.openContext,
    access: access.api,
    customers: customers.api,
    listen: surfaces.listen,
    serveStdio: surfaces.serveStdio,
    async close() {
      await surfaces.close()
      await platform.close()
    },
  }
}

function jobsOf(modules: readonly Module[]): readonly Job[] {
  return [forgetIdempotencyKeys, ...modules.flatMap((module) => module.jobs ?? [])]
}

/** What faces outward: each surface is handed the modules' data and the platform, and knows no module by name. */
function surfacesOf(
  { config, clock, log, version }: PlatformOptions,
  platform: Platform,
  modules: readonly Module[],
  { access, scopes }: { access: Access; scopes: readonly Scope[] },
): Pick<App, 'listen' | 'serveStdio' | 'close'> {
  const { database, queue, limiter, metrics, tracing, secret, openContext, openJobContext } = platform
  const { authenticate } = access
  const servers = modules.flatMap((module) => module.server ?? [])
  const mcpParts = {
    servers,
    openContext,
    limiter,
    settings: config,
    log,
    observer: metrics.tool,
    tracing,
    clock,
    secret,
    version,
  }
  const closing: ((seconds: number) => Promise<unknown>)[] = []
  return {
    async listen() {
      const mcp = createMcpSurface({ ...mcpParts, authenticate, observeRequest: metrics.http.finished })
      metrics.gauge('mcp_sessions', 'Sessions of 2025-era callers that are open.', mcp.sessionCount)
      const http = createHttpSurface({
        ...{ authenticate, openContext, limiter, metrics, tracing, config, log, clock, version },
        mcp,
        routes: modules.flatMap((module) => module.routes ?? []),
        probes: {
          database: () => database.ping().then(() => true),
          ready: () => readiness(platform, log),
        },
      })
      closing.push(mcp.close, http.close)
      const { port } = await http.listen()
      const worker = await startWorker({
        ...{ queue, log, openContext: openJobContext, scopes: new Set(scopes) },
        jobs: jobsOf(modules),
        tenants: async () => (await access.tenants()).map(({ tenantId }) => tenantId),
        observe: (job, outcome, seconds) => metrics.job.finished(job, outcome === 'done' ? 'ok' : 'failed', seconds),
      })
      closing.push(worker.stop)
      return { url: `http://${config.server.host}:${port}` }
    },
    serveStdio(caller, path) {
      closing.push(serveStdio({ ...mcpParts, caller, path }))
    },
    async close() {
      await Promise.all(closing.map((close) => close(config.server.shutdownSeconds)))
    },
  }
}
