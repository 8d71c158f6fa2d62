import { InvalidArgumentError, Option } from 'commander'
import type { Command as Program } from 'commander'
import type { Command, CommandGroup } from '#kernel/commands/command'
import type { Argument, Option as DeclaredOption } from '#kernel/commands/command-values'
import { requireDeclaredOnce } from '#kernel/startup/declared-once'
import { Failure } from '#kernel/failure'
import type { Declarations } from '#kernel/module'
import { commandNames } from '#kernel/startup/require-declarations'
import type { OpenApp } from './open.ts'

/** Adds the commands of modules. Throws when two have the same name, naming their modules. */
export function mountCommands(program: Program, declared: readonly Declarations[], open: OpenApp): void {
  const own = program.commands.map((each) => ({ kind: 'command', name: each.name(), module: 'the command line' }))
  requireDeclaredOnce([...own, ...commandNames(declared)])
  for (const { name: module, commands = [] } of declared) {
    for (const each of commands) mount(program, each, { module, open })
  }
}

interface Mounting {
  readonly module: string
  readonly open: OpenApp
}

function mount(under: Program, declared: Command | CommandGroup, mounting: Mounting): void {
  const mounted = under.command(declared.name).description(declared.describe)
  if ('commands' in declared) {
    for (const each of declared.commands) mount(mounted, each, mounting)
    return
  }
  const { arguments: places = {}, options = {} } = declared
  for (const [name, argument] of Object.entries(places)) mounted.argument(placeOf(name, argument), argument.describe)
  for (const [name, option] of Object.entries(options)) mounted.addOption(optionOf(name, option))
  mounted.action(async (...actual: unknown[]) => {
    const given = {
      ...Object.fromEntries(Object.entries(options).map(([name, { kind }]) => [name, valueOf(mounted, name, kind)])),
      ...Object.fromEntries(Object.keys(places).map((name, at) => [name, actual[at]])),
    }
    const [{ runCommand }, { commandOutput }] = await Promise.all([
      import('./run-command.ts'),
      import('./command-output.ts'),
    ])
    return runCommand(declared, { ...mounting, given, output: commandOutput })
  })
}

function valueOf(mounted: Program, name: string, kind: DeclaredOption<unknown>['kind']): unknown {
  const value: unknown = mounted.getOptionValue(name)
  return kind === 'flag' ? value === true : value
}

function placeOf(name: string, { kind }: Argument<unknown>): string {
  if (kind === 'optional') return `[${name}]`
  return kind === 'many' ? `<${name}...>` : `<${name}>`
}

function optionOf(name: string, declared: DeclaredOption<unknown>): Option {
  const { kind, value, describe, preset, choices, parse } = declared
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  const option = new Option(kind === 'flag' ? flag : `${flag} <${value}>`, describe)
  option.makeOptionMandatory(kind === 'required')
  if (choices !== undefined) option.choices(choices)
  if (preset !== undefined) option.default(preset)
  if (parse !== undefined) option.argParser((text) => parsed(text, parse))
  if (kind === 'repeated') option.default([]).argParser(collect)
  return option
}

function parsed(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof Failure) throw new InvalidArgumentError(error.message)
    throw error
  }
}

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value]
}
