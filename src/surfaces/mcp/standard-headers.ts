import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { RPC, RpcError } from './rpc.ts'
import type { RpcMessage } from './rpc.ts'

/** The parameter that the `Mcp-Name` header repeats, by method. */
const NAME_SOURCE: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
}

/**
 * Throws -32020 unless `MCP-Protocol-Version`, `Mcp-Method` and `Mcp-Name` are present and equal to the body, so that a
 * request cannot pass a proxy that routes by header as something else (SEP-2243).
 */
export function requireHeadersAgree(message: RpcMessage, version: string, headers: IncomingHttpHeaders): void {
  requireSame('MCP-Protocol-Version', headers['mcp-protocol-version'], version)
  requireSame('Mcp-Method', headers['mcp-method'], message.method)
  const source = NAME_SOURCE[message.method]
  const name = source === undefined ? undefined : message.params[source]
  if (typeof name === 'string') requireSame('Mcp-Name', decoded(headers['mcp-name']), name)
}

function requireSame(header: string, value: string | string[] | undefined, body: string): void {
  if (value === undefined) throw mismatch(`the ${header} header is missing`)
  if (value === body) return
  if (typeof value === 'string' && value.trim() === body) return
  throw mismatch(`the ${header} header does not match the body`)
}

const SENTINEL = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/** Decodes `=?base64?…?=`, the encoding of names that a header cannot contain. */
function decoded(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || !header.includes('=?base64?')) return Array.isArray(header) ? header[0] : header
  const encoded = SENTINEL.exec(header.trim())?.[1]
  const bytes = Buffer.from(encoded ?? '', 'base64')
  if (encoded === undefined || bytes.toString('base64') !== encoded || !isUtf8(bytes)) {
    throw mismatch('the Mcp-Name header is not valid base64')
  }
  return bytes.toString('utf8')
}

function mismatch(what: string): RpcError {
  return new RpcError(400, RPC.headerMismatch, `Header mismatch: ${what}.`)
}
