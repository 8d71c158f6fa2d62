import { z } from 'zod'
import { FAILURES } from '#kernel/failure'
import type { OpenRoute, Route } from '#kernel/calls/route'
import type { SocketRoute } from '#kernel/calls/socket-route'
import type { StreamRoute } from '#kernel/calls/stream-route'
import { METRICS_TOKEN_SCHEME, OPEN_IDS, OPEN_PATHS, OPEN_TAGS } from './open-operations.ts'
import { strict } from './request-parts.ts'

export interface OpenApiOptions {
  readonly routes: readonly DescribedRoute[]
  readonly version: string
  readonly publicUrl: string | undefined
}

type DescribedRoute = Route | StreamRoute | SocketRoute | OpenRoute

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI 3.1 document of the routes, made from the schemas that validate their requests. */
export function openApiDocument({ routes, version, publicUrl }: OpenApiOptions): Json {
  const paths: Record<string, Record<string, Json>> = {}
  const idOf = operationIds(routes)
  for (const route of routes) {
    ;(paths[templateOf(route.path)] ??= {})[route.method.toLowerCase()] = operation(route, idOf(route))
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Plimsoll',
      version,
      description: 'MCP servers you can put in production, and prove it. This is the REST side; MCP is at `/mcp`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    tags: [...new Set([...OPEN_TAGS, ...routes.flatMap((route) => route.tags)])].sort().map((name) => ({ name })),
    paths: { ...OPEN_PATHS, ...paths },
    components: { securitySchemes: SECURITY_SCHEMES, schemas: { Error: schemaOf(ErrorShape, 'output') } },
    security: [{ key: [] }, { keyAsUser: [] }],
  }
}

const ErrorShape = z.object({
  error: z.object({
    code: z
      .string()
      .describe('For programs.')
      .meta({ examples: Object.values(FAILURES).map(({ code }) => code) }),
    message: z.string().describe('For people.'),
    details: z.record(z.string(), z.unknown()).optional(),
    timestamp: z.iso.datetime(),
    request_id: z.string(),
  }),
})

const Meta = z.object({ timestamp: z.iso.datetime(), request_id: z.string() })

const SECURITY_SCHEMES = {
  key: { type: 'http', scheme: 'bearer', description: 'An API key, from `plimsoll keys create`.' },
  keyAsUser: { type: 'http', scheme: 'basic', description: 'The API key as user name, with no password.' },
  ...METRICS_TOKEN_SCHEME,
}

function operation(route: DescribedRoute, operationId: string): Json {
  const { summary, tags } = route
  const body = 'body' in route ? route.body : undefined
  const requestBody = body && { required: true, content: jsonContent(schemaOf(strict(body), 'input')) }
  return {
    operationId,
    summary,
    tags: [...tags],
    ...('scopes' in route
      ? { description: `Needs the scope ${route.scopes.map((scope) => `\`${scope}\``).join(' and ')}.` }
      : { description: `Needs no scope. ${route.public}`, security: [] }),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...parameters('header', 'errorBody' in route ? route.headers : undefined),
    ],
    ...(requestBody !== undefined && { requestBody }),
    responses: {
      ...outcome(route),
      '4XX': failure('What was wrong with the request.', route),
      '5XX': failure('What went wrong here.', route),
    },
  }
}

function outcome(route: DescribedRoute): Json {
  if ('protocol' in route) return { '101': { description: `A WebSocket connection that speaks ${route.protocol}.` } }
  if ('errorBody' in route) return { '200': streamed(route) }
  return { [String(route.status ?? 200)]: success(route) }
}

function success(route: Route | OpenRoute): Json {
  if (route.status === 204) return { description: 'Done.' }
  const data = schemaOf(route.response, 'output')
  if (route.envelope === 'bare') {
    const { contentType = 'application/json' } = route
    return { description: 'The result.', content: { [contentType]: { schema: data } } }
  }
  const schema = {
    type: 'object',
    required: ['data', 'meta'],
    properties: { data, meta: schemaOf(Meta, 'output') },
  }
  return { description: 'The result.', content: jsonContent(schema) }
}

function streamed({ response }: StreamRoute): Json {
  return {
    description: 'The result, as it comes.',
    content: {
      'text/event-stream': { schema: { type: 'string' } },
      ...(response !== undefined && jsonContent(schemaOf(response, 'output'))),
    },
  }
}

/** The error responses of a route; a streaming route has its own error format. */
function failure(description: string, route: DescribedRoute): Json {
  const schema = 'errorBody' in route ? { type: 'object' } : { $ref: '#/components/schemas/Error' }
  return { description, content: jsonContent(schema) }
}

function jsonContent(schema: Json): Json {
  return { 'application/json': { schema } }
}

function parameters(place: 'path' | 'query' | 'header', shape: z.ZodObject | undefined): readonly Json[] {
  if (shape === undefined) return []
  const { properties = {}, required = [] } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }))
}

/** Zod writes JSON Schema 2020-12, the dialect of OpenAPI 3.1, so only `$schema` is left out. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
  return rest
}

function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

/** A unique operation id: `track` for `/v1/track`; with several methods on a path, `get_clients_by_client_id`. */
function operationIds(routes: readonly DescribedRoute[]): (route: DescribedRoute) => string {
  const name = ({ path }: DescribedRoute) =>
    path
      .replace(/^(\/api)?\/v\d+\//, '')
      .replace(/:(\w+)/g, 'by_$1')
      .replace(/[^A-Za-z0-9]+/g, '_')
      .replace(/^_|_$/g, '')
  const names = [...OPEN_IDS, ...routes.map(name)]
  const isShared = (own: string) => names.filter((other) => other === own).length > 1
  return (route) => (isShared(name(route)) ? `${route.method.toLowerCase()}_${name(route)}` : name(route))
}
