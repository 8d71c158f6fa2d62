import { describe, expect, it } from 'vitest'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import { CustomerSettings } from '../../modules/customers/settings.ts'
import type { ToolServer } from '#kernel/calls/tool'
import { customersModule } from '../../modules/customers/index.ts'
import { TEST_CONFIRM_TOKENS } from '../../../test/support/tenant.ts'
import { tasksModule } from '../../modules/tasks/index.ts'
import { endpointsOf } from './endpoint.ts'

const CHARACTERS_MAX = 2048
const product = [
  customersModule({ settings: CustomerSettings.parse({}) }),
  tasksModule({ confirmTokens: TEST_CONFIRM_TOKENS }),
].flatMap(({ server }) => server ?? [])

describe('the instructions of /mcp', () => {
  it('hold whole paragraphs of every server, the first of each, within what clients read', () => {
    const text = atRoot(product)
    expect(text.length).toBeLessThanOrEqual(CHARACTERS_MAX)
    for (const { title, instructions } of product) {
      const paragraphs = instructions.split('\n\n')
      const kept = paragraphs.filter((paragraph) => text.includes(paragraph))
      expect(text).toContain(`# ${title}\n\n${paragraphs[0]}`)
      expect(kept.length).toBeGreaterThan(2)
      expect(kept).toEqual(paragraphs.slice(0, kept.length))
    }
    const all = new Set(product.flatMap(({ title, instructions }) => [`# ${title}`, ...instructions.split('\n\n')]))
    expect(text.split('\n\n').filter((paragraph) => !all.has(paragraph))).toEqual([])
  })

  it('give what one server does not need to the others', () => {
    const long = 'x'.repeat(1500)
    expect(atRoot([server('short', 'Short.'), server('long', `Long.\n\n${long}`)])).toContain(long)
  })

  it('are its own where there is one server', () => {
    expect(atRoot([server('one', 'All there is.')])).toBe('All there is.')
  })
})

const server = (name: string, instructions: string): ToolServer => ({ name, title: name, instructions, toolsets: {} })

function atRoot(servers: readonly ToolServer[]): string {
  return endpointsOf([{ catalogue: compileCatalogue(servers), asRoot: true }]).get('/mcp')?.instructions ?? ''
}
