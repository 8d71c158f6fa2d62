import { countTokens as countCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as countO200k } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { CustomerSettings } from '../../src/modules/customers/settings.ts'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import { customersModule } from '../../src/modules/customers/index.ts'
import { tasksModule } from '../../src/modules/tasks/index.ts'
import { MODERN_VERSION } from '../../src/surfaces/mcp/era.ts'
import { TEST_CONFIRM_TOKENS } from '../support/tenant.ts'
import { listed } from '../../src/surfaces/mcp/tool-list.ts'

const settings = CustomerSettings.parse({})
const servers = [customersModule({ settings }), tasksModule({ confirmTokens: TEST_CONFIRM_TOKENS })].flatMap(
  (module) => module.server ?? [],
)
const { entries } = compileCatalogue(servers)
const modern = { modern: true, version: MODERN_VERSION, capabilities: {} } as const
const tools = entries.map((entry) => listed(entry, modern))

/**
 * What the tools cost in a model's context. The goal is 12,000 tokens for 54 tools, 222 each: these, which have the most
 * parameters of all areas, are above it, and may not grow.
 */
const GOAL = { tools: 54, tokens: 12_000 }
const TOKENS_A_TOOL_MAX = 330
const TOKENS_OF_ONE_MAX = 440

describe('the tools as they are listed', () => {
  it('cost a model at most 330 tokens on average, and none over 440', () => {
    const text = JSON.stringify(tools)
    const tokens = { o200k: countO200k(text), cl100k: countCl100k(text) }
    const perTool = tools.map((tool) => [countO200k(JSON.stringify(tool)), tool.name] as const)
    const average = Math.max(tokens.o200k, tokens.cl100k) / tools.length
    const [largest] = perTool.toSorted(([a], [b]) => b - a)
    process.stdout.write(
      `tools/list: ${tools.length} tools, ${text.length} characters, ${tokens.o200k} tokens (o200k), ${tokens.cl100k} (cl100k), ${Math.round(average)} a tool; the largest is ${largest?.[1]} with ${largest?.[0]}; ${GOAL.tools} such tools would cost ${Math.round(average * GOAL.tools)}, the goal is ${GOAL.tokens}\n`,
    )
    expect(tools.length).toBeGreaterThan(0)
    expect(average).toBeLessThanOrEqual(TOKENS_A_TOOL_MAX)
    expect(average * tools.length).toBeLessThanOrEqual(GOAL.tokens)
    expect(perTool.filter(([count]) => count > TOKENS_OF_ONE_MAX)).toEqual([])
  })
})
