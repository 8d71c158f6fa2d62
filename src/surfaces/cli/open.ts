import { userInfo } from 'node:os'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import type { Ctx } from '#kernel/context'
import type { App } from '../../app.ts'
import { printError } from './output.ts'

/** Opens the application without listening: the database, the modules, nothing that faces outward. */
export type OpenApp = () => Promise<App>

/** Whoever may run this command on this machine may do everything; the audit row names them. */
export function cliContext(app: App, tenantId: string, signal = new AbortController().signal): Ctx {
  return app.openContext(
    { tenantId, actor: { kind: 'cli', id: userInfo().username }, scopes: new Set(app.scopes) },
    { requestId: newId('req', app.clock()), signal },
  )
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
    if (!(error instanceof Failure)) throw error
    printError(error.message)
    for (const problem of error.problems) printError(`  ${problem.path}: expected ${problem.expected}`)
    process.exitCode = 1
  }
}
