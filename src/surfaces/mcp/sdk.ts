import { McpServer, ProtocolError, createMcpHandler } from '@modelcontextprotocol/server'
import type { CallToolResult, McpRequestContext, ServerContext } from '@modelcontextprotocol/server'
import { toNodeHandler } from '@modelcontextprotocol/node'
import type { NodeMcpRequestHandler } from '@modelcontextprotocol/node'
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Principal } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import type { Endpoint } from './endpoint.ts'
import { LEGACY_VERSIONS, META, MODERN_VERSION } from './era.ts'
import type { Era } from './era.ts'
import { KEEP_ALIVE_MILLISECONDS } from './event-stream.ts'
import type { Notices } from './exchange.ts'
import { RPC, RpcError, isRecord } from './rpc.ts'
import type { RunningCalls } from './running-calls.ts'
import type { ServerIdentity } from './server-identity.ts'
import type { ToolCalls } from './tool-call.ts'
import { listPage, offsetOf } from './tool-list.ts'

export interface SdkParts {
  readonly identity: ServerIdentity
  readonly toolCalls: ToolCalls
  readonly log: Logger
  /** The registry of running calls. */
  readonly running: RunningCalls
}

export const SUBSCRIPTIONS_MAX = 1024

/**
 * A server of the official SDK for one caller: for one request, one session or one stdio connection. It is never shared, so
 * that no data of one caller can reach another. `caller` is evaluated on every call, because scopes may change during a
 * session. Tools are listed and called by the same code as without the SDK.
 */
export function sdkServer(
  endpoint: Endpoint,
  caller: () => Principal | Promise<Principal>,
  modern: boolean,
  parts: SdkParts,
): McpServer {
  const { identity, toolCalls, log, running } = parts
  const { extension, instructions } = endpoint
  const mcp = new McpServer(identity.info, {
    capabilities: { ...extension?.capabilities, tools: { ...extension?.capabilities.tools } },
    instructions,
    supportedProtocolVersions: [MODERN_VERSION, ...LEGACY_VERSIONS],
  })
  const era = (): Era => ({
    modern,
    version: modern ? MODERN_VERSION : '2025-11-25',
    capabilities: { ...mcp.server.getClientCapabilities() },
  })
  mcp.server.setRequestHandler('tools/list', ({ params }) =>
    asProtocol(log, async () => {
      return listPage(endpoint, await caller(), era(), offsetOf(params?.cursor), identity)
    }),
  )
  mcp.server.setRequestHandler('tools/call', (request, ctx) =>
    asProtocol(log, async () => {
      const controller = new AbortController()
      ctx.mcpReq.signal.addEventListener('abort', () => controller.abort(ctx.mcpReq.signal.reason), { once: true })
      running.add(controller)
      try {
        const exchange = {
          endpoint,
          principal: await caller(),
          era: modern ? { ...era(), capabilities: envelopeCapabilities(ctx) } : era(),
          requestId: randomUUID(),
          controller,
          notices: noticesOf(ctx),
          trace: { ...ctx.mcpReq._meta },
        }
        const message = { id: undefined, method: 'tools/call', params: paramsOf(request.params, ctx, modern) }
        // safe because: made by `resultJson`, which writes CallToolResult or InputRequiredResult.
        return JSON.parse(await toolCalls.resultJson(exchange, message)) as CallToolResult
      } finally {
        running.remove(controller)
      }
    }),
  )
  extension?.register(mcp)
  return mcp
}

export interface SdkHandler {
  readonly handle: NodeMcpRequestHandler
  /** Answers one message, with the headers of the revision that it came with. */
  readonly fetch: (body: unknown, principal: Principal, headers: Readonly<Record<string, string>>) => Promise<Response>
  readonly close: () => Promise<void>
}

/** The SDK's handler of one endpoint, for the methods that `dispatch` does not answer. */
export function sdkHandler(endpoint: Endpoint, parts: SdkParts): SdkHandler {
  const factory = ({ era, authInfo }: McpRequestContext): McpServer => {
    const principal = principalIn(authInfo?.extra)
    return sdkServer(endpoint, () => principal, era === 'modern', parts)
  }
  const onerror = (error: Error): void => parts.log.debug({ err: error }, 'mcp sdk')
  const bus = endpoint.extension?.bus
  const handler = createMcpHandler(factory, {
    onerror,
    keepAliveMs: KEEP_ALIVE_MILLISECONDS,
    maxSubscriptions: SUBSCRIPTIONS_MAX,
    ...(bus !== undefined && { bus }),
  })
  const accepting = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
  return {
    handle: toNodeHandler(handler, { onerror }),
    fetch: (body, principal, headers) =>
      handler.fetch(new Request('http://localhost/', { method: 'POST', headers: { ...headers, ...accepting } }), {
        authInfo: authOf(principal),
        parsedBody: body,
      }),
    close: handler.close,
  }
}

/** The principal as the SDK's authentication info, which the SDK passes on unread. */
export function authOf(principal: Principal): {
  token: string
  clientId: string
  scopes: string[]
  extra: { principal: Principal }
} {
  return { token: '', clientId: principal.actor.id, scopes: [...principal.scopes], extra: { principal } }
}

function principalIn(extra: Readonly<Record<string, unknown>> | undefined): Principal {
  const principal = extra?.['principal']
  if (principal === undefined) throw new Error('A request reached the SDK without its principal.')
  // safe because: only `authOf` writes it.
  return principal as Principal
}

function envelopeCapabilities(ctx: ServerContext): Readonly<Record<string, unknown>> {
  const envelope: Readonly<Record<string, unknown>> = { ...ctx.mcpReq.envelope }
  const declared = envelope[META.clientCapabilities]
  return isRecord(declared) ? declared : {}
}

/** The parameters as sent by the client; the SDK moves some of them elsewhere. */
function paramsOf(params: object, ctx: ServerContext, modern: boolean): Record<string, unknown> {
  const { inputResponses, envelope, _meta } = ctx.mcpReq
  const requestState = ctx.mcpReq.requestState()
  return {
    ...params,
    ...(inputResponses !== undefined && { inputResponses }),
    ...(requestState !== undefined && { requestState }),
    // A 2025 client sets its log level for the session; the SDK filters by it.
    _meta: { ...(modern ? envelope : { [META.logLevel]: 'debug' }), ..._meta },
  }
}

function noticesOf(ctx: ServerContext): Notices {
  // Safe because: an undeliverable notification has no recipient left.
  const sent = (sending: Promise<void>): void => void sending.catch(() => undefined)
  return {
    progress: (params) => sent(ctx.mcpReq.notify({ method: 'notifications/progress', params })),
    log: (level, message) => sent(ctx.mcpReq.log(level, message)),
    keepAlive: () => undefined,
  }
}

async function asProtocol<T>(log: Logger, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RpcError) throw new ProtocolError(error.code, error.message, error.data)
    if (error instanceof Failure)
      throw new ProtocolError(RPC.refused, error.message, { kind: error.kind, code: error.code })
    const errorId = randomUUID()
    log.error({ err: error, errorId }, 'mcp request failed unexpectedly')
    throw new ProtocolError(RPC.internal, 'Internal error', { errorId })
  }
}
