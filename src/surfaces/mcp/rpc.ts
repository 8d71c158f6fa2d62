/** JSON-RPC 2.0 and MCP error codes (https://modelcontextprotocol.io/specification/2026-07-28/schema). */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Implementation-defined: authentication, limits, sessions; `data` has the details. */
  refused: -32000,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const

export type RpcId = string | number

/** A request or notification with a valid envelope; `params` is not validated yet. */
export interface RpcMessage {
  readonly id: RpcId | undefined
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** A protocol error: it is sent as a JSON-RPC error with this HTTP status. */
export class RpcError extends Error {
  readonly status: number
  readonly code: number
  readonly data: unknown
  readonly headers: readonly string[]

  constructor(
    status: number,
    code: number,
    message: string,
    extra: { data?: unknown; headers?: readonly string[] } = {},
  ) {
    super(message)
    this.name = 'RpcError'
    this.status = status
    this.code = code
    this.data = extra.data
    this.headers = extra.headers ?? []
  }
}

/** An HTTP response. Without a body it is an empty 202. `headers` is a flat list: name, value, name, value. */
export interface Reply {
  readonly status: number
  readonly body?: string
  /** Cached bytes that follow `body` and are sent without a copy, and the text after them. */
  readonly kept?: { readonly bytes: Buffer; readonly tail: string }
  readonly headers?: readonly string[]
}

export const ACCEPTED: Reply = { status: 202 }

/** A JSON-RPC success with a result given as JSON text. */
export function resultReply(id: RpcId, resultJson: string): Reply {
  return { status: 200, body: `{"jsonrpc":"2.0","id":${idJson(id)},"result":${resultJson}}` }
}

/** A JSON-RPC success with a result given as cached bytes of JSON. */
export function keptReply(id: RpcId, bytes: Buffer): Reply {
  return { status: 200, body: `{"jsonrpc":"2.0","id":${idJson(id)},"result":`, kept: { bytes, tail: '}' } }
}

/** The whole body as text, for an answer inside a batch or an event. */
export function bodyText({ body = '', kept }: Reply): string {
  return kept === undefined ? body : `${body}${kept.bytes.toString()}${kept.tail}`
}

export function errorReply(id: RpcId | undefined, error: RpcError): Reply {
  const { code, message, data } = error
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: id ?? null,
    error: { code, message, ...(data !== undefined && { data }) },
  })
  return { status: error.status, body, headers: error.headers }
}

function idJson(id: RpcId): string {
  return typeof id === 'number' ? String(id) : JSON.stringify(id)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Validates the JSON-RPC envelope of a message. `'response'`: the message answers a request of this server. */
export function readMessage(value: unknown): RpcMessage | 'response' {
  if (!isRecord(value) || value['jsonrpc'] !== '2.0') throw notRpc()
  const { id, method, params } = value
  if (typeof method !== 'string') {
    if (method === undefined && id !== undefined && ('result' in value || 'error' in value)) return 'response'
    throw notRpc()
  }
  if (id !== undefined && typeof id !== 'string' && !(typeof id === 'number' && Number.isSafeInteger(id))) {
    throw notRpc(`its id is neither text nor a whole number up to ${Number.MAX_SAFE_INTEGER}`)
  }
  if (params !== undefined && !isRecord(params)) throw notRpc()
  return { id, method, params: params ?? {} }
}

function notRpc(why = 'the body is not a JSON-RPC 2.0 message of MCP'): RpcError {
  return new RpcError(400, RPC.invalidRequest, `Invalid Request: ${why}.`)
}
