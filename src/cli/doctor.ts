import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Clock } from '#kernel/clock'
import type { Environment } from '#kernel/config/load'
import type { Finding } from './doctor/finding.ts'
import { print, printError } from './output.ts'

interface DoctorOptions {
  token?: string
  clientId?: string
  signIn?: true
  call?: string
  timeout: number
  json?: true
}

/** Read beside `--token`, which other users of the machine can see in the list of processes. */
const TOKEN_VARIABLE = 'PLIMSOLL_TOKEN'
const PATIENCE_SECONDS = 300

/** `plimsoll doctor <mcp-url>`: for this server and for any other. Ends with 1 when something is wrong. */
export function registerDoctor(program: Command, environment: Environment, clock: Clock): void {
  program
    .command('doctor')
    .description('walk the way into an MCP server, from 401 to a tool result, and say what is wrong')
    .argument('<mcp-url>', 'its MCP endpoint', mcpUrl)
    .option('--token <token>', `bearer token or API key; better in ${TOKEN_VARIABLE}, where nobody else sees it`)
    .option('--sign-in', 'get a token by signing in with a browser on this machine')
    .option('--client-id <id>', 'the client to sign in as, where clients are registered by hand')
    .option('--call <tool>', 'call this tool without arguments, instead of one that only reads')
    .option('--timeout <seconds>', 'how long one answer may take', seconds, 10)
    .option('--json', 'one finding a line, as JSON')
    .action(async (url: string, options: DoctorOptions) => {
      const token = options.token ?? environment[TOKEN_VARIABLE]
      const tell = options.json === true ? (finding: Finding) => print(JSON.stringify(finding)) : printFinding
      const what = {
        url,
        ...(token !== undefined && token !== '' && { token }),
        ...(options.clientId !== undefined && { clientId: options.clientId }),
        ...(options.call !== undefined && { tool: options.call }),
        signIn: options.signIn === true,
        timeoutSeconds: options.timeout,
        patienceSeconds: PATIENCE_SECONDS,
        now: clock,
        show: (place: string) => printError(`Open this URL in a browser on this machine:\n\n  ${place}\n`),
      }
      const { examine } = await import('./doctor/examine.ts')
      const findings = await examine(what, tell)
      const problems = findings.filter(({ outcome }) => outcome === 'problem').length
      if (options.json !== true)
        print(problems === 0 ? '\nNothing is wrong.' : `\n${problems} ${problems === 1 ? 'problem' : 'problems'}.`)
      process.exitCode = problems === 0 ? 0 : 1
    })
}

function printFinding({ step, outcome, found, todo }: Finding): void {
  print(`${outcome.padEnd(8)} ${step}: ${found}`)
  if (todo !== undefined) print(`${' '.repeat(8)} → ${todo}`)
}

function mcpUrl(text: string): string {
  if (!URL.canParse(text)) throw new InvalidArgumentError('expected a URL such as https://mcp.example.com/mcp')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new InvalidArgumentError('expected an http or https URL')
  if (url.username !== '' || url.password !== '') throw new InvalidArgumentError('credentials do not belong in a URL')
  url.hash = ''
  return url.href
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 600)) throw new InvalidArgumentError('expected seconds, such as 10')
  return value
}
