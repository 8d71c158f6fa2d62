import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { CustomerSettings } from '../../src/modules/customers/settings.ts'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import { customersModule } from '../../src/modules/customers/index.ts'
import { tasksModule } from '../../src/modules/tasks/index.ts'
import { MODERN_VERSION } from '../../src/surfaces/mcp/era.ts'
import { endpointsOf } from '../../src/surfaces/mcp/endpoint.ts'
import { TEST_CONFIRM_TOKENS } from '../support/tenant.ts'
import { listed } from '../../src/surfaces/mcp/tool-list.ts'
import type { ListedTool } from '../../src/surfaces/mcp/tool-list.ts'

const settings = CustomerSettings.parse({})
const servers = [customersModule({ settings }), tasksModule({ confirmTokens: TEST_CONFIRM_TOKENS })].flatMap(
  (module) => module.server ?? [],
)
const endpoints = endpointsOf([{ catalogue: compileCatalogue(servers), asRoot: true }])
const modern = { modern: true, version: MODERN_VERSION, capabilities: {} } as const
const listAt = (path: string): readonly ListedTool[] =>
  endpoints.get(path)?.listed.map((entry) => listed(entry, modern)) ?? []

/** A tool as hosts give it to a model: without titles, hints and output schemas. */
const asModelsSee = ({ name, description, inputSchema }: ListedTool) => ({
  name,
  description,
  input_schema: inputSchema,
})
const tokensOf = (value: unknown): number => {
  const text = JSON.stringify(value)
  return Math.max(countO200k(text), countCl100k(text))
}

/** The limit of tokens for 54 tools in a model's context: 222 each. */
const GOAL = { tools: 54, tokens: 12_000 }
const TOKENS_A_TOOL_MAX = 220
const TOKENS_OF_ONE_MAX = 320
/** The limit of tokens that a client receives, with titles, hints and output schemas. */
const TOKENS_A_TOOL_RECEIVED_MAX = 330
const LISTED_WHERE_SEARCHED_MAX = 25

describe('the listed tools', () => {
  const tools = listAt('/mcp')

  it('cost a model at most 220 tokens on average and 320 each, and a client at most 330 on average', () => {
    const perTool = tools.map((tool) => [tokensOf(asModelsSee(tool)), tool.name] as const)
    const average = tokensOf(tools.map(asModelsSee)) / tools.length
    process.stdout.write(`${table()}\n`)
    expect(tools.length).toBeGreaterThan(10)
    expect(average).toBeLessThanOrEqual(TOKENS_A_TOOL_MAX)
    expect(average * GOAL.tools).toBeLessThanOrEqual(GOAL.tokens)
    expect(perTool.filter(([count]) => count > TOKENS_OF_ONE_MAX)).toEqual([])
    expect(tokensOf(tools) / tools.length).toBeLessThanOrEqual(TOKENS_A_TOOL_RECEIVED_MAX)
  })

  it('are at most 25 with ?tools=search', () => {
    for (const [path, endpoint] of endpoints) {
      if (path.endsWith('tools=search'))
        expect(endpoint.listed.length, path).toBeLessThanOrEqual(LISTED_WHERE_SEARCHED_MAX)
      else expect(endpoint.listed, path).toEqual(endpoint.entries)
    }
  })
})

/** The cost of the list of every endpoint. */
function table(): string {
  const rows = [...endpoints.keys()]
    .filter((path) => !path.includes('readonly'))
    .map((path) => {
      const shown = listAt(path)
      return `${path}: ${shown.length} tools, ${tokensOf(shown.map(asModelsSee))} tokens to a model, ${tokensOf(shown)} to a client`
    })
  return ['tools/list', ...rows].join('\n  ')
}
