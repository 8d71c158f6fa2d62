import { execFileSync, fork, spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Servers run on the first core and load generators on the second, so that they do not compete. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

export interface PinnedOptions {
  readonly core?: number
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** The file for its standard output, which is discarded by default. */
  readonly outputFile?: string
  /** The folder in which `node --cpu-prof` writes a profile when the process ends. */
  readonly profileDir?: string | undefined
}

/** A child process on a core of its own that has reported that it is ready. */
export interface Pinned<Ready> {
  readonly pid: number
  readonly ready: Ready
  ask(question: unknown): Promise<unknown>
  stop(): Promise<void>
}

/** Starts a script of this folder and waits for its first message. It runs until `stop`. */
export async function startPinned<Ready>(script: string, options: PinnedOptions = {}): Promise<Pinned<Ready>> {
  const child = launch(script, options)
  const ready = await firstMessage(child, script)
  return {
    pid: child.pid ?? 0,
    // safe because: each script's first message is what its own file declares, and callers name that type.
    ready: ready as Ready,
    ask: async (question) => {
      const answer = firstMessage(child, script)
      child.send(JSON.stringify(question))
      return answer
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** CPU time of a process so far, user and system; NaN where there is no `/proc`. */
export function cpuSeconds(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  // The second field is the program's name and may contain spaces; the fields after its ")" are fixed.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory of a process in MiB, current and peak; NaN where there is no `/proc`. */
export function residentMebibytes(pid: number): { now: number; peak: number } {
  if (process.platform !== 'linux') return { now: Number.NaN, peak: Number.NaN }
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
  return { now: read('VmRSS'), peak: read('VmHWM') }
}

const TICKS_PER_SECOND = 100

function launch(script: string, { core, env, args = [], outputFile, profileDir }: PinnedOptions): ChildProcess {
  const file = path.join(import.meta.dirname, script)
  const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
  const environment = { ...process.env, ...env }
  const stdio: StdioOptions = [
    'ignore',
    outputFile === undefined ? 'ignore' : openSync(outputFile, 'a'),
    'inherit',
    'ipc',
  ]
  if (core === undefined || !canPin(core)) return fork(file, args, { execArgv: profiling, env: environment, stdio })
  const command = ['-c', String(core), process.execPath, ...profiling, file, ...args]
  return spawn('taskset', command, { env: environment, stdio })
}

/** Whether this machine can pin a process to this core. */
export function canPin(core: number): boolean {
  if (process.platform !== 'linux' || os.cpus().length <= core || os.cpus().length < 2) return false
  try {
    execFileSync('taskset', ['-c', String(core), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function firstMessage(child: ChildProcess, script: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${script} ended with ${code ?? 'a signal'}`))
    child.once('exit', ended)
    child.once('error', reject)
    child.once('message', (message) => {
      child.off('exit', ended)
      child.off('error', reject)
      resolve(message)
    })
  })
}
