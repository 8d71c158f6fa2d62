import { isolateEnvironment } from '#kernel/config/isolate-environment'
import { opener } from './cli/start.ts'
import { reportFailure } from './cli/open.ts'
import { serve } from './cli/serve.ts'
import { configuration } from './settings.ts'

/** Reads the settings, builds the application, serves until a stop signal, and stops cleanly. */
export function serveProduct(variables: NodeJS.ProcessEnv): Promise<void> {
  return reportFailure(() => serve(opener(isolateEnvironment(configuration, variables), 'server', 'stdout')))
}
