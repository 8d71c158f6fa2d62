import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { PoolUse } from '../database/pool.ts'
import type { BreakerState } from '../redis/redis-breaker.ts'
import { boundedCounter, boundedHistogram } from './bounded-metric.ts'
import { instrumentMaker } from './instruments.ts'
import type { MakeInstruments } from './instruments.ts'

/** The Prometheus metrics of a process. Recording is cheap enough for every request and never throws. */
export interface Metrics {
  readonly tool: {
    started(name: string): void
    finished(name: string, status: string, seconds: number): void
  }
  readonly query: { finished(label: string, failed: boolean, seconds: number): void }
  readonly http: {
    finished(method: string, route: string, status: number, seconds: number): void
    /** Called when a stream sends its headers. */
    firstByte(route: string, seconds: number): void
  }
  readonly integration: { finished(integration: string, endpoint: string, status: string, seconds: number): void }
  readonly job: { finished(name: string, status: string, seconds: number): void }
  /** `cache` is the kind of value, e.g. `customers.overview`; never a key. */
  readonly cache: { hit(cache: string): void; miss(cache: string): void }
  rateLimited(bucket: string): void
  /** The circuit breaker of a Redis connection (`limits`, `cache`) changed to this state. */
  redisBreaker(connection: string, state: BreakerState): void
  /** The secrets were reloaded; with false, that failed and the last good values stay in use. */
  secretsRead(succeeded: boolean): void
  /** A failure of this kind was returned to a caller; `bug` for an unexpected error. */
  failed(surface: string, kind: string): void
  /** Reads the pool's use at every scrape. */
  watchPool(use: () => PoolUse): void
  /** Creates the metrics of a module. Throws when a name is taken. */
  readonly instruments: MakeInstruments
  /** Adds a gauge whose value is read at every scrape. */
  gauge(name: string, help: string, read: () => number): void
  readonly contentType: string
  /** All metrics in the Prometheus text format. */
  exposition(): Promise<string>
}

/** Buckets in seconds for external APIs, which may take longer than our tools. */
const VENDOR_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const JOB_BUCKETS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600]

