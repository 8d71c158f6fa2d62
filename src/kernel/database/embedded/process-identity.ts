import { execFile } from 'node:child_process'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const READ_MILLISECONDS = 10_000

/** Identifies a process even if its pid is reused later. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks after boot (`/proc/<pid>/stat`, field 22); null without `/proc`. */
  readonly startTicks: string | null
}

/** The identity of a running process; undefined when there is none. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  if (!answersSignals(pid)) return undefined
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return process.platform === 'linux' ? undefined : { pid, startTicks: null }
  // The command name in parentheses may hold spaces, so fields are counted from the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const zombie = fields[0] === 'Z'
  return zombie ? undefined : { pid, startTicks: fields[19] ?? null }
}

/** Whether exactly this process still runs. */
export async function isRunning(process_: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(process_.pid)
  return now !== undefined && now.startTicks === process_.startTicks
}

/** The working directory of the process; undefined if unreadable. */
export async function workingDirectoryOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => (process.getuid?.() === 0 ? readAsItsUser(pid) : undefined))
}

/** Root without CAP_SYS_PTRACE, as in most containers, may not inspect another user's process, but that user may. */
async function readAsItsUser(pid: number): Promise<string | undefined> {
  try {
    const { uid, gid } = await stat(`/proc/${pid}`)
    if (uid === 0) return undefined
    const options = { uid, gid, cwd: '/', env: {}, timeout: READ_MILLISECONDS }
    return (await run('readlink', ['-n', `/proc/${pid}/cwd`], options)).stdout
  } catch {
    // The process has ended, or root may not switch to its user here: unknown.
    return undefined
  }
}

/** The pids of the folder owner's processes that have it as working directory. Empty without `/proc`. */
export async function processesIn(folder: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0)
  const owner = await ownerOf(folder)
  const isInside = async (pid: number) =>
    (await ownerOf(`/proc/${pid}`)) === owner && (await workingDirectoryOf(pid)) === folder
  const inside = await Promise.all(pids.map(isInside))
  return pids.filter((_, index) => inside[index])
}

async function ownerOf(target: string): Promise<number | undefined> {
  return stat(target).then(
    ({ uid }) => uid,
    () => undefined,
  )
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
