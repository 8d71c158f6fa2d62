import path from 'node:path'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { personKeys as openPersonKeys } from './audit/person-keys.ts'
import type { PersonKeys } from './audit/person-keys.ts'
import { openAuditTrail } from './audit/trail.ts'
import type { AuditTrail } from './audit/trail.ts'
import { auditVendorCalls } from './audit/vendor-notes.ts'
import { openCache } from './cache/open-cache.ts'
import type { Cache } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config/config.ts'
import { requireDataFolder } from './config/private-file.ts'
import type { Configuration } from './config/settings.ts'
import type { OpenContext } from './context.ts'
import { openFileStore } from './files/file-store.ts'
import type { FileStore } from './files/file-store.ts'
import { joinEmbeddedPostgres, startEmbeddedPostgres } from './database/embedded.ts'
import { openMigrations } from './database/migrate.ts'
import type { Migrations } from './database/migrate.ts'
import { connectionOptions, openDatabase } from './database/pool.ts'
import type { Database } from './database/pool.ts'
import { openSignals } from './database/signals.ts'
import type { Signals } from './database/signals.ts'
import { openJobQueue } from './jobs/job-queue.ts'
import type { JobQueue } from './jobs/job-queue.ts'
import type { Keyring } from './crypto/keyring.ts'
import { createLimiter, limitsBreaker } from './calls/limits.ts'
import type { Limiter } from './calls/limits.ts'
import { createQuotas } from './calls/quotas.ts'
import type { Quotas } from './calls/quotas.ts'
import { createMetrics } from './telemetry/metrics.ts'
import type { Metrics } from './telemetry/metrics.ts'
import { queryObserver } from './telemetry/observation.ts'
import { createOutbound } from './outbound/outbound.ts'
import type { Outbound } from './outbound/outbound.ts'
import { publicUrlOf } from './network/public-url.ts'
import type { PublicUrl } from './network/public-url.ts'
import { openRedis } from './redis/redis.ts'
import type { RedisUrl } from './redis/redis.ts'
import type { BreakerHooks } from './redis/redis-breaker.ts'
import { contextOpener } from './request-context.ts'
import { auditReads } from './secrets/audit-reads.ts'
import { databasePassword } from './secrets/database-password.ts'
import type { ResolvedSecrets, SecretSource } from './secrets/resolve.ts'
import { openProcessRegistry } from './secrets/process-registry.ts'
import type { ProcessRegistry } from './secrets/process-registry.ts'
import { openRootKeys } from './secrets/root-keys.ts'
import type { RootKeys } from './secrets/root-keys.ts'
import { openSecretStore } from './secrets/secret-store.ts'
import type { SecretStore } from './secrets/secret-store.ts'
import { checkMachine } from './startup/machine-checks.ts'
import { checkDatabase, checkMigrations, checkServices } from './startup/service-checks.ts'
import { enforceChecks, requireChecks } from './startup/check.ts'
import { createTracing } from './telemetry/tracing.ts'
import type { Tracing } from './telemetry/tracing.ts'

export interface PlatformOptions {
  /** The settings that `config` was loaded with. */
  readonly configuration: Configuration
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  /**
   * `server` starts the embedded database, applies migrations and runs jobs. `command` runs beside a server: it
   * connects to a running database and runs no jobs.
   */
  readonly as: 'server' | 'command'
  /** The source of the secrets in `config`, from which they are refreshed while the process runs. */
  readonly secrets?: { readonly source: SecretSource; readonly first: ResolvedSecrets }
}

/** The shared services of modules and surfaces, opened in the order of their dependencies. */
export interface Platform {
  readonly database: Database
  readonly migrations: Migrations
  readonly signals: Signals
  readonly cache: Cache
  readonly queue: JobQueue
  readonly redis: Redis | undefined
  readonly limiter: Limiter
  /** Token budgets and concurrency limits. */
  readonly quotas: Quotas
  readonly metrics: Metrics
  readonly tracing: Tracing
  readonly publicUrl: PublicUrl
  readonly audit: AuditTrail
  /** The keys under which the audit trail encrypts personal data, one per person. */
  readonly personKeys: PersonKeys
  /** Encrypts fields; signs cursors, confirmations and request state. */
  readonly keyring: Keyring
  readonly secrets: SecretStore
  readonly rootKeys: RootKeys
  /** Reads the secrets again now, in this process. */
  refreshSecrets(): Promise<void>
  /** The processes that use this database, and the root keys each has. */
  readonly processRegistry: ProcessRegistry
  readonly files: FileStore
  /** The HTTP client for URLs that users entered. */
  readonly outbound: Outbound
  readonly openContext: OpenContext
  /** As `openContext`, with the statement timeout of jobs. */
  readonly openJobContext: OpenContext
  /** Closes everything, in reverse order of opening. */
  close(): Promise<void>
}

