import { execFile } from 'node:child_process'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const READ_MILLISECONDS = 10_000

/** A process that cannot be mistaken for another one that was given the same number later. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot at which it started (`/proc/<pid>/stat`, field 22); null where there is no `/proc`. */
  readonly startTicks: string | null
}

/** The process of this number as it runs now; undefined when there is none. */
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

/** Where the process works; undefined where that cannot be read. */
export async function workingDirectoryOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => (process.getuid?.() === 0 ? readAsItsUser(pid) : undefined))
}

/** Root without CAP_SYS_PTRACE, as in most containers, may not look at another user's process; that user may. */
async function readAsItsUser(pid: number): Promise<string | undefined> {
  try {
    const { uid, gid } = await stat(`/proc/${pid}`)
    if (uid === 0) return undefined
    const options = { uid, gid, cwd: '/', env: {}, timeout: READ_MILLISECONDS }
    return (await run('readlink', ['-n', `/proc/${pid}/cwd`], options)).stdout
  } catch {
    // It has ended, or this root may not become another user: then nobody can say.
    return undefined
  }
}

/** The processes of the folder's owner that work in it. None where there is no `/proc`. */
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
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
