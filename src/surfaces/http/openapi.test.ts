import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { startSurface } from '../../../test/support/http-surface.ts'
import { openApiDocument } from './openapi.ts'

const Client = z.object({
  client_id: z.string().describe('The caller’s own id.'),
  tier: z.enum(['standard', 'enterprise']).default('standard'),
  since: z.iso.date().optional(),
})
const base = { tags: ['clients'], scope: 'customers:read' } as const
const routes = [
  plainRoute({
    ...base,
    method: 'GET',
    path: '/api/v1/clients/:client_id',
    summary: 'One client',
    params: z.object({ client_id: z.string() }),
    query: z.object({ limit: z.coerce.number().int().max(100).default(20), from: z.string() }),
    response: Client,
    run: async () => ({ client_id: 'c' }),
  }),
  plainRoute({
    ...base,
    method: 'POST',
    path: '/v1/track',
    summary: 'Track',
    envelope: 'bare',
    body: z.looseObject({ event: z.string(), context: z.object({ ip: z.string() }).optional() }),
    response: z.object({ success: z.boolean() }),
    run: async () => ({ success: true }),
  }),
  plainRoute({
    ...base,
    method: 'DELETE',
    path: '/api/v1/clients/:client_id',
    summary: 'Forget',
    status: 204,
    params: z.object({ client_id: z.string() }),
    response: z.undefined(),
    run: async () => undefined,
  }),
]

const Operations = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string(), tags: z.array(z.string()) }))),
  tags: z.array(z.object({ name: z.string() })),
})

describe('the OpenAPI document', () => {
  it('is served without a key and is valid OpenAPI 3.1', async () => {
    const { surface, url } = await startSurface(routes, { env: { PUBLIC_URL: 'https://mcp.example.com' } })
    const response = await fetch(`${url}/api/v1/openapi.json`)
    const document = z.record(z.string(), z.unknown()).parse(await response.json())
    await surface.close(1)
    expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: 'https://mcp.example.com' }] })
    const validator = new Validator()
    const { valid, errors } = await validator.validate(document)
    expect(errors).toBeUndefined()
    expect([valid, validator.version]).toEqual([true, '3.1'])
  })

  it('is refused by that validator when it is wrong', async () => {
    const document = openApiDocument({ routes, version: '1', publicUrl: undefined })
    const { valid } = await new Validator().validate({ ...document, paths: { 'no-slash': 5 } })
    expect(valid).toBe(false)
  })

  it('names the code of every kind of failure, by which programs tell them apart', () => {
    const { components } = openApiDocument({ routes, version: '1', publicUrl: undefined })
    const examples = expect.arrayContaining(['INVALID_PARAMETERS', 'PAYMENT_REQUIRED', 'UNPROCESSABLE', 'TIMEOUT'])
    expect(components).toMatchObject({
      schemas: { Error: { properties: { error: { properties: { code: { examples } } } } } },
    })
  })

  it('declares every tag it uses, and gives every operation a short id of its own', () => {
    const document = openApiDocument({ routes, version: '1', publicUrl: undefined })
    const { paths, tags } = Operations.parse(document)
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    const declared = new Set(tags.map(({ name }) => name))
    expect(operations.flatMap((operation) => operation.tags).filter((tag) => !declared.has(tag))).toEqual([])
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['track', 'health', 'metrics', 'list_tools']))
    expect(ids).toEqual(expect.arrayContaining(['get_clients_by_client_id', 'delete_clients_by_client_id']))
  })

  it('says of every route what it takes, what it returns and which scope it needs', () => {
    const { paths } = openApiDocument({ routes, version: '1', publicUrl: undefined })
    expect(paths).toMatchObject({
      '/api/v1/clients/{client_id}': {
        get: {
          summary: 'One client',
          description: 'Needs the scope `customers:read`.',
          parameters: [
            { name: 'client_id', in: 'path', required: true },
            { name: 'limit', in: 'query', required: false, schema: { maximum: 100, default: 20 } },
            { name: 'from', in: 'query', required: true },
          ],
          responses: {
            '200': { content: { 'application/json': { schema: { required: ['data', 'meta'] } } } },
            '4XX': { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
          },
        },
        delete: { responses: { '204': { description: 'Done.' } } },
      },
      '/v1/track': {
        post: {
          requestBody: { required: true, content: { 'application/json': { schema: { required: ['event'] } } } },
          responses: { '200': { content: { 'application/json': { schema: { required: ['success'] } } } } },
        },
      },
      '/health': { get: { security: [] } },
    })
  })
})
