import { userInfo } from 'node:os'
import { InvalidArgumentError } from 'commander'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import type { Ctx } from '#kernel/context'
import type { App } from '../app.ts'
import { printError } from './output.ts'

/** Builds the application (database and modules) without listening. */
export type OpenApp = () => Promise<App>

/** A context with every scope and the timeouts of a job. The actor in the audit is the operating system user. */
export function cliContext(app: App, tenantId: string, signal = new AbortController().signal): Ctx {
  return app.platform.openJobContext(
    {
      tenantId,
      actor: { kind: 'cli', id: userInfo().username },
      scopes: new Set(app.scopes.map(({ scope }) => scope)),
    },
    { requestId: newId('req', app.clock()), signal },
  )
}

/** `cliContext` for an existing tenant, so that a typo writes no data under an id that nobody reads. */
export async function tenantContext(app: App, tenantId: string, signal?: AbortSignal): Promise<Ctx> {
  const tenants = await app.access.tenants()
  if (tenants.some((tenant) => tenant.tenantId === tenantId)) return cliContext(app, tenantId, signal)
  throw new Failure('not_found', `There is no tenant ${tenantId}. Create it first: plimsoll tenants create.`)
}

/** Opens what a command needs, runs the command, and closes it in every case. */
export async function withApp<Opened extends { close(): Promise<void> }>(
  open: () => Promise<Opened>,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  await reportFailure(async () => {
    const opened = await open()
    try {
      await work(opened)
    } finally {
      await opened.close()
    }
  })
}

/** Prints an expected failure as one line and sets exit code 1. Anything else is a bug and keeps its stack trace. */
export async function reportFailure(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Failure || error instanceof InvalidArgumentError)) throw error
    printError(error.message)
    const problems = error instanceof Failure ? error.problems : []
    for (const problem of problems) printError(`  ${problem.path}: expected ${problem.expected}`)
    process.exitCode = 1
  }
}
