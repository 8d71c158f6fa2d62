import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from '#kernel/telemetry/metrics'
import { Failure } from '#kernel/failure'
import type { ReadinessCheck } from '#kernel/startup/readiness'

export interface Probes {
  /** Whether the database answers; a rejection counts as false. */
  database(): Promise<boolean>
  ready(): Promise<readonly ReadinessCheck[]>
}

export interface ProbeOptions {
  readonly probes: Probes
  readonly metrics: Metrics
  readonly metricsToken: () => string | undefined
  readonly version: string
  readonly isStopping: () => boolean
}

/** The timeout of a probe: orchestrators ask every few seconds and give up after one or two. */
const PROBE_MILLISECONDS = 2000

/** Mounts `/health`, `/ready`, `/metrics` and `/version`: without a credential, rate limits or the envelope. */
export function mountProbes(app: FastifyInstance, options: ProbeOptions): void {
  const { probes, metrics, metricsToken, version, isStopping } = options
  const database = shared(() => within(probes.database(), false))
  const checks = shared(() => within(probes.ready(), [slow]))

  app.get('/health', async (_request, reply) => {
    const connected = await database()
    reply.code(connected ? 200 : 503)
    return { status: connected ? 'healthy' : 'unhealthy', database: connected ? 'connected' : 'disconnected' }
  })

  app.get('/ready', async (_request, reply) => {
    const results = isStopping() ? [stopping] : await checks()
    const failing = results.filter((check) => !check.ok)
    reply.code(failing.length === 0 ? 200 : 503)
    return { status: failing.length === 0 ? 'ready' : 'not_ready', failing, checks: results }
  })

  app.get('/metrics', async (request, reply) => {
    const token = metricsToken()
    if (token !== undefined && !carries(request, token)) {
      throw new Failure('unauthenticated', 'The metrics need their token: Authorization: Bearer <METRICS_TOKEN>.')
    }
    reply.type(metrics.contentType)
    return metrics.exposition()
  })

  app.get('/version', async () => ({ name: 'plimsoll', version, node: process.versions.node }))
}

const stopping: ReadinessCheck = { name: 'lifecycle', ok: false, message: 'The server is stopping.' }
const slow: ReadinessCheck = { name: 'checks', ok: false, message: `No answer within ${PROBE_MILLISECONDS} ms.` }

async function within<T>(work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), PROBE_MILLISECONDS)
  })
  // Safe because a failed probe is reported as not healthy.
  return Promise.race([work.catch(() => otherwise), timeout]).finally(() => clearTimeout(timer))
}

/** Shares one running check among concurrent requests. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined
  return () => {
    pending ??= ask().finally(() => {
      pending = undefined
    })
    return pending
  }
}

function carries(request: FastifyRequest, token: string): boolean {
  const given = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
