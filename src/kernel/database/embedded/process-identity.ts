import { readdir, readFile, readlink } from 'node:fs/promises'

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
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined)
}

/** The processes that work in this folder and that we may look at. None where there is no `/proc`. */
export async function processesIn(folder: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0)
  const folders = await Promise.all(pids.map(workingDirectoryOf))
  return pids.filter((_, index) => folders[index] === folder)
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
