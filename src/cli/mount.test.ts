import { Command } from 'commander'
import { expect, expectTypeOf, it } from 'vitest'
import { commandOf } from '#kernel/commands/command'
import { argument, invalidValue, option } from '#kernel/commands/command-values'
import { mountCommands } from './mount.ts'

const nothing = () => Promise.reject(new Error('nothing is opened'))

function programWith(...declared: Parameters<typeof mountCommands>[1]) {
  const program = new Command('plimsoll').exitOverride().configureOutput({ writeErr: () => undefined })
  program.command('serve')
  mountCommands(program, declared, nothing)
  return program
}

const holds: object[] = []
const hold = commandOf<{ balance: number }>()({
  name: 'hold',
  describe: 'hold credits',
  arguments: { account: argument.required(), reasons: argument.many() },
  options: {
    credits: option.required('number', 'how many', wholeCredits),
    until: option.optional('day', 'until when'),
    meter: option.choice('meter', 'of what', { choices: ['tokens', 'calls'], preset: 'tokens' }),
    dryRun: option.flag('keep nothing'),
    tag: option.repeated('text', 'what for; may be repeated'),
  },
  async run(_open, given) {
    expectTypeOf(given).toEqualTypeOf<
      {
        readonly account: string
        readonly reasons: readonly string[]
      } & {
        readonly credits: number
        readonly until: string | undefined
        readonly meter: 'tokens' | 'calls'
        readonly dryRun: boolean
        readonly tag: readonly string[]
      }
    >()
    holds.push(given)
  },
})
const ledger = { name: 'ledger', commands: [{ name: 'ledger', describe: 'the ledger', commands: [hold] }] }

function wholeCredits(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw invalidValue('Expected whole credits such as 100.')
}

it('a command gets its arguments and options by name, parsed, with what was not given as declared', async () => {
  const program = programWith(ledger)
  await program.parseAsync(['ledger', 'hold', 'acme', 'one', 'two', '--credits', '7', '--tag', 'a', '--tag', 'b'], {
    from: 'user',
  })
  expect(holds).toEqual([
    {
      account: 'acme',
      reasons: ['one', 'two'],
      credits: 7,
      until: undefined,
      meter: 'tokens',
      dryRun: false,
      tag: ['a', 'b'],
    },
  ])
})

it('a value that does not parse is refused with the words of its parser', async () => {
  const words = ['ledger', 'hold', 'acme', 'one', '--credits', 'many']
  await expect(programWith(ledger).parseAsync(words, { from: 'user' })).rejects.toThrow(
    "option '--credits <number>' argument 'many' is invalid. Expected whole credits such as 100.",
  )
})

it('a command that two modules bring, or a module and the command line, is refused naming both', () => {
  const other = { name: 'other', commands: [{ ...hold, name: 'ledger' }] }
  expect(() => programWith(ledger, other)).toThrow('command ledger: by ledger and by other')
  const taken = { name: 'other', commands: [{ ...hold, name: 'serve' }] }
  expect(() => programWith(taken)).toThrow('command serve: by the command line and by other')
})
