import type { HttpRequest } from './load.ts'

const VERSION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
}

/** A stateless tools/call of protocol revision 2026-07-28. */
export function callRequest(tool: string, args: object, key?: string): HttpRequest {
  return post('tools/call', { name: tool, arguments: args }, { 'mcp-name': tool, ...bearer(key) })
}

export function listRequest(key?: string): HttpRequest {
  return post('tools/list', {}, bearer(key))
}

/** Whether a body is a successful tool result; a check by substrings, because it is called for every answer. */
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
