import type { Command, Option } from 'commander'
import type { Environment } from '#kernel/config/load'
import { print } from './output.ts'

const BASH = `_plimsoll() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(plimsoll completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _plimsoll plimsoll`

const SCRIPTS = {
  bash: BASH,
  zsh: `autoload -U +X bashcompinit && bashcompinit\n${BASH}`,
  fish: `complete -c plimsoll -f -a '(plimsoll completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
} as const

/**
 * `plimsoll completion <shell>`: prints a script that completes commands, options, and names of tools in that shell. The
 * script asks `plimsoll completion words` for what may follow.
 */
export function registerCompletion(program: Command, environment: Environment): void {
  const completion = program.command('completion').description('print a script that completes commands in a shell')
  for (const [shell, script] of Object.entries(SCRIPTS))
    completion
      .command(shell)
      .description(`print the script for ${shell}`)
      .action(() => print(script))
  completion
    .command('words', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      for (const word of await candidates(program, words, environment)) print(word)
    })
}

/** What may stand in the place of the last word. */
async function candidates(program: Command, words: readonly string[], environment: Environment): Promise<string[]> {
  let command = program
  const before = words.slice(0, -1)
  for (const word of before) command = command.commands.find((each) => each.name() === word) ?? command
  const isNaming = command.name() === 'call' && before.filter((word) => !word.startsWith('-')).length === 1
  const visible = command.createHelp()
  return [
    ...visible.visibleCommands(command).map((each) => each.name()),
    ...(isNaming ? await toolNames(environment) : []),
    ...visible.visibleOptions(command).flatMap(longName),
  ]
}

const longName = (option: Option): string[] => (option.long === undefined ? [] : [option.long])

async function toolNames(environment: Environment): Promise<string[]> {
  const { listTools } = await import('./call-command.ts')
  // Without a server there are no names to offer.
  return listTools(environment, { timeout: 1 }).then(
    (tools) => tools.map(({ name }) => name),
    () => [],
  )
}
