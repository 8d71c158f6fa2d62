import { accessNotes } from '#kernel/audit/access-notes'
import { auditRefusals } from '#kernel/audit/authentication-notes'
import { entryPointsOf, requireAuthorization, scopeTable } from '#kernel/entry-points'
import type { EntryPoint } from '#kernel/entry-points'
import { listeningUrl } from '#kernel/network/public-url'
import type { Principal } from '#kernel/principal'
import type { Module } from '#kernel/module'
import type { Platform, PlatformOptions } from '#kernel/platform'
import { readiness } from '#kernel/startup/readiness'
import type { Route, WebMount } from '#kernel/calls/route'
import type { Access } from '../modules/access/index.ts'
import { createHttpSurface } from './http/server.ts'
import { PUBLIC_DOCUMENTS } from './http/stated-entry-points.ts'
import { restResource } from './mcp/endpoint.ts'
import { serveStdio } from './mcp/stdio.ts'
import { createMcpSurface } from './mcp/surface.ts'
import { pagesOf } from './pages/pages.ts'
import { startWorker } from './worker/worker.ts'

export interface Surfaces {
  /** Every entry point (tool, route, page, job) with its required scope, or the reason why it is public. */
  readonly entryPoints: readonly EntryPoint[]
  /** Opens HTTP, MCP and the worker. Resolves with the URL they listen on. */
  listen(): Promise<{ url: string }>
  /** Serves one MCP caller over standard input and output. */
  serveStdio(caller: () => Principal | Promise<Principal>, path: string): void
  close(): Promise<void>
}

/**
 * Builds the surfaces (HTTP, MCP, pages, worker) from the data of the modules. No surface knows a module by name. Throws
 * when an entry point declares neither a scope nor why it is public.
 */
export function surfacesOf(
  { config, clock, log, version, as }: Omit<PlatformOptions, 'configuration'>,
  platform: Platform,
  { modules, access }: { modules: readonly Module[]; access: Access },
): Surfaces {
  const { database, limiter, metrics, tracing, keyring, openContext } = platform
  const refusals = auditRefusals(access.authenticate, platform.audit, clock)
  const { authenticate } = refusals
  const { mounts, refuse } = pages({ config, clock }, platform, modules, access)
  const people: Module = { name: 'pages', api: undefined, web: mounts }
  const entryPoints = [...entryPointsOf([...modules, people]), ...PUBLIC_DOCUMENTS]
  requireAuthorization(scopeTable(modules), entryPoints)
  const noteAccess = accessNotes(platform.audit)
  const servers = modules.flatMap((module) => module.server ?? [])
  const shared = { openContext, noteAccess, limiter, log, tracing, clock, version }
  const mcpParts = { ...shared, servers, keyring, settings: config, observer: metrics.tool }
  const closing: ((seconds: number) => Promise<unknown>)[] = []
  return {
    entryPoints,
    async listen() {
      const mcp = createMcpSurface({
        ...mcpParts,
        authenticate,
        observeRequest: metrics.http.finished,
        issuers: access.issuers,
        resources: [restResource(modules)],
      })
      metrics.gauge('mcp_sessions', 'Sessions of 2025-era callers that are open.', mcp.sessionCount)
      const http = createHttpSurface({
        ...shared,
        authenticate,
        metrics,
        config,
        mcp,
        ...mountsOf([...modules, people], refuse),
        metricsToken: () => platform.secrets.value('METRICS_TOKEN'),
        probes: {
          database: () => database.ping().then(() => true),
          ready: () => readiness(platform, log),
        },
      })
      closing.push(mcp.close, http.close)
      const { port } = await http.listen()
      const url = listeningUrl(config.server.host, port)
      platform.publicUrl.listening(url)
      if (as === 'server') closing.push((await runJobs(platform, { modules, access, clock, log })).stop)
      for (const module of modules) {
        if (module.background !== undefined) closing.push(module.background().stop)
      }
      return { url }
    },
    serveStdio(caller, path) {
      closing.push(serveStdio({ ...mcpParts, caller, path }))
    },
    async close() {
      await Promise.all(closing.map((close) => close(config.server.shutdownSeconds)))
      refusals.close()
    },
  }
}

function runJobs(
  { queue, database, metrics, openJobContext }: Platform,
  {
    modules,
    access,
    clock,
    log,
  }: { modules: readonly Module[]; access: Access } & Pick<PlatformOptions, 'clock' | 'log'>,
) {
  return startWorker({
    queue,
    clock,
    log,
    openContext: openJobContext,
    system: database.system,
    jobs: modules.flatMap(({ jobs = [] }) => jobs),
    tenants: async () => (await access.tenants()).map(({ tenantId }) => tenantId),
    observe: (job, outcome, seconds) => metrics.job.finished(job, outcome === 'done' ? 'ok' : 'failed', seconds),
  })
}

/** Everything that the HTTP surface mounts. `refuse` answers refused requests for pages. */
function mountsOf(modules: readonly Module[], refuse: WebMount['refuse']) {
  return {
    routes: modules.flatMap(routesOf),
    streams: modules.flatMap(({ streams = [], server }) => ofServer(streams, server)),
    sockets: modules.flatMap(({ sockets = [], server }) => ofServer(sockets, server)),
    openRoutes: modules.flatMap((module) => module.openRoutes ?? []),
    web: modules
      .flatMap((module) => module.web ?? [])
      .map((mount) => (mount.isPage === true && refuse !== undefined ? { ...mount, refuse } : mount)),
  }
}

/** The routes of a module, each with the module's MCP server, so that a key bound to that server works for them too. */
function routesOf({ routes = [], server }: Module): readonly Route[] {
  return ofServer(routes, server)
}

function ofServer<R extends Pick<Route, 'server'>>(routes: readonly R[], server: Module['server']): readonly R[] {
  return server === undefined ? routes : routes.map((route) => ({ ...route, server: server.name }))
}

function pages(
  { config, clock }: Pick<PlatformOptions, 'config' | 'clock'>,
  { keyring, publicUrl, openContext }: Platform,
  modules: readonly Module[],
  access: Access,
): ReturnType<typeof pagesOf> {
  return pagesOf({
    keyring,
    clock,
    openContext,
    identityWeb: access.identityWeb,
    writesMails: access.writesMails,
    sessionPrincipal: access.sessionPrincipal,
    routes: modules.flatMap(routesOf),
    publicUrl: () => publicUrl.get(),
    securityContact: config.server.securityContact,
    secureCookies: () => config.server.secureCookies ?? publicUrl.get().startsWith('https:'),
    scopes: modules.flatMap((module) => module.scopes ?? []),
  })
}
