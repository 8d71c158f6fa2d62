import { fetchJson } from '#kernel/network/fetch-json'
import { Failure } from '#kernel/failure'

export const MCP_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

const LEGACY = '2025-11-25'
const MODERN = '2026-07-28'

/** The first message of a client of a revision before 2026-07-28. */
export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'plimsoll-doctor', version: '1' } },
} as const

export interface RpcAnswer {
  readonly status: number
  readonly headers: Headers
  readonly result?: unknown
  readonly error?: unknown
}

/** An MCP client for the checks, for revisions before and since 2026-07-28. */
export function mcpCaller(url: string, token: string | undefined, timeoutSeconds: number) {
  let id = 1
  let session: string | undefined
  const send = async (message: object, headers: Readonly<Record<string, string>>): Promise<RpcAnswer> => {
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const body = JSON.stringify(message)
    const request = { method: 'POST' as const, body, timeoutSeconds, bytesMax: 8 * 1024 * 1024 }
    const answer = await fetchJson(url, { ...request, headers: { ...MCP_HEADERS, ...bearer, ...headers } })
    session = answer.headers.get('mcp-session-id') ?? session
    const said = answer.headers.get('content-type')?.includes('text/event-stream')
      ? lastEvent(answer.text)
      : answer.json
    return { status: answer.status, headers: answer.headers, ...rpcParts(said) }
  }
  const sessionHeaders = () => (session === undefined ? {} : { 'mcp-session-id': session })
  return {
    initialize: () => send(INITIALIZE, {}),
    initialized: () =>
      send(
        { jsonrpc: '2.0', method: 'notifications/initialized' },
        { 'mcp-protocol-version': LEGACY, ...sessionHeaders() },
      ),
    /** Sends a request as a client that has called `initialize`. */
    legacy: (method: string, params: object) =>
      send({ jsonrpc: '2.0', id: ++id, method, params }, { 'mcp-protocol-version': LEGACY, ...sessionHeaders() }),
    /** Sends a request as a client of 2026-07-28, which needs no `initialize`. */
    modern(method: string, params: object) {
      const about = {
        'io.modelcontextprotocol/protocolVersion': MODERN,
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'plimsoll-doctor', version: '1' },
      }
      const message = { jsonrpc: '2.0', id: ++id, method, params: { ...params, _meta: about } }
      return send(message, { 'mcp-protocol-version': MODERN, 'mcp-method': method })
    },
  }
}

export type McpCaller = ReturnType<typeof mcpCaller>

function lastEvent(stream: string): unknown {
  const data = stream
    .split(/\r?\n\r?\n/)
    .map((event) => [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n'))
    .filter((text) => text !== '')
  try {
    return JSON.parse(data.at(-1) ?? '')
  } catch (cause) {
    throw new Failure('upstream', 'The event stream contains no JSON-RPC answer.', { cause })
  }
}

function rpcParts(said: unknown): { result?: unknown; error?: unknown } {
  if (typeof said !== 'object' || said === null) return {}
  return { ...('result' in said && { result: said.result }), ...('error' in said && { error: said.error }) }
}
