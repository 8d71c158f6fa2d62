import { Failure } from '#kernel/failure'
import { missingKeys, withoutKeys } from '#kernel/secrets/rotation'
import type { App } from '../app.ts'
import { firstRun } from './first-run.ts'
import type { DemoAccess } from './first-run.ts'
import type { OpenApp } from './open.ts'
import { print } from './output.ts'
import { fieldsOf } from './secrets.ts'
import { stopRequest } from './stop-request.ts'
import type { StopRequest } from './stop-request.ts'

/** The endpoint path and API key of an MCP client on standard input and output. */
export interface PipeCaller {
  readonly path: string
  readonly key?: string
}

/** Serves until SIGTERM, SIGINT or SIGHUP from a closing terminal, then drains. */
export async function serve(open: OpenApp): Promise<void> {
  const stop = stopRequest()
  ignoreClosedOutput()
  const app = await open()
  try {
    stop.onReload(() => void refreshSecrets(app))
    await begin(app, stop)
    app.log.info({ signal: await stop.asked }, 'stopping')
    forceExitWhenStuck(app)
  } finally {
    await app.close()
    exitAfterShutdown()
  }
}

async function refreshSecrets({ platform, log }: App): Promise<void> {
  try {
    await platform.refreshSecrets()
  } catch (error) {
    // Safe because the process continues with the secrets it has.
    log.warn({ err: error }, 'the secrets could not be reloaded')
  }
}

/** Creates the demo company, listens and prints the start message. Stops early when a stop was requested. */
async function begin(app: App, stop: StopRequest): Promise<void> {
  if (stop.isAsked()) return
  const demo = await firstRun(app)
  await logMissingKeys(app)
  if (stop.isAsked()) return
  const { url } = await app.listen()
  announce(app, url, demo)
}

/** Logs missing root keys. The server still starts, because most of it works without a key that is lost. */
async function logMissingKeys({ platform, modules, log }: App): Promise<void> {
  const missing = await missingKeys(fieldsOf(modules), { db: platform.database.system, keyring: platform.keyring })
  if (missing.length > 0) log.error({ missing }, withoutKeys(missing))
}

/** Serves one MCP client over standard input and output, until the input ends or a stop is requested. */
export async function servePipe(open: OpenApp, { key, path }: PipeCaller): Promise<void> {
  if (key === undefined)
    throw new Failure('unauthenticated', 'An API key is required: --key plim_… or PLIMSOLL_API_KEY.')
  const stop = stopRequest()
  const app = await open()
  try {
    const caller = () => app.access.authenticate(`Bearer ${key}`, { address: '', resource: '' })
    await caller()
    app.serveStdio(caller, path)
    await Promise.race([stop.asked, inputEnd()])
    forceExitWhenStuck(app)
  } finally {
    await app.close()
  }
}

/** Ignores a closed standard output (as with `| head`), so that the server keeps serving. */
function ignoreClosedOutput(): void {
  process.stdout.on('error', () => undefined)
}

const CLOSING_SECONDS = 45

/** Ends the process when a shutdown hangs, for example on a remote service or a disk. */
function forceExitWhenStuck({ config, log }: App): void {
  const seconds = config.server.shutdownSeconds + CLOSING_SECONDS
  setTimeout(() => {
    log.fatal({ seconds }, 'the shutdown did not finish in time')
    process.exit(1)
  }, seconds * 1000).unref()
}

const LEFT_OPEN_MILLISECONDS = 2000

/** Ends the process after the shutdown, because a socket to a dead host would keep it until TCP gives up. */
function exitAfterShutdown(): void {
  setTimeout(() => process.exit(), LEFT_OPEN_MILLISECONDS).unref()
}

function inputEnd(): Promise<void> {
  return new Promise((resolve) => process.stdin.once('end', resolve))
}

function announce({ config }: App, url: string, demo: DemoAccess | undefined): void {
  const base = config.server.publicUrl ?? url
  print(
    `\nPlimsoll is ready.\n\n  MCP endpoint  ${base}/mcp\n  Tools         ${base}/mcp/tools\n  Account       ${base}/account\n  API document  ${base}/api/v1/openapi.json`,
  )
  if (demo === undefined) {
    print('\nCreate a key:  npm run plimsoll -- keys create --tenant <id> --name <name> --scopes customers:read\n')
    return
  }
  print(
    `  Sign in       ${demo.email}  ${demo.password}  (demo company; saved in ${config.server.dataDir}/demo-access.json)`,
  )
  print(`  API key       ${demo.key}`)
  print(`\nTry it – which customers are likely to leave?\n\n${exampleCall(base, demo.key)}\n`)
}

function exampleCall(base: string, key: string): string {
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'list_clients', arguments: { health_score_max: 60, limit: 5 } },
  }
  return [
    `  curl -s ${base}/mcp \\`,
    `    -H 'Authorization: Bearer ${key}' \\`,
    "    -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\",
    "    -H 'MCP-Protocol-Version: 2025-11-25' \\",
    `    -d '${JSON.stringify(call)}'`,
  ].join('\n')
}
