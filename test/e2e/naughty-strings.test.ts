import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { systemClock } from '#kernel/clock'
import { loadConfig } from '../../src/settings.ts'
import { buildApp } from '../../src/app.ts'
import { quiet, testDatabase } from '../support/database.ts'
import { testTenant } from '../support/tenant.ts'

const NAUGHTY = join(import.meta.dirname, '../../../shared/data/bad-input/blns/blns.json')

const Schema = z.object({
  enum: z.array(z.unknown()).optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  anyOf: z.array(z.looseObject({ type: z.string().optional() })).optional(),
  items: z.looseObject({ type: z.string().optional() }).optional(),
  get properties() {
    return z.record(z.string(), Schema).optional()
  },
  additionalProperties: z.unknown().optional(),
})
type Schema = z.output<typeof Schema>
const Listing = z.object({ tools: z.array(z.object({ name: z.string(), inputSchema: Schema })) })

type Arguments = Readonly<Record<string, unknown>>
interface Place {
  readonly tool: string
  readonly path: string
  readonly args: (text: string) => Arguments
}

it.skipIf(!existsSync(NAUGHTY))(
  'every naughty string is accepted or refused by every tool with a text argument, and causes no internal error',
  async () => {
    const strings = z.array(z.string()).parse(JSON.parse(await readFile(NAUGHTY, 'utf8')))
    expect(strings.length).toBeGreaterThan(400)
    const database = await testDatabase()
    const environment = {
      ENVIRONMENT: 'test',
      DATABASE_URL: database.url,
      SERVER_PORT: '0',
      RATE_LIMIT_ENABLED: 'false',
    }
    const config = loadConfig(environment)
    const app = await buildApp({ config, clock: systemClock, log: quiet, version: 'test', as: 'server' })
    try {
      const { url } = await app.listen()
      const tenant = await testTenant(database)
      const scopes = ['customers:read', 'customers:write', 'tasks:read', 'tasks:write'] as const
      const person = { name: 'Naughty', email: 'naughty@example.com', password: 'Right-Horse-77-Battery' }
      const request = { requestId: 'req_test', signal: new AbortController().signal }
      const { actor, scopes: every, tenantId } = tenant.ctx()
      // Through the application's own context, because it encrypts personal data under its own key.
      const operator = { tenantId, actor, scopes: every }
      const { userId } = await app.access.addPerson(app.openContext(operator, request), { ...person, role: 'owner' })
      const ctx = app.openContext({ ...operator, userId }, request)
      const { key } = await app.access.createKey(ctx, { name: 'naughty', scopes: [...scopes] })
      const { tools } = Listing.parse(await (await fetch(`${url}/mcp/tools?server=all`)).json())
      const declared = app.modules.flatMap(({ server }) => Object.values(server?.toolsets ?? {}).flat())
      // Valid values of the other arguments, so that the string gets as far as it can.
      const needed = new Map(declared.map((tool) => [tool.name, tool.examples[0] ?? {}]))
      const makers = declared.filter(({ effect }) => effect === 'create')
      for (const maker of makers) for (const args of maker.examples) await call(url, key, maker.name, args)
      const places = tools.flatMap(({ name, inputSchema }) => placesOf(name, inputSchema, needed.get(name) ?? {}))
      const withText = new Set(places.map(({ tool }) => tool))
      expect(tools.map(({ name }) => name).filter((name) => !withText.has(name))).toEqual(['list_clients'])
      expect(places.map(({ tool, path }) => `${tool} ${path}`)).toEqual(
        expect.arrayContaining([
          'register_client client_id',
          'track_usage_engagement properties.*',
          'create_task title',
        ]),
      )
      await Promise.all(
        tools.map(async ({ name }) => {
          // One after another: concurrent calls are tested elsewhere. Each string goes into one argument of each tool,
          // the next string into the next argument: all combinations would take minutes.
          const own = places.filter(({ tool }) => tool === name)
          for (const [at, text] of strings.entries()) {
            const place = own[at % own.length]
            if (place !== undefined) requireSound(place, text, await call(url, key, name, place.args(text)))
          }
        }),
      )
    } finally {
      await app.close()
    }
  },
  300_000,
)

/** Every text argument of a tool, and every text field of an argument. */
function placesOf(tool: string, { properties = {} }: Schema, needed: Arguments): Place[] {
  return Object.entries(properties).flatMap(([name, schema]): Place[] => {
    const own: Place[] = takesText(schema) ? [{ tool, path: name, args: (text) => ({ ...needed, [name]: text }) }] : []
    const fields = Object.entries(schema.properties ?? {})
      .filter(([, field]) => takesText(field))
      .map(([field]) => ({ tool, path: `${name}.${field}`, args: nested(needed, name, field) }))
    const lists: Place[] =
      schema.items?.type === 'string' && schema.items['enum'] === undefined
        ? [{ tool, path: `${name}[]`, args: (text) => ({ ...needed, [name]: [text] }) }]
        : []
    const isOpen = schema.type === 'object' && schema.additionalProperties !== false
    const open: Place[] = isOpen
      ? [
          {
            tool,
            path: `${name}.*`,
            args: (text) => ({ ...needed, [name]: { user_id: text, feature: text, [text]: text } }),
          },
        ]
      : []
    return [...own, ...fields, ...lists, ...open]
  })
}

const nested = (needed: Arguments, name: string, field: string) => (text: string) => ({
  ...needed,
  [name]: { [field]: text },
})

/** Whether a schema accepts any text; an enum does not. */
function takesText({ type, anyOf, enum: words }: Schema): boolean {
  if (words !== undefined) return false
  return [type].flat().includes('string') || anyOf?.some((one) => one.type === 'string') === true
}

function requireSound({ tool, path }: Place, text: string, answer: { status: number; body: string }): void {
  const isBroken = answer.status >= 500 || /INTERNAL_ERROR|-32603|errorId/.test(answer.body)
  expect(isBroken ? { place: `${tool} ${path}`, text, answer } : 'sound').toBe('sound')
}

const CALL_MILLISECONDS_MAX = 10_000

async function call(
  url: string,
  key: string,
  name: string,
  args: Arguments,
): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    signal: AbortSignal.timeout(CALL_MILLISECONDS_MAX),
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  })
  return { status: response.status, body: await response.text() }
}
