import type { Logger } from 'pino'
import { confirmTokens } from '#kernel/calls/confirm-tokens'
import { scopeTable } from '#kernel/entry-points'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import { effectiveConfig } from '#kernel/config/settings'
import type { OpenContext } from '#kernel/context'
import { clearFilesJob } from '#kernel/files/clear'
import { filesPersonalData } from '#kernel/files/personal-data'
import { eventsOf } from '#kernel/jobs/subscriptions'
import { requireDeclarations } from '#kernel/startup/require-declarations'
import { forgetIdempotencyKeys } from '#kernel/writes/forget-idempotency-keys'
import { idempotencyPersonalData } from '#kernel/writes/idempotency-personal-data'
import type { Module } from '#kernel/module'
import { openPlatform } from '#kernel/platform'
import type { Platform, PlatformOptions } from '#kernel/platform'
import { enforceChecks } from '#kernel/startup/check'
import { checkModules } from '#kernel/startup/module-checks'
import { platformDeclarations } from './declarations.ts'
import { accessModule } from './modules/access/index.ts'
import type { Access } from './modules/access/index.ts'
import { auditModule } from './modules/audit/index.ts'
import type { Audit } from './modules/audit/index.ts'
import { customersModule } from './modules/customers/index.ts'
import type { Customers } from './modules/customers/index.ts'
import { privacyModule } from './modules/privacy/index.ts'
import type { Privacy } from './modules/privacy/index.ts'
import { tasksModule } from './modules/tasks/index.ts'
import { resourcesOf } from './surfaces/mcp/endpoint.ts'
import { surfacesOf } from './surfaces/open-surfaces.ts'
import type { Surfaces } from './surfaces/open-surfaces.ts'
import { configuration } from './settings.ts'
import type { AppConfig } from './settings.ts'

/** What the application is started with. */
export interface AppOptions extends Omit<PlatformOptions, 'configuration'> {
  readonly config: AppConfig
}

export interface App extends Surfaces {
  readonly config: AppConfig
  readonly clock: Clock
  readonly log: Logger
  readonly platform: Platform
  readonly openContext: OpenContext
  readonly access: Access
  readonly audit: Audit
  readonly customers: Customers
  readonly privacy: Privacy
  /** The scope table: every scope that can be granted. */
  readonly scopes: readonly ScopeGrant[]
  readonly modules: readonly Module[]
}

/**
 * Opens a platform and builds the application on it. It accepts no connection before `listen`. `close` stops accepting,
 * waits for running work until the deadline, cancels the rest and closes everything. `guests` are modules of another
 * program that run on the same platform and surfaces.
 */
export async function buildApp(options: AppOptions, guests: readonly Module[] = []): Promise<App> {
  const platform = await openPlatform({ ...options, configuration })
  try {
    const app = assemble(options, platform, guests)
    if (options.as === 'server') enforceChecks(await checkModules(app.modules), options.log)
    await platform.queue.register(
      app.modules.flatMap((module) => module.jobs ?? []),
      eventsOf(app.modules),
    )
    return app
  } catch (error) {
    await platform.close()
    throw error
  }
}

/**
 * Wires the modules together: each gets the platform and the APIs of the modules it may call. Uses nothing of the
 * platform yet, so the parts may be stubs in tools that only read declarations.
 */
export function assemble(options: AppOptions, platform: Platform, guests: readonly Module[] = []): App {
  const { config, clock, log } = options
  const { database, signals, keyring, audit: trail, metrics, publicUrl, outbound, files, openJobContext } = platform
  const access = accessModule({
    config,
    clock,
    log,
    database,
    signals,
    keyring,
    audit: trail,
    metrics,
    publicUrl,
    outbound,
    scopes: () => scopeTable(modules),
    servers: () => modules.flatMap(({ server }) => server ?? []),
    resources: () => resourcesOf(modules),
  })
  const audit = auditModule({
    settings: config.audit,
    configured: effectiveConfig(configuration, config),
    clock,
    log,
    database,
    keyring,
    audit: trail,
    metrics,
  })
  const customers = customersModule({ settings: config.customers, openContext: openJobContext })
  const tasks = tasksModule({ confirmTokens: confirmTokens(keyring, clock) })
  const holders = () => modules.flatMap((module) => module.personalData ?? [])
  const privacy = privacyModule({ keyring, files, holders, auditHead: audit.api.head })
  const modules: readonly Module[] = [kernelModule(platform), access, audit, customers, tasks, privacy, ...guests]

  requireDeclarations(modules)
  const surfaces = surfacesOf(options, platform, { modules, access: access.api })
  return {
    config,
    clock,
    log,
    platform,
    modules,
    openContext: platform.openContext,
    access: access.api,
    audit: audit.api,
    customers: customers.api,
    privacy: privacy.api,
    scopes: scopeTable(modules),
    entryPoints: surfaces.entryPoints,
    listen: surfaces.listen,
    serveStdio: surfaces.serveStdio,
    async close() {
      await surfaces.close()
      await access.api.close()
      await platform.close()
    },
  }
}

/** The jobs and personal-data holders of the kernel's own tables. */
function kernelModule({ files }: Platform): Module {
  return {
    ...platformDeclarations,
    api: undefined,
    jobs: [forgetIdempotencyKeys, clearFilesJob(files)],
    personalData: [idempotencyPersonalData, filesPersonalData],
  }
}
