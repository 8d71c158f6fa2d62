type Json = Readonly<Record<string, unknown>>

const OBJECT: Json = { 'application/json': { schema: { type: 'object' } } }

/** The security scheme of `/metrics` when `METRICS_TOKEN` is set. */
export const METRICS_TOKEN_SCHEME: Json = {
  metricsToken: { type: 'http', scheme: 'bearer', description: 'The value of `METRICS_TOKEN`, where that is set.' },
}

interface OpenOperation extends Json {
  readonly operationId: string
  /** Why it is public. */
  readonly description: string
}

/** The public operational endpoints as OpenAPI operations, each with the reason why it is public. */
export const OPEN_PATHS: Readonly<Record<string, { readonly get: OpenOperation }>> = {
  '/health': open(
    'health',
    'Whether the process and its database work',
    'Orchestrators and uptime checks ask before anybody has a credential; it tells two words.',
    ['200', '503'],
  ),
  '/ready': open(
    'ready',
    'Whether traffic may be sent here, and what fails if not',
    'Load balancers ask; it names checks, never data.',
    ['200', '503'],
  ),
  '/version': open('version', 'Which version runs', 'Whoever operates it compares versions; the code is public.', [
    '200',
  ]),
  '/api/v1/version': open(
    'api_version',
    'Which version runs, and of which interface',
    'Clients choose how to speak before they sign in.',
    ['200'],
  ),
  '/api/v1/openapi.json': open(
    'openapi',
    'This document',
    'It describes the interface and holds no data; client generators read it.',
    ['200'],
  ),
  '/metrics': open(
    'metrics',
    'What the process counts, for Prometheus',
    'Prometheus has no account here: counts alone, behind METRICS_TOKEN where that is set.',
    ['200', '401'],
    {
      security: [{}, { metricsToken: [] }],
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
  ),
  '/mcp/tools': open(
    'list_tools',
    'The MCP tools: names, titles and schemas',
    'The tools are those of the published product; people look before they sign up.',
    ['200', '404'],
    {
      tags: ['tools'],
      parameters: [
        {
          name: 'server',
          in: 'query',
          required: false,
          schema: { type: 'string' },
          description: 'Of this server; `all`: every tool. Without it, and without a toolset, the tools of `tasks`.',
        },
        {
          name: 'toolset',
          in: 'query',
          required: false,
          schema: { type: 'string' },
          description: 'Of this toolset only; without a server, in any of them.',
        },
      ],
    },
  ),
}

export const OPEN_TAGS: readonly string[] = ['operations', 'tools']

export const OPEN_IDS: readonly string[] = Object.values(OPEN_PATHS).map(({ get }) => get.operationId)

function open(
  operationId: string,
  summary: string,
  description: string,
  statuses: readonly string[],
  { content = OBJECT, ...rest }: Json & { readonly content?: Json } = {},
) {
  const responses = Object.fromEntries(
    statuses.map((status) => [status, { description: summary, content: status.startsWith('4') ? OBJECT : content }]),
  )
  return { get: { operationId, summary, description, tags: ['operations'], security: [], responses, ...rest } }
}
