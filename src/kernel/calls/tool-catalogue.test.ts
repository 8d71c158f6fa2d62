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

  it.each([
    ['a parameter without a description', z.object({ rigging: z.string() }), 'parameter rigging needs a description'],
    [
      'a parameter of two types, also inside a list',
      z.object({ names: z.array(z.union([z.string(), z.int()])).describe('Names or numbers') }),
      'its input.names[] must not use anyOf',
    ],
    [
      'a parameter that takes anything',
      z.object({ cargo: z.object({ hold: z.unknown() }).describe('What she carries') }),
      'its input.cargo.hold must have exactly one type',
    ],
    [
      'a list of values that are not strings',
      z.object({ masts: z.literal([1, 2, 3]).describe('How many') }),
      'the values that its input.masts lists must be strings',
    ],
  ])('refuses %s', (_what, input, problem) => {
    const { name, title, describe: words, effect, scope, output } = good
    const careless = plainTool({ name, title, describe: words, effect, scope, input, output, run: good.run })
    expect(() => compileCatalogue([ships(careless)])).toThrow(problem)
  })

  it('refuses a most used tool that there is not, and more than eight', () => {
    const server = ships(plainTool(good))
    expect(() => compileCatalogue([{ ...server, mostUsed: ['sink_ship'] }])).toThrow('mostUsed names sink_ship')
    const names = Array.from({ length: 9 }, (_, index) => `find_ship_${index}`)
    const many = ships(...names.map((name) => plainTool({ ...good, name })))
    expect(() => compileCatalogue([{ ...many, mostUsed: names }])).toThrow('mostUsed must have at most 8 tools')
  })

  it('refuses instructions that clients would cut', () => {
    expect(() => compileCatalogue([{ ...ships(plainTool(good)), instructions: 'i'.repeat(2049) }])).toThrow(
      '2048 characters',
    )
  })
})