/** Creates the metrics in a registry per app, so that several apps in one process do not share counters. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  buildInfo(registry, version)
  return {
    tool: toolMetrics(registry),
    query: queryMetrics(registry),
    http: httpMetrics(registry),
    integration: integrationMetrics(registry),
    job: jobMetrics(registry),
    cache: cacheMetrics(registry),
    ...failureMetrics(registry),
    redisBreaker: redisMetrics(registry),
    watchPool: (use) => watchPool(gauge, use),
    instruments: instrumentMaker(registry),
    gauge,
    contentType: registry.contentType,
    exposition: () => registry.metrics(),
  }
}

function toolMetrics(registry: Registry): Metrics['tool'] {
  const duration = boundedHistogram(registry, 'mcp_tool_execution_duration_seconds', 'Time a tool call took.', [
    'tool_name',
  ])
  const total = boundedCounter(registry, 'mcp_tool_execution_total', 'Tool calls by how they ended.', [
    'tool_name',
    'status',
  ])
  let active = 0
  new Gauge({
    name: 'mcp_tool_executions_active',
    help: 'Tool calls under way.',
    registers: [registry],
    collect() {
      this.set(active)
    },
  })
  return {
    started: () => {
      active += 1
    },
    finished: (name, status, seconds) => {
      active -= 1
      duration(name).observe(seconds)
      total(name, status).add(1)
    },
  }
}

function queryMetrics(registry: Registry): Metrics['query'] {
  const labels = ['query_type']
  const duration = boundedHistogram(
    registry,
    'database_query_duration_seconds',
    'Time a statement took, by name.',
    labels,
  )
  const errors = boundedCounter(registry, 'database_query_errors_total', 'Statements that failed, by name.', labels)
  return {
    finished: (label, failed, seconds) => {
      duration(label).observe(seconds)
      if (failed) errors(label).add(1)
    },
  }
}

function httpMetrics(registry: Registry): Metrics['http'] {
  const labels = ['method', 'route']
  const duration = boundedHistogram(registry, 'http_request_duration_seconds', 'Time a request took, by route.', labels)
  const total = boundedCounter(registry, 'http_requests_total', 'Requests by route and status.', [...labels, 'status'])
  const firstByte = boundedHistogram(
    registry,
    'http_stream_first_byte_seconds',
    'Time until a stream began, by route.',
    ['route'],
    VENDOR_BUCKETS,
  )
  return {
    firstByte: (route, seconds) => firstByte(route).observe(seconds),
    finished: (method, route, status, seconds) => {
      duration(method, route).observe(seconds)
      total(method, route, String(status)).add(1)
    },
  }
}

function integrationMetrics(registry: Registry): Metrics['integration'] {
  const duration = boundedHistogram(
    registry,
    'integration_api_duration_seconds',
    'Time a call of a vendor took.',
    ['integration', 'endpoint'],
    VENDOR_BUCKETS,
  )
  const total = boundedCounter(registry, 'integration_api_calls_total', 'Calls of a vendor by how they ended.', [
    'integration',
    'status',
  ])
  return {
    finished: (integration, endpoint, status, seconds) => {
      duration(integration, endpoint).observe(seconds)
      total(integration, status).add(1)
    },
  }
}

function jobMetrics(registry: Registry): Metrics['job'] {
  const duration = boundedHistogram(registry, 'job_duration_seconds', 'Time a job took.', ['job'], JOB_BUCKETS)
  const total = boundedCounter(registry, 'jobs_total', 'Jobs by how they ended.', ['job', 'status'])
  return {
    finished: (name, status, seconds) => {
      duration(name).observe(seconds)
      total(name, status).add(1)
    },
  }
}

function cacheMetrics(registry: Registry): Metrics['cache'] {
  const hits = boundedCounter(registry, 'cache_hits_total', 'Values found in the cache.', ['cache'])
  const misses = boundedCounter(registry, 'cache_misses_total', 'Values that had to be loaded.', ['cache'])
  return { hit: (cache) => hits(cache).add(1), miss: (cache) => misses(cache).add(1) }
}

function failureMetrics(registry: Registry): Pick<Metrics, 'rateLimited' | 'failed' | 'secretsRead'> {
  const rejected = boundedCounter(registry, 'rate_limit_rejections_total', 'Calls over a rate limit.', ['bucket'])
  const failures = boundedCounter(registry, 'failures_total', 'Requests that failed, by kind.', ['surface', 'kind'])
  const secrets = boundedCounter(registry, 'secrets_reads_total', 'Reloads of the secrets.', ['status'])
  return {
    secretsRead: (succeeded) => secrets(succeeded ? 'ok' : 'failed').add(1),
    rateLimited: (bucket) => rejected(bucket).add(1),
    failed: (surface, kind) => failures(surface, kind).add(1),
  }
}

function redisMetrics(registry: Registry): Metrics['redisBreaker'] {
  const name = 'redis_breaker_transitions_total'
  const transitions = boundedCounter(registry, name, 'Times the breaker of a connection to Redis changed its state.', [
    'connection',
    'state',
  ])
  const open = new Gauge({
    name: 'redis_breaker_open',
    help: '1 while a Redis connection is not used, because Redis does not respond on it.',
    labelNames: ['connection'],
    registers: [registry],
  })
  return (connection, state) => {
    transitions(connection, state).add(1)
    open.set({ connection }, state === 'closed' ? 0 : 1)
  }
}

function watchPool(gauge: Metrics['gauge'], use: () => PoolUse): void {
  gauge('database_connections_active', 'Connections that serve a request.', () => use().active)
  gauge('database_connections_idle', 'Open connections without work.', () => use().idle)
  gauge('database_connections_waiting', 'Requests that wait for a connection.', () => use().waiting)
  gauge('database_connections_max', 'Connections this process may open.', () => use().max)
}

function buildInfo(registry: Registry, version: string): void {
  const info = new Gauge({
    name: 'plimsoll_build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
  info.set({ version, node: process.version }, 1)
}
