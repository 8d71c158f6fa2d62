import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Environment } from '#kernel/config/load'
import { Failure } from '#kernel/failure'
import { listeningUrl } from '#kernel/network/public-url'
import { print, printError } from './output.ts'
import { settingsOrExit } from './start.ts'

interface CallOptions {
  url?: string
  key?: string
  args?: string
  describe?: true
  json?: true
  timeout: number
}

/** Read when `--key` is absent, because other users of the machine can see arguments in the process list. */
const KEY_VARIABLE = 'PLIMSOLL_API_KEY'
const WIDTH = 120

/** `plimsoll call [tool] [name=value…]`: calls a tool of a running server. */
export function registerCall(program: Command, environment: Environment): void {
  program
    .command('call')
    .description('call a tool of a running server and print its result as tables; without a tool, list the tools')
    .argument('[tool]', 'name of the tool, such as list_clients')
    .argument('[arguments...]', 'arguments of the tool: limit=5 tags=home,work filter.client_id=acme')
    .option('--url <url>', 'URL of the MCP endpoint; default: /mcp of the server that the settings describe')
    .option('--key <key>', `API key or access token; default: ${KEY_VARIABLE}, or the key of the demo company`)
    .option('--args <json>', 'further arguments as a JSON object')
    .option('--describe', 'describe the tool and its arguments instead of calling it')
    .option('--json', 'print the result as JSON')
    .option('--timeout <seconds>', 'how long to wait for the server', Number, 60)
    .action(async (tool: string | undefined, pairs: readonly string[], options: CallOptions) => {
      try {
        process.exitCode = await call(environment, tool, pairs, options)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        printError(error.message)
        process.exitCode = 1
      }
    })
}

/** The tools of the server that the settings describe. */
export async function listTools(environment: Environment, { timeout }: Pick<CallOptions, 'timeout'>) {
  const { toolCaller } = await import('./call/server.ts')
  return toolCaller({ ...(await endpoint(environment, {})), timeoutSeconds: timeout }).tools()
}

async function call(
  environment: Environment,
  name: string | undefined,
  pairs: readonly string[],
  { args, describe, json, timeout, ...given }: CallOptions,
): Promise<number> {
  const [{ toolCaller }, { readArguments, toolNamed }, { helpLines, refusalLines, resultLines, toolLines }] =
    await Promise.all([import('./call/server.ts'), import('./call/arguments.ts'), import('./call/show.ts')])
  const server = toolCaller({ ...(await endpoint(environment, given)), timeoutSeconds: timeout })
  const tools = await server.tools()
  if (name === undefined) return printed(json ? [JSON.stringify(tools, null, 2)] : toolLines(tools))
  const tool = toolNamed(tools, name)
  if (describe) return printed(json ? [JSON.stringify(tool, null, 2)] : helpLines(tool))
  const { isError, structuredContent, content } = await server.call(name, readArguments(tool, pairs, args))
  const text = content.flatMap((part) => part.text ?? [])
  if (isError) {
    for (const line of refusalLines(text.join('\n'))) printError(line)
    return 1
  }
  if (structuredContent === undefined) return printed(text)
  return printed(
    json
      ? [JSON.stringify(structuredContent, null, 2)]
      : resultLines(structuredContent, process.stdout.columns ?? WIDTH),
  )
}

function printed(lines: readonly string[]): 0 {
  for (const line of lines) print(line)
  return 0
}

const DemoAccess = z.object({ key: z.string() })

async function endpoint(
  environment: Environment,
  given: Pick<CallOptions, 'url' | 'key'>,
): Promise<{ url: string; key: string }> {
  const { config } = await settingsOrExit(environment)
  const { publicUrl, host, port, dataDir } = config.server
  const url = given.url ?? `${publicUrl ?? listeningUrl(host, port)}/mcp`
  if (!URL.canParse(url)) throw new Failure('invalid', `${url} is not a URL such as http://127.0.0.1:8080/mcp.`)
  const key = given.key ?? environment[KEY_VARIABLE] ?? (await demoKey(dataDir))
  if (key !== undefined && key !== '') return { url, key }
  throw new Failure('unauthenticated', `An API key is required: --key plim_… or ${KEY_VARIABLE}.`)
}

async function demoKey(dataDir: string): Promise<string | undefined> {
  const text = await readFile(path.join(dataDir, 'demo-access.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : DemoAccess.parse(JSON.parse(text)).key
}
