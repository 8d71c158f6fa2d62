import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { NoteAccess } from '#kernel/audit/access-notes'
import { toolCalls } from '#kernel/calls/call-tool'
import type { CallTool, ToolCallObserver } from '#kernel/calls/call-tool'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import type { Authenticate } from '#kernel/principal'
import type { OpenContext } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Keyring } from '#kernel/crypto/keyring'
import type { Limiter } from '#kernel/calls/limits'
import { tracedToolCalls } from '#kernel/telemetry/observation'
import type { Metrics } from '#kernel/telemetry/metrics'
import type { ToolServer } from '#kernel/calls/tool'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import type { ToolCatalogue } from '#kernel/calls/tool-catalogue'
import type { Tracing } from '#kernel/telemetry/tracing'
import { clientAddress } from '../http/client-address.ts'
import { callCounter } from './authenticated-request.ts'
import type { ProtectedResource } from './challenge.ts'
import { dispatcher } from './dispatch.ts'
import { endpointsOf } from './endpoint.ts'
import type { Mount } from './endpoint.ts'
import { endpointHandler } from './handler.ts'
import { accessRequestOf } from './access-request.ts'
import { refusals } from './refuse.ts'
import { mcpRouter } from './router.ts'
import { runningCalls } from './running-calls.ts'
import { sdkHandlers } from './sdk-handlers.ts'
import { serverIdentity } from './server-identity.ts'
import { sessionTable } from './sessions.ts'
import { toolCallResults } from './tool-call.ts'

export interface McpSurfaceOptions {
  readonly servers: readonly ToolServer[]
  /** Additional servers to mount, each with its own tools and extension. */
  readonly mounts?: readonly Mount[]
  readonly authenticate: Authenticate
  /** The authorization servers whose tokens are accepted. Default: none, only API keys. */
  readonly issuers?: () => readonly string[]
  /** Protected resources beside the MCP endpoints, such as the REST API, that also have metadata documents. */
  readonly resources?: readonly ProtectedResource[]
  readonly openContext: OpenContext
  readonly limiter: Limiter
  readonly settings: Pick<Config, 'server' | 'mcp'>
  readonly log: Logger
  readonly observer: ToolCallObserver
  /** Records tool calls and refusals in the audit. */
  readonly noteAccess?: NoteAccess
  /** Called after every HTTP request, with the path of its endpoint. */
  readonly observeRequest: Metrics['http']['finished']
  readonly tracing: Tracing
  readonly clock: Clock
  /** Signs the state that clients carry between the rounds of a call; the same key in every process. */
  readonly keyring: Keyring
  /** The product's version, as clients show it. */
  readonly version: string
}

export interface McpSurface {
  /** Whether this surface serves the URL: everything under `/mcp`, and its well-known documents. */
  readonly serves: (url: string) => boolean
  /** Answers one request. Never throws. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  readonly catalogue: ToolCatalogue
  readonly callTool: CallTool
  /** The number of open sessions of 2025-era clients. */
  readonly sessionCount: () => number
  /** Refuses new requests, waits for the running calls, cancels the rest, and closes streams and sessions. */
  readonly close: (deadlineSeconds: number) => Promise<void>
}

/** The MCP surface: our own dispatcher for the frequent methods, the official SDK for the rest. */
export function createMcpSurface(options: McpSurfaceOptions): McpSurface {
  const { settings, log, limiter, clock, keyring, authenticate, noteAccess, observeRequest } = options
  const { server } = settings
  const catalogue = compileCatalogue(options.servers)
  const identity = serverIdentity(options.version)
  const callTool = toolCallsOf(options)
  const results = toolCallResults({ callTool, identity, clock, keyring, noteAccess })
  const running = runningCalls()
  const sdkParts = { identity, toolCalls: results, log, running }
  const sdk = sdkHandlers(sdkParts)
  const sessions = sessionTable(settings.mcp, clock, sdkParts)
  const addressOf = clientAddress(server.trustedProxies)
  const publicUrlOf = publicUrls(server.publicUrl)
  const refuse = refusals({ limiter, clock, log, clientAddress: addressOf, publicUrlOf })
  const handle = endpointHandler({
    authenticate,
    accessRequestOf: accessRequestOf({ addressOf, publicUrlOf }),
    bodyBytesMax: server.bodyBytesMax,
    refuse,
    countCall: callCounter(limiter, clock),
    dispatch: dispatcher(identity, results),
    toolCalls: results,
    sessions,
    sdk,
    running,
  })
  const router = mcpRouter({
    catalogue,
    server,
    limiter,
    clock,
    addressOf,
    publicUrlOf,
    handle,
    refuse,
    observeRequest,
    endpoints: endpointsOf([{ catalogue, asRoot: true }, ...(options.mounts ?? [])]),
    resources: options.resources ?? [],
    issuers: options.issuers ?? (() => []),
  })
  const sweeping = setInterval(sessions.sweep, sweepMilliseconds(settings.mcp.sessionIdleSeconds)).unref()
  return {
    serves: router.serves,
    handle: router.handle,
    catalogue,
    callTool,
    sessionCount: sessions.count,
    close: async (deadlineSeconds) => {
      router.shut(
        new Failure('unavailable', 'The server is stopping. Try again in a moment.', { retryAfterSeconds: 1 }),
      )
      clearInterval(sweeping)
      const cancelled = await running.drain(deadlineSeconds)
      if (cancelled > 0) log.warn({ cancelled }, 'tool calls were cancelled by the stop')
      // The SDK may still be sending its last answers.
      await setImmediate()
      await Promise.all([sessions.close(), sdk.close()])
    },
  }
}

/** The kernel's `callTool` with the settings of this process. */
export function toolCallsOf(
  options: Omit<
    McpSurfaceOptions,
    'authenticate' | 'issuers' | 'resources' | 'observeRequest' | 'limiter' | 'keyring' | 'version'
  >,
): CallTool {
  const { environment, toolTimeoutSeconds, resultCharactersMax } = options.settings.server
  const checkResults = environment === 'development' || environment === 'test'
  const { openContext, observer, noteAccess, log, tracing } = options
  const settings = { toolTimeoutSeconds, resultCharactersMax, checkResults }
  return tracedToolCalls(
    toolCalls({ openContext, observer, log, settings, ...(noteAccess && { noteAccess }) }),
    tracing,
    (caller) => caller.trace,
  )
}

/** The base URL of this server: the configured public URL, or the checked `Host` header of the request. */
function publicUrls(configured: string | undefined): (req: IncomingMessage) => string {
  const fixed = configured?.replace(/\/+$/, '')
  return (req) => fixed ?? `http://${req.headers.host ?? 'localhost'}`
}

const SWEEP_SECONDS_MAX = 30

function sweepMilliseconds(idleSeconds: number): number {
  return Math.min(SWEEP_SECONDS_MAX, idleSeconds / 4) * 1000
}
