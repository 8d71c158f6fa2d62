import { userInfo } from 'node:os'
import { InvalidArgumentError } from 'commander'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import type { Ctx } from '#kernel/context'
import type { App } from '../app.ts'
import { printError } from './output.ts'

/** Opens the application without listening: the database, the modules, nothing that faces outward. */
export type OpenApp = () => Promise<App>

/** Whoever may run this command on this machine may do everything, for as long as a job may; the audit row names them. */
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

/** The same for a tenant that there is: what a slip of the pen names must not be filled where nobody sees it. */
export async function tenantContext(app: App, tenantId: string, signal?: AbortSignal): Promise<Ctx> {
  const tenants = await app.access.tenants()
  if (tenants.some((tenant) => tenant.tenantId === tenantId)) return cliContext(app, tenantId, signal)
  throw new Failure('not_found', `There is no tenant ${tenantId}. Make it first: plimsoll tenants create.`)
}

/** Runs one command against what it opens, and closes that whatever happens. */
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

/** An expected failure is one line for the person at the keyboard; anything else is a bug and keeps its stack. */
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
