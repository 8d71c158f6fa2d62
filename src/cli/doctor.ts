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

/** Read when `--token` is absent, because other users of the machine can see arguments in the process list. */
const TOKEN_VARIABLE = 'PLIMSOLL_TOKEN'
const PATIENCE_SECONDS = 300

/** `plimsoll doctor <mcp-url>`: diagnoses this or any other MCP server. Exits with 1 when it finds a problem. */
export function registerDoctor(program: Command, environment: Environment, clock: Clock): void {
  program
    .command('doctor')
    .description('check how clients connect to an MCP server, from the first 401 to a tool result, and report problems')
    .argument('<mcp-url>', 'URL of the MCP endpoint', mcpUrl)
    .option('--token <token>', `bearer token or API key; safer in ${TOKEN_VARIABLE}, which other users cannot see`)
    .option('--sign-in', 'sign in with a browser on this machine to get a token')
    .option('--client-id <id>', 'OAuth client id, for servers without dynamic client registration')
    .option('--call <tool>', 'call this tool, without arguments, instead of a read-only one')
    .option('--timeout <seconds>', 'timeout of each request', seconds, 10)
    .option('--json', 'print each finding as a line of JSON')
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
        print(
          problems === 0 ? '\nNo problems found.' : `\n${problems} ${problems === 1 ? 'problem' : 'problems'} found.`,
        )
      process.exitCode = problems === 0 ? 0 : 1
    })
}

function printFinding({ step, outcome, found, fix }: Finding): void {
  print(`${outcome.padEnd(8)} ${step}: ${found}`)
  if (fix !== undefined) print(`${' '.repeat(8)} → ${fix}`)
}

function mcpUrl(text: string): string {
  if (!URL.canParse(text)) throw new InvalidArgumentError('expected a URL such as https://mcp.example.com/mcp')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new InvalidArgumentError('expected an http or https URL')
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('expected a URL without a user name and password')
  url.hash = ''
  return url.href
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 600)) throw new InvalidArgumentError('expected seconds from 1 to 600, such as 10')
  return value
}
