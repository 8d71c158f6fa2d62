import type { EntryPoint } from '#kernel/entry-points'
import type { OpenRoute, Route, WebMount } from '#kernel/calls/route'
import type { SocketRoute } from '#kernel/calls/socket-route'
import type { StreamRoute } from '#kernel/calls/stream-route'
import { OPEN_PATHS } from './open-operations.ts'

/** The path of the protected resource metadata (RFC 9728), one document for each endpoint. */
const RESOURCE_METADATA = '/.well-known/oauth-protected-resource'

/** The public documents beside open routes and pages, each with the reason why it is public. */
export const PUBLIC_DOCUMENTS: readonly EntryPoint[] = [
  ...Object.entries(OPEN_PATHS).map(([path, { get }]) => document(path, get.description)),
  document(RESOURCE_METADATA, 'Clients without a token read here where to get one (RFC 9728).'),
]

export interface Stated {
  readonly routes: readonly Route[]
  readonly streams?: readonly StreamRoute[]
  readonly sockets?: readonly SocketRoute[]
  readonly openRoutes?: readonly OpenRoute[]
  readonly web?: readonly WebMount[]
}

/** Throws for a mounted path that declares neither a scope nor why it is public. */
export function requireStated(mounted: readonly (readonly [method: string, path: string])[], stated: Stated): void {
  const { routes, streams = [], sockets = [], openRoutes = [], web = [] } = stated
  const known = new Set([
    ...[...routes, ...streams, ...sockets, ...openRoutes].map(({ method, path }) => `${method} ${path}`),
    ...web.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`)),
    ...Object.keys(OPEN_PATHS).map((path) => `GET ${path}`),
  ])
  const silent = mounted
    .filter(([method, path]) => !known.has(`${method === 'HEAD' ? 'GET' : method} ${path}`))
    .map(([method, path]) => `${method} ${path}`)
  if (silent.length === 0) return
  throw new Error(
    `These are served and state neither a scope nor, in src/surfaces/http/open-operations.ts, why they are public:\n- ${silent.join('\n- ')}`,
  )
}

function document(path: string, reason: string): EntryPoint {
  const http = { methods: ['GET'], path }
  return { kind: 'document', name: `GET ${path}`, module: 'http', scopes: [], public: reason, http, changes: false }
}
