import type { Command, CommandApp, CommandOutput } from '#kernel/commands/command'
import { Failure } from '#kernel/failure'
import type { App } from '../app.ts'
import { cliContext, reportFailure, tenantContext } from './open.ts'
import type { OpenApp } from './open.ts'
import { stopRequest } from './stop-request.ts'

export interface CommandCall {
  /** The name of the module that declares the command. */
  readonly module: string
  readonly open: OpenApp
  readonly given: object
  readonly output: CommandOutput
}

/** Runs a command of a module, sets its exit code, and closes the application in every case. */
export async function runCommand(command: Command, { module, open, given, output }: CommandCall): Promise<void> {
  await reportFailure(async () => {
    let app: App | undefined
    const opened = async () => partsFor(module, (app ??= await open()))
    try {
      process.exitCode = (await command.run(opened, given, output)) ?? process.exitCode
    } finally {
      await app?.close()
    }
  })
}

function partsFor(module: string, app: App): CommandApp<unknown> {
  const { platform, clock, modules, access } = app
  return {
    platform,
    clock,
    api: modules.find(({ name }) => name === module)?.api,
    tenants: async () => (await access.tenants()).map(({ tenantId }) => tenantId),
    context: (tenantId, signal) => cliContext(app, tenantId, signal),
    tenantContext: (tenantId, signal) => tenantContext(app, tenantId, signal),
    stopSignal,
  }
}

/** A signal that aborts on SIGTERM or SIGINT, so that PostgreSQL cancels the running statement too. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const abort = (signal: NodeJS.Signals) =>
    stop.abort(new Failure('cancelled', `Stopped by ${signal}. Run the same command again to continue.`))
  void stopRequest().asked.then(abort)
  return stop.signal
}
