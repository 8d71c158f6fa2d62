import { spawn } from 'node:child_process'
import { open, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Failure } from '../../failure.ts'
import { type ClusterFiles, lastLines, readText } from './cluster.ts'
import { identityOf, isRunning, type ProcessIdentity, processesIn, workingDirectoryOf } from './process-identity.ts'
import { give, type RunAs } from './system-user.ts'

/** Where a running server listens: a folder for a socket, or an address. */
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
// The data folder as the server, which works in it, calls it: its path may hold a comma, which would end it here.
const SOCKET_FOLDER = '.'
// sizeof(sockaddr_un.sun_path) is 108 on Linux and 104 on macOS, with the closing zero.
const SOCKET_PATH_MAX = 103

/** The server that already runs on this cluster, left behind by a killed process; undefined when there is none. */
export async function findRunning(files: ClusterFiles): Promise<Postmaster | undefined> {
  const text = await readText(path.join(files.data, 'postmaster.pid'))
  const [pid, , , port, socketFolder, address] = text?.split('\n') ?? []
  const running = await identityOf(Number(pid))
  // The number may belong to another program by now. PostgreSQL works inside its data folder; nothing else does.
  if (!running || (await workingDirectoryOf(running.pid)) !== files.data) return undefined
  const folder = socketFolder?.trim()
  const host = folder ? path.resolve(files.data, folder) : address?.trim() || '127.0.0.1'
  return { process: running, endpoint: { host, port: Number(port) } }
}

/** Starts the server and waits until it accepts connections. After a crash it first recovers from its log. */
export async function launch(
  files: ClusterFiles,
  program: string,
  as: RunAs,
  settings: Readonly<Record<string, string>>,
  preferred?: Endpoint,
): Promise<Postmaster> {
  await clearRemains(files)
  // PostgreSQL takes its own files only, and those of a folder that root copied are root's.
  if (as.owner && (await stat(files.data)).uid === 0) await give(files.data, as.owner)
  await rotateLog(files)
  const endpoint = preferred ?? (await chooseEndpoint(files))
  const outcome = await launchOnce(files, program, as, { ...listenSettings(endpoint), ...settings }, endpoint.port)
  if (typeof outcome !== 'string') return { process: outcome, endpoint }
  throw new Failure('unavailable', `The embedded PostgreSQL did not start: ${outcome} (${files.log})`)
}

/**
 * Waits for the last backend of a killed server, then removes its pid file: PostgreSQL would otherwise refuse to start
 * while the number names a zombie or another program.
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

/** Ends every session at once, writes everything down, and waits for the end. */
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
  // A session of its own: Ctrl-C in a terminal reaches us only, so requests drain before the database goes.
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
  child.on('exit', () => (ended ??= 'it ended'))
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
