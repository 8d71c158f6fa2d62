import { Command } from 'commander'
import { isolateEnvironment } from '#kernel/config/isolate-environment'
import { registerCall } from './call-command.ts'
import { registerCompletion } from './completion.ts'
import { registerConfig } from './config.ts'
import { registerDoctor } from './doctor.ts'
import { declarations } from '../declarations.ts'
import { mountCommands } from './mount.ts'
import { registerMigrate } from './migrate.ts'
import { registerSecrets } from './secrets-command.ts'
import { registerServe } from './serve-command.ts'
import { configuration } from '../settings.ts'
import { commandClock, opener, productVersion, schemaOpener } from './start.ts'

/** Runs the command named by the process arguments. Each command imports what it needs when it runs. */
export async function runCommandLine(variables: NodeJS.ProcessEnv): Promise<void> {
  process.stdout.on('error', ignoreClosedPipe)
  const environment = isolateEnvironment(configuration, variables)
  const openServer = opener(environment, 'server', 'stdout')
  const openCommand = opener(environment, 'command', 'stderr')

  const program = new Command('plimsoll').version(productVersion()).showHelpAfterError()
  registerServe(program, openServer, openCommand)
  registerMigrate(program, schemaOpener(environment))
  registerConfig(program, environment)
  registerCall(program, environment)
  registerCompletion(program, environment)
  registerDoctor(program, environment, commandClock)
  registerSecrets(program, openCommand)
  mountCommands(program, declarations, openCommand)

  await program.parseAsync()
}

/** Whoever reads the output may stop before its end, as `head` does. The command still completes its work. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
