import type { HttpRequest } from './load.ts'

const VERSION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
}

/** A stateless tools/call, as a client of 2026-07-28 sends it. */
export function callRequest(tool: string, args: object, key?: string): HttpRequest {
  return post('tools/call', { name: tool, arguments: args }, { 'mcp-name': tool, ...bearer(key) })
}

export function listRequest(key?: string): HttpRequest {
  return post('tools/list', {}, bearer(key))
}

/** A result that is not an error, to the eye that only needs to know so much. */
export function isCallResult(body: string): boolean {
  return body.includes('"structuredContent":') && !body.includes('"isError":true')
}

function post(method: string, params: object, headers: Readonly<Record<string, string>>): HttpRequest {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': VERSION,
      'mcp-method': method,
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  }
}

const bearer = (key: string | undefined): Readonly<Record<string, string>> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` }
