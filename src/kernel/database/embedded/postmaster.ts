import { spawn } from 'node:child_process'
import { open, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Failure } from '../../failure.ts'
import { type ClusterFiles, lastLines, readText } from './cluster.ts'
import { identityOf, isRunning, type ProcessIdentity, processesIn, workingDirectoryOf } from './process-identity.ts'
import { give, type RunAs } from './system-user.ts'

/** Where a server listens: the folder of a socket, or an address. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface Postmaster {
  readonly process: ProcessIdentity
  readonly endpoint: Endpoint
}

const POLL_MILLISECONDS = 15
const START_SECONDS = 120
const STOP_SECONDS = 30
const LOG_BYTES_MAX = 10 * 1024 * 1024
const SOCKET_PORT = 5432
// Relative to the server's working directory, which is the data folder: a full path may contain a comma, which
// separates folders in this setting.
const SOCKET_FOLDER = '.'
// sizeof(sockaddr_un.sun_path) is 108 on Linux and 104 on macOS, including the terminating zero.
const SOCKET_PATH_MAX = 103

/** Finds the server that a killed process left running on this cluster. */
export async function findRunning(files: ClusterFiles): Promise<Postmaster | undefined> {
  const text = await readText(path.join(files.data, 'postmaster.pid'))
  const [pid, , , port, socketFolder, address] = text?.split('\n') ?? []
  const running = await identityOf(Number(pid))
  // The pid may have been reused. Only PostgreSQL has the data folder as its working directory.
  if (!running || (await workingDirectoryOf(running.pid)) !== files.data) return undefined
  const folder = socketFolder?.trim()
  const host = folder ? path.resolve(files.data, folder) : address?.trim() || '127.0.0.1'
  return { process: running, endpoint: { host, port: Number(port) } }
}

/** Starts the server and waits until it accepts connections, after crash recovery if needed. */
export async function launch(
  files: ClusterFiles,
  program: string,
  as: RunAs,
  settings: Readonly<Record<string, string>>,
  preferred?: Endpoint,
): Promise<Postmaster> {
  await clearRemains(files)
  // PostgreSQL requires that it owns its files; a folder copied by root belongs to root.
  if (as.owner && (await stat(files.data)).uid === 0) await give(files.data, as.owner)
  await rotateLog(files)
  const endpoint = preferred ?? (await chooseEndpoint(files))
  const outcome = await launchOnce(files, program, as, { ...listenSettings(endpoint), ...settings }, endpoint.port)
  if (typeof outcome !== 'string') return { process: outcome, endpoint }
  throw new Failure('unavailable', `The embedded PostgreSQL did not start: ${outcome} (${files.log})`)
}

/**
 * Waits for the last backend of a killed server, then removes its pid file, because PostgreSQL would refuse to start
 * while the pid belongs to a zombie or another program.
 */
async function clearRemains(files: ClusterFiles): Promise<void> {
  const until = performance.now() + STOP_SECONDS * 1000
  for (;;) {
    const left = await processesIn(files.data)
    if (left.length === 0) break
    if (performance.now() > until) {
      throw new Failure(
        'unavailable',
        `Process ${left[0]} of a killed PostgreSQL still works in ${files.data}. End it.`,
      )
    }
    await wait(POLL_MILLISECONDS)
  }
  if (process.platform !== 'linux') return
  await rm(path.join(files.data, 'postmaster.pid'), { force: true })
  await rm(path.join(files.data, `.s.PGSQL.${SOCKET_PORT}.lock`), { force: true })
}

/** Stops the server: ends every session, flushes to disk, and waits for the exit. */
export async function halt(postmaster: ProcessIdentity): Promise<void> {
  const until = performance.now() + STOP_SECONDS * 1000
  if (await isRunning(postmaster)) process.kill(postmaster.pid, 'SIGINT')
  while (await isRunning(postmaster)) {
    if (performance.now() > until) {
      throw new Failure(
        'timeout',
        `The embedded PostgreSQL (process ${postmaster.pid}) did not stop in ${STOP_SECONDS} s.`,
      )
    }
    await wait(POLL_MILLISECONDS)
  }
}

async function launchOnce(
  files: ClusterFiles,
  program: string,
  as: RunAs,
  settings: Readonly<Record<string, string>>,
  port: number,
): Promise<ProcessIdentity | string> {
  const log = await open(files.log, 'a', 0o600)
  const written = (await log.stat()).size
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { folder, options } = as.workingOn(files.data)
  // Its own process group: Ctrl-C in a terminal reaches only this process, so requests finish before the database
  // stops.
  const child = spawn(program, ['-D', folder, '-p', String(port), ...flags], {
    ...options,
    detached: true,
    env: {},
    stdio: ['ignore', log.fd, log.fd],
  })
  await log.close()
  child.unref()
  let ended: string | undefined
  child.on('error', (error) => (ended = error.message))
  child.on('exit', () => (ended ??= 'it exited'))
  const until = performance.now() + START_SECONDS * 1000
  while (ended === undefined && performance.now() < until) {
    const lines = (await readText(path.join(files.data, 'postmaster.pid')))?.split('\n') ?? []
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') {
      const running = await identityOf(Number(lines[0]))
      if (running) return running
    }
    await wait(POLL_MILLISECONDS)
  }
  const said = (await readText(files.log))?.slice(written) ?? ''
  if (ended === undefined) child.kill('SIGQUIT')
  return lastLines(said) || (ended ?? `not ready in ${START_SECONDS} s`)
}

async function chooseEndpoint(files: ClusterFiles): Promise<Endpoint> {
  const socket = path.join(files.data, `.s.PGSQL.${SOCKET_PORT}.lock`)
  if (process.platform !== 'win32' && Buffer.byteLength(socket) <= SOCKET_PATH_MAX) {
    return { host: files.data, port: SOCKET_PORT }
  }
  return { host: '127.0.0.1', port: await freePort() }
}

function listenSettings({ host }: Endpoint): Record<string, string> {
  return host === '127.0.0.1'
    ? { listen_addresses: host, unix_socket_directories: '' }
    : { listen_addresses: '', unix_socket_directories: SOCKET_FOLDER, unix_socket_permissions: '0700' }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free loopback port')),
      )
    })
  })
}

async function rotateLog(files: ClusterFiles): Promise<void> {
  const size = await stat(files.log).then(
    (found) => found.size,
    () => 0,
  )
  if (size < LOG_BYTES_MAX) return
  await rm(`${files.log}.1`, { force: true })
  await rename(files.log, `${files.log}.1`)
}