const MIGRATIONS = path.join(import.meta.dirname, '../../migrations')

/** Opens the platform. When one part fails, those already open are closed. */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { config, clock, log, version, as } = options
  if (as === 'server') enforceChecks(await checkMachine(config, process.versions.node), log)
  await using opened = new AsyncDisposableStack()
  const metrics = createMetrics(version)
  const tracing = createTracing({ settings: config.observability, version })
  opened.defer(() => tracing.close())
  const { secrets, rootKeys } = await openSecrets(options, metrics, opened)
  const { keyring } = rootKeys

  const url = await databaseUrl(options, opened)
  const connect = { url, ...databasePassword(secrets, log) }
  const observe = queryObserver(metrics, tracing)
  const checked = ['development', 'test'].includes(config.server.environment)
  const database = openDatabase({ ...connect, settings: config.database, log, observe, checked })
  opened.defer(() => database.close())
  metrics.watchPool(database.use)
  metrics.gauge('database_prepared_statements', 'Statements that connections prepare.', database.preparedCount)
  const migrations = openMigrations(database.owner, MIGRATIONS)
  await requireServices(options, database, migrations)

  const signals = await openSignals({ connection: connectionOptions(url, config.database, connect.password), log })
  opened.defer(() => signals.close())
  const refreshSecrets = () => refreshBoth(secrets, rootKeys)
  const processRegistry = openProcessRegistry({ signals, database, keyring, refresh: refreshSecrets })
  await rootKeys.coordinate(processRegistry)
  const { redis, cache } = openSharedCache(options, { secrets, signals, database, metrics }, opened)
  const { personKeys, audit } = openAudit(options, { database, keyring, secrets, metrics }, opened)
  const queue = await openJobQueue({ owner: database.owner, log, signals, work: as === 'server' })
  opened.defer(() => queue.close(0))

  const auditedMetrics = { ...metrics, integration: auditVendorCalls(metrics.integration, audit) }
  const limits = openLimits(config.limits, log, redis, metrics)
  const open = (statementTimeoutSeconds: number) =>
    contextOpener({ database, cache, outbox: queue.outbox, personKeys, clock, log, statementTimeoutSeconds })
  const files = openFileStore({ settings: config.files, database, secrets, log, observe: metrics.integration.finished })
  opened.defer(() => files.close())
  const closing = opened.move()
  return {
    database,
    migrations,
    signals,
    cache,
    queue,
    redis,
    ...limits,
    metrics: auditedMetrics,
    tracing,
    audit,
    personKeys,
    keyring,
    secrets,
    rootKeys,
    processRegistry,
    refreshSecrets,
    publicUrl: publicUrlOf(config.server.publicUrl),
    files,
    outbound: openOutbound(config.server, auditedMetrics),
    openContext: open(config.database.statementTimeoutSeconds),
    openJobContext: open(config.database.jobStatementTimeoutSeconds),
    close: () => closing.disposeAsync(),
  }
}

async function openSecrets(
  { configuration, config, log, secrets: from }: PlatformOptions,
  metrics: Metrics,
  opened: AsyncDisposableStack,
): Promise<{ secrets: SecretStore; rootKeys: RootKeys }> {
  const secrets = openSecretStore({ configuration, config, log, metrics, ...(from && { opened: from }) })
  opened.defer(() => secrets.close())
  const rootKeys = await openRootKeys({ secrets, dataDir: config.server.dataDir, log })
  opened.defer(() => rootKeys.close())
  return { secrets, rootKeys }
}

async function refreshBoth(secrets: SecretStore, rootKeys: RootKeys): Promise<void> {
  await secrets.refresh()
  await rootKeys.refresh()
}

function openSharedCache(
  { config, clock, log }: PlatformOptions,
  parts: { secrets: SecretStore; signals: Signals; database: Database; metrics: Metrics },
  opened: AsyncDisposableStack,
): { redis: Redis | undefined; cache: Cache } {
  const { secrets, signals, database, metrics } = parts
  const redisUrl = () => secrets.value('REDIS_URL') ?? config.cache.redisUrl ?? ''
  const redis = openSharedMemory(config.cache.redisUrl && redisUrl, log, opened)
  const { hit: onHit, miss: onMiss } = metrics.cache
  const shared = { settings: config.cache, redisUrl, signals, database, clock, log }
  const { cache, close } = openCache({ ...shared, onHit, onMiss, breaker: breakerOf('cache', metrics) })
  opened.defer(close)
  return { redis, cache }
}

