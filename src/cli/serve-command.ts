import { Option } from 'commander'
import type { Command } from 'commander'
import type { OpenApp } from './open.ts'
import { reportFailure } from './open.ts'
import type { PipeCaller } from './serve.ts'

interface ServeOptions extends PipeCaller {
  readonly stdio?: true
}

/** `plimsoll serve`: over HTTP, or with `--stdio` for one MCP client that starts the process. */
export function registerServe(program: Command, open: OpenApp, openBeside: OpenApp): void {
  program
    .command('serve')
    .description('serve MCP and HTTP until stopped')
    .option('--stdio', 'serve one MCP client over standard input and output')
    .option('--path <path>', 'with --stdio: the endpoint to serve, e.g. /mcp/customers/health?readonly', '/mcp')
    .addOption(new Option('--key <key>', 'with --stdio: the API key to use').env('PLIMSOLL_API_KEY'))
    .action(async (options: ServeOptions) => {
      const { serve, servePipe } = await import('./serve.ts')
      await reportFailure(() => (options.stdio ? servePipe(openBeside, options) : serve(open)))
    })
}
