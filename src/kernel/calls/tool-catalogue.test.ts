import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { plainTool } from '../../../test/support/plain-tool.ts'
import type { Tool, ToolServer } from './tool.ts'
import { compileCatalogue } from './tool-catalogue.ts'

const good = {
  name: 'find_ship',
  title: 'Find ship',
  describe: 'Finds a ship.',
  effect: 'read',
  scope: 'ships:read',
  input: z.object({ name: z.string().describe('Its name') }),
  output: z.object({ name: z.string() }),
  run: async () => ({ name: 'Beagle' }),
} as const

const ships = (...tools: Tool[]): ToolServer => ({
  name: 'ships',
  title: 'Ships',
  instructions: '',
  toolsets: { all: tools },
})

describe('the catalogue', () => {
  it('derives the hints from the effect', () => {
    const effects = ['read', 'create', 'update', 'destroy'] as const
    const tools = effects.map((effect) => plainTool({ ...good, name: `${effect}_ship`, effect }))
    const { entries } = compileCatalogue([ships(...tools)])
    expect(entries.map(({ hints }) => [hints.readOnlyHint, hints.destructiveHint, hints.idempotentHint])).toEqual([
      [true, false, true],
      [false, false, false],
      [false, false, true],
      [false, true, true],
    ])
  })

  it.each(['tools', 'all'])('refuses a server called %s, which means something else in the public listing', (name) => {
    expect(() => compileCatalogue([{ ...ships(plainTool(good)), name }])).toThrow(`server ${name}: `)
  })

  it('refuses a name twice, also across servers', () => {
    const other = { ...ships(plainTool(good)), name: 'harbours' }
    expect(() => compileCatalogue([ships(plainTool(good)), other])).toThrow('ships and harbours both have it')
  })

  it.each([
    ['a name that is too long', { name: 'n'.repeat(41) }, 'at most 40 characters'],
    ['a name that is not snake_case', { name: 'findShip' }, 'snake_case'],
    [
      'a parameter without a description',
      { input: z.object({ name: z.string() }) },
      'parameter name needs a description',
    ],
    ['no title', { title: ' ' }, 'needs a title'],
    ['no description', { describe: '' }, 'needs a description'],
  ])('refuses %s', (_what, change, problem) => {
    expect(() => compileCatalogue([ships(plainTool({ ...good, ...change }))])).toThrow(problem)
  })

  it('refuses an input that refers to itself', () => {
    const Node = z.object({
      get next() {
        return Node.optional().describe('The next one')
      },
    })
    const recursive = { ...good, input: Node } as unknown as typeof good
    expect(() => compileCatalogue([ships(plainTool(recursive))])).toThrow('ycle')
  })

  it('refuses instructions that clients would cut', () => {
    expect(() => compileCatalogue([{ ...ships(plainTool(good)), instructions: 'i'.repeat(2049) }])).toThrow(
      '2048 characters',
    )
  })
})