function openAudit(
  { clock, log, secrets: from }: PlatformOptions,
  parts: { database: Database; keyring: Keyring; secrets: SecretStore; metrics: Metrics },
  opened: AsyncDisposableStack,
): { personKeys: PersonKeys; audit: AuditTrail } {
  const { database, keyring, secrets, metrics } = parts
  const personKeys = openPersonKeys({ db: database.statements, keyring, clock })
  const audit = openAuditTrail({ db: database.statements, personKeys, clock, log })
  opened.defer(() => audit.close())
  if (from !== undefined) auditReads(secrets, audit, clock)
  metrics.gauge('audit_events_waiting', 'Audit events in the buffer, not yet written.', audit.waitingCount)
  metrics.gauge('audit_events_lost', 'Audit events lost since the start; should be 0.', audit.lostCount)
  return { personKeys, audit }
}

/** Applies migrations where configured, then checks the database, the migrations and Redis. */
async function requireServices(
  { config, log, as }: PlatformOptions,
  database: Database,
  migrations: Migrations,
): Promise<void> {
  if (config.database.migrateOnStart) await migrateReachable(database, migrations)
  else if (as === 'command') requireChecks([await checkDatabase(database.owner), await checkMigrations(migrations)])
  if (as === 'command') return
  const services = { database, settings: config.database, migrations, redisUrl: config.cache.redisUrl }
  enforceChecks(await checkServices(services), log)
}

function openLimits(settings: Config['limits'], log: Logger, redis: Redis | undefined, metrics: Metrics) {
  const milliseconds = () => performance.now()
  const breaker = redis && limitsBreaker(redis, log, breakerOf('limits', metrics))
  const shared = { log, milliseconds, rejected: metrics.rateLimited, ...(redis && breaker && { redis, breaker }) }
  return {
    limiter: createLimiter({ settings, ...shared }),
    quotas: createQuotas({ enabled: settings.enabled, ...shared }),
  }
}

function breakerOf(connection: string, metrics: Metrics): BreakerHooks {
  return { changed: (state) => metrics.redisBreaker(connection, state) }
}

function openOutbound({ outboundLoopback }: Config['server'], metrics: Metrics): Outbound {
  return createOutbound({
    allowLoopback: outboundLoopback,
    observe: ({ integration, endpoint, status, seconds }) =>
      metrics.integration.finished(integration, endpoint, status, seconds),
  })
}

/** The database schema, for commands that migrate it before anything else can be opened. */
export interface Schema {
  readonly migrations: Migrations
  close(): Promise<void>
}

/** Opens only what migrations need. Beside a running server it uses that server's embedded database. */
export async function openSchema({ config, log }: Pick<PlatformOptions, 'config' | 'log'>): Promise<Schema> {
  await using opened = new AsyncDisposableStack()
  const url = await databaseUrl({ config, log, as: 'command' }, opened)
  const database = openDatabase({ url, settings: config.database, log, observe: { started: () => () => undefined } })
  opened.defer(() => database.close())
  requireChecks([await checkDatabase(database.owner)])
  const closing = opened.move()
  return { migrations: openMigrations(database.owner, MIGRATIONS), close: () => closing.disposeAsync() }
}

/** Checks the database first, so that an unreachable or old one is reported as such and not as a failed migration. */
async function migrateReachable(database: Database, migrations: Migrations): Promise<void> {
  requireChecks([await checkDatabase(database.owner)])
  await migrations.up()
}

async function databaseUrl(
  { config, log, as }: Pick<PlatformOptions, 'config' | 'log' | 'as'>,
  opened: AsyncDisposableStack,
): Promise<string> {
  if (config.database.url !== undefined) return config.database.url
  await requireDataFolder(config.server.dataDir)
  const start = as === 'server' ? startEmbeddedPostgres : joinEmbeddedPostgres
  const embedded = await start({ dataDir: config.server.dataDir, log })
  opened.defer(() => embedded.stop())
  return embedded.url
}

function openSharedMemory(url: RedisUrl | undefined, log: Logger, opened: AsyncDisposableStack): Redis | undefined {
  if (url === undefined) return undefined
  const redis = openRedis(url, log)
  opened.defer(() => redis.disconnect())
  return redis
}
