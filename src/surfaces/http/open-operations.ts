type Json = Readonly<Record<string, unknown>>

const OBJECT: Json = { 'application/json': { schema: { type: 'object' } } }

/** How `/metrics` is read where `METRICS_TOKEN` is set. */
export const METRICS_TOKEN_SCHEME: Json = {
  metricsToken: { type: 'http', scheme: 'bearer', description: 'The value of `METRICS_TOKEN`, where that is set.' },
}

/** What is served without an API key, as the OpenAPI document describes it. */
export const OPEN_PATHS: Readonly<Record<string, { readonly get: { readonly operationId: string } & Json }>> = {
  '/health': open('health', 'Whether the process and its database work', ['200', '503']),
  '/ready': open('ready', 'Whether traffic may be sent here, and what fails if not', ['200', '503']),
  '/version': open('version', 'Which version runs', ['200']),
  '/api/v1/version': open('api_version', 'Which version runs, and of which interface', ['200']),
  '/api/v1/openapi.json': open('openapi', 'This document', ['200']),
  '/metrics': open('metrics', 'What the process counts, for Prometheus', ['200', '401'], {
    security: [{}, { metricsToken: [] }],
    content: { 'text/plain': { schema: { type: 'string' } } },
  }),
  '/mcp/tools': open('list_tools', 'The MCP tools: names, titles and schemas', ['200', '404'], {
    tags: ['tools'],
    parameters: [
      { name: 'server', in: 'query', required: false, schema: { type: 'string' }, description: 'Of this server only.' },
      {
        name: 'toolset',
        in: 'query',
        required: false,
        schema: { type: 'string' },
        description: 'Of this toolset only.',
      },
    ],
  }),
}

export const OPEN_TAGS: readonly string[] = ['operations', 'tools']

export const OPEN_IDS: readonly string[] = Object.values(OPEN_PATHS).map(({ get }) => get.operationId)

function open(
  operationId: string,
  summary: string,
  statuses: readonly string[],
  { content = OBJECT, ...rest }: Json & { readonly content?: Json } = {},
) {
  const responses = Object.fromEntries(
    statuses.map((status) => [status, { description: summary, content: status.startsWith('4') ? OBJECT : content }]),
  )
  return { get: { operationId, summary, tags: ['operations'], security: [], responses, ...rest } }
}
