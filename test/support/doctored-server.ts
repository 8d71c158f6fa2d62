import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const NOW = new Date('2026-11-20T12:00:00Z')
export type Answers = Record<string, RequestListener>

export const json =
  (value: unknown, status = 200): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

export const html: RequestListener = (_req, res) =>
  void res.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')
export const silence: RequestListener = () => undefined
export const redirect =
  (location: string): RequestListener =>
  (_req, res) =>
    void res.writeHead(302, { location }).end()

export const bearer = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  // safe because: a request without an encoding is read in buffers.
  for await (const chunk of req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** A correct MCP server with its authorization server, in which `change` introduces a fault. */
export async function serveMcp(
  change: (answers: Answers, url: string) => void = () => undefined,
): Promise<{ url: string; token: string; close: () => void }> {
  const answers: Answers = {}
  const server = createServer((req, res) => {
    const answer = answers[(req.url ?? '').split('?', 1)[0] ?? '']
    if (answer === undefined) res.writeHead(404).end()
    else void answer(req, res)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const token = bearer({ iss: url, aud: `${url}/mcp`, exp: NOW.getTime() / 1000 + 600, scope: 'x:read' })
  const metadata = `${url}/.well-known/oauth-protected-resource/mcp`
  const resource = { resource: `${url}/mcp`, authorization_servers: [url], scopes_supported: ['x:read'] }
  answers['/mcp'] = (req, res) => void mcp(req, res, token, `Bearer scope="x:read", resource_metadata="${metadata}"`)
  answers['/.well-known/oauth-protected-resource/mcp'] = json(resource)
  answers['/.well-known/oauth-protected-resource'] = json(resource)
  answers['/.well-known/oauth-authorization-server'] = json(issuerMetadata(url))
  answers['/authorize'] = (req, res) => {
    const asked = new URL(req.url ?? '', url).searchParams
    const back = new URL(asked.get('redirect_uri') ?? '')
    back.search = String(new URLSearchParams({ code: 'code-1', state: asked.get('state') ?? '', iss: url }))
    res.writeHead(302, { location: back.href }).end()
  }
  answers['/register'] = json({ client_id: 'client-1' }, 201)
  answers['/token'] = json({ access_token: token, token_type: 'Bearer' })
  change(answers, url)
  return { url: `${url}/mcp`, token, close: () => server.close().closeAllConnections() }
}

export const issuerMetadata = (url: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}/token`,
  registration_endpoint: `${url}/register`,
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
})

async function mcp(req: IncomingMessage, res: ServerResponse, token: string, challenge: string): Promise<void> {
  const asked = await bodyOf(req)
  if (req.headers.authorization !== `Bearer ${token}`) {
    res.writeHead(401, { 'www-authenticate': challenge }).end()
    return
  }
  const method = /"method":"([^"]+)"/.exec(asked)?.[1] ?? ''
  const tools = [{ name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }]
  const results: Record<string, unknown> = {
    initialize: { protocolVersion: '2025-11-25', serverInfo: { name: 'good', version: '1' }, capabilities: {} },
    'server/discover': { supportedVersions: ['2026-07-28'] },
    'tools/list': { tools },
    'tools/call': { content: [] },
  }
  if (results[method] === undefined) return void res.writeHead(202).end()
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.end(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: results[method] })}\n\n`)
}
