import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import { addressBucket } from '#kernel/network/address'
import { Failure } from '#kernel/failure'
import type { Limiter } from '#kernel/calls/limits'
import type { Metrics } from '#kernel/telemetry/metrics'
import type { ToolCatalogue } from '#kernel/calls/tool-catalogue'
import { crossOrigin } from '../http/cors.ts'
import { refuseCredentialInUrl } from '../http/credential-in-url.ts'
import { errorBody } from '../http/envelope.ts'
import { requestGuard } from '../http/host-guard.ts'
import { requestIdOf } from '../http/request-id.ts'
import { describedPath, resourceMetadata } from './challenge.ts'
import type { ProtectedResource } from './challenge.ts'
import { endpointsOf, findEndpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { publicListing } from './public-listing.ts'
import type { Missing } from './public-listing.ts'
import type { Refuse } from './refuse.ts'
import type { Reply } from './rpc.ts'
import { rateHeaders, send } from './send.ts'

export interface RouterParts {
  readonly endpoints: ReadonlyMap<string, Endpoint>
  readonly catalogue: ToolCatalogue
  /** Protected resources of this server other than its MCP endpoints. */
  readonly resources: readonly ProtectedResource[]
  readonly issuers: () => readonly string[]
  readonly server: Config['server']
  readonly limiter: Limiter
  readonly clock: Clock
  readonly addressOf: (req: IncomingMessage) => string
  readonly publicUrlOf: (req: IncomingMessage) => string
  readonly handle: (req: IncomingMessage, res: ServerResponse, endpoint: Endpoint) => void
  readonly refuse: Refuse
  readonly observeRequest: Metrics['http']['finished']
}

export interface McpRouter {
  readonly serves: (url: string) => boolean
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void
  /** Refuses all further requests with this failure. */
  readonly shut: (failure: Failure) => void
}

const LISTING = '/mcp/tools'
const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Routes a request by its URL: to an endpoint, the public listing, a well-known document, or a 404. */
export function mcpRouter(parts: RouterParts): McpRouter {
  const { endpoints, server, refuse } = parts
  const guard = requestGuard(server)
  const allowPages = crossOrigin(server.corsOrigins)
  const listing = publicListing(parts.catalogue)
  const [anyEndpoint] = endpointsOf([{ catalogue: parts.catalogue, asRoot: true }]).values()
  if (anyEndpoint === undefined) throw new Error('There is no endpoint to serve.')
  let closed: Failure | undefined

  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const url = req.url ?? '/'
    const endpoint = findEndpoint(endpoints, url)
    const began = performance.now()
    res.on('close', () => {
      const route = endpoint?.path ?? publicRoute(url)
      parts.observeRequest(req.method ?? '', route, res.statusCode, (performance.now() - began) / 1000)
    })
    try {
      guard(req)
      if (closed !== undefined) throw closed
      if (req.headers.origin !== undefined && allowPages(req, res)) return
      refuseCredentialInUrl(url)
      if (endpoint !== undefined) return parts.handle(req, res, endpoint)
      answerPublic(req, res, url).catch((error: unknown) => refuse(req, res, anyEndpoint, error))
    } catch (error) {
      refuse(req, res, endpoint ?? anyEndpoint, error)
    }
  }

  /** Answers public documents, rate-limited per address. */
  const answerPublic = async (req: IncomingMessage, res: ServerResponse, url: string): Promise<void> => {
    const [path = '', query = ''] = url.split('?', 2)
    const reply = publicReply(path, query, req)
    if ('missing' in reply) return send(res, nothingHere(req, reply.missing))
    if (req.method !== 'GET' && req.method !== 'HEAD')
      throw new Failure('method_not_allowed', 'This document takes GET.')
    const rate = await parts.limiter.take('ip', addressBucket(parts.addressOf(req)))
    send(res, reply, rateHeaders(rate, parts.clock()))
  }

  /** A 404 in the error envelope of the REST API, for a URL without an endpoint. */
  const nothingHere = (req: IncomingMessage, message: string): Reply => {
    const body = errorBody({ status: 404, code: 'NOT_FOUND', message }, requestIdOf(req), parts.clock)
    return { status: 404, body: JSON.stringify(body) }
  }

  const publicReply = (path: string, query: string, req: IncomingMessage): Reply | Missing => {
    if (path === LISTING) return listing(new URLSearchParams(query))
    const described = describedPath(path)
    const resource =
      described === undefined
        ? undefined
        : (endpoints.get(described) ?? parts.resources.find((each) => each.path === described))
    if (resource === undefined) return { missing: 'There is no MCP endpoint at this URL.' }
    return resourceMetadata(resource, { publicUrl: parts.publicUrlOf(req), describedAs: path }, parts.issuers())
  }

  return {
    serves: (url) => /^\/mcp([/?]|$)/.test(url) || url.startsWith(WELL_KNOWN),
    handle,
    shut: (failure) => {
      closed = failure
    },
  }
}

/** The metrics label of a public URL. Unknown URLs share one label, so that callers cannot create labels. */
function publicRoute(url: string): string {
  const [path = ''] = url.split('?', 1)
  if (path === LISTING) return LISTING
  return describedPath(path) === undefined ? '(unknown)' : WELL_KNOWN
}
