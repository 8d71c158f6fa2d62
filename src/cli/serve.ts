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

/** Who calls over standard input and output, and what they reach. */
export interface PipeCaller {
  readonly path: string
  readonly key?: string
}

/** Serves until SIGTERM, SIGINT or the end of the terminal, then drains. */
export async function serve(open: OpenApp): Promise<void> {
  const stop = stopRequest()
  bearClosedOutput()
  const app = await open()
  try {
    stop.onReload(() => void refreshSecrets(app))
    await begin(app, stop)
    app.log.info({ signal: await stop.asked }, 'stopping')
    endLate(app)
  } finally {
    await app.close()
    letGo()
  }
}

async function refreshSecrets({ platform, log }: App): Promise<void> {
  try {
    await platform.refreshSecrets()
  } catch (error) {
    // Safe because what is known serves on.
    log.warn({ err: error }, 'the secrets could not be read again')
  }
}

/** Makes the demo company, listens and says so; goes no further once a stop is asked for. */
async function begin(app: App, stop: StopRequest): Promise<void> {
  if (stop.isAsked()) return
  const demo = await firstRun(app)
  await tellOfMissingKeys(app)
  if (stop.isAsked()) return
  const { url } = await app.listen()
  announce(app, url, demo)
}

/** What needs none of those keys is served: a key that is lost for good must not end everything. */
async function tellOfMissingKeys({ platform, modules, log }: App): Promise<void> {
  const missing = await missingKeys(fieldsOf(modules), { db: platform.database.system, keyring: platform.keyring })
  if (missing.length > 0) log.error({ missing }, withoutKeys(missing))
}

/** Serves one MCP caller over standard input and output, until it ends or a stop is asked for. */
export async function servePipe(open: OpenApp, { key, path }: PipeCaller): Promise<void> {
  if (key === undefined) throw new Failure('unauthenticated', 'Give an API key: --key plim_… or PLIMSOLL_API_KEY.')
  const stop = stopRequest()
  const app = await open()
  try {
    const caller = () => app.access.authenticate(`Bearer ${key}`, { address: '', resource: '' })
    await caller()
    app.serveStdio(caller, path)
    await Promise.race([stop.asked, inputEnd()])
    endLate(app)
  } finally {
    await app.close()
  }
}

/** Whoever read our output may go, as `head` does; there is nobody left to tell, and callers to serve. */
function bearClosedOutput(): void {
  process.stdout.on('error', () => undefined)
}

const CLOSING_SECONDS = 45

/** What hangs while everything is closed (a vendor, a disk) must not hold the process for ever. */
function endLate({ config, log }: App): void {
  const seconds = config.server.shutdownSeconds + CLOSING_SECONDS
  setTimeout(() => {
    log.fatal({ seconds }, 'the stop did not come to its end in time')
    process.exit(1)
  }, seconds * 1000).unref()
}

const LEFT_OPEN_MILLISECONDS = 2000

/** Everything is closed; a socket to a machine that is gone must not hold the process until TCP gives up. */
function letGo(): void {
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
    print('\nMake a key:  npm run plimsoll -- keys create --tenant <id> --name <name> --scopes customers:read\n')
    return
  }
  print(
    `  Sign in       ${demo.email}  ${demo.password}  (demo company; kept in ${config.server.dataDir}/demo-access.json)`,
  )
  print(`  API key       ${demo.key}`)
  print(`\nWho is about to leave?\n\n${exampleCall(base, demo.key)}\n`)
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
