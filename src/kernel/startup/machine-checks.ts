import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { listeningUrl } from '../network/public-url.ts'
import type { CheckResult } from './check.ts'
import { passed, refused, warned } from './check.ts'

const NODE_MAJOR_MIN = 24
const DISK_BYTES_MIN = 1024 ** 3
const GIGABYTE = 1024 ** 3

/** Checks that need nothing open: runtime, exposure, disk (where the embedded database keeps its data), port. */
export async function checkMachine(
  config: Pick<Config, 'server' | 'database' | 'observability'>,
  nodeVersion: string,
): Promise<CheckResult[]> {
  const { dataDir, host, port } = config.server
  const disk = config.database.url === undefined ? [checkDisk(dataDir, DISK_BYTES_MIN)] : []
  return [
    checkRuntime(nodeVersion),
    checkPublicUrl(config.server),
    checkMetricsToken(config),
    ...(await Promise.all([...disk, checkPort(host, port)])),
  ]
}

/** Checks that every caller knows the server by the same URL, for which access tokens are made. */
export function checkPublicUrl({ publicUrl, host }: Config['server']): CheckResult {
  if (publicUrl === undefined) {
    if (LOOPBACK.includes(host)) return passed('public URL', 'Only this machine can call the server.')
    return warned(
      'public URL',
      `Other machines can call the server (SERVER_HOST=${host}), but access tokens are made for this one. Set PUBLIC_URL to the URL that they use. API keys work everywhere.`,
    )
  }
  const { protocol, hostname } = new URL(publicUrl)
  if (protocol === 'https:' || LOOPBACK.includes(hostname)) return passed('public URL', publicUrl)
  return warned(
    'public URL',
    `PUBLIC_URL is plain http to another machine: OAuth clients refuse to sign in there, because OAuth needs https. API keys work.`,
  )
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1', '[::1]']

function checkMetricsToken({ server, observability }: Pick<Config, 'server' | 'observability'>): CheckResult {
  if (observability.metricsToken !== undefined) return passed('metrics', 'The metrics ask for their token.')
  const message = 'Without METRICS_TOKEN whoever reaches the port reads the metrics.'
  return server.environment === 'production' ? warned('metrics', message) : passed('metrics', message)
}

export function checkRuntime(nodeVersion: string): CheckResult {
  const major = Number(nodeVersion.split('.')[0])
  if (major >= NODE_MAJOR_MIN) return passed('runtime', `Node.js ${nodeVersion}.`)
  return refused(
    'runtime',
    `This is Node.js ${nodeVersion}; ${NODE_MAJOR_MIN} or newer is needed. Start with \`npm start\`.`,
  )
}

/** Checks the free space of the folder's disk; the folder need not exist yet. */
export async function checkDisk(folder: string, bytesMin: number): Promise<CheckResult> {
  const { free, at } = await freeBytes(path.resolve(folder))
  const gigabytes = (free / GIGABYTE).toFixed(1)
  if (free >= bytesMin) return passed('disk', `${gigabytes} GB free at ${at}.`)
  const needed = (bytesMin / GIGABYTE).toFixed(0)
  return refused('disk', `Only ${gigabytes} GB are free at ${at}; ${needed} GB are needed. Free some, or set DATA_DIR.`)
}

export async function checkPort(host: string, port: number): Promise<CheckResult> {
  const where = `Port ${port} on ${host}`
  const code = await listenError(host, port)
  switch (code) {
    case undefined:
      return passed('port', port === 0 ? 'Any free port will be taken.' : `${where} is free.`)
    case 'EADDRINUSE': {
      const advice = 'Stop it, or set SERVER_PORT (0 takes any free one).'
      const url = listeningUrl(host, port)
      if (await servesPlimsoll(url)) return refused('port', `Plimsoll is already running at ${url}. ${advice}`)
      return refused('port', `${where} is taken by another program. ${advice}`)
    }
    case 'EACCES':
      return refused('port', `${where} may not be opened by this user. Set SERVER_PORT to 1024 or more.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return refused(
        'port',
        `${host} is not an address of this machine. Set SERVER_HOST, e.g. 0.0.0.0 for all of them.`,
      )
    default:
      return refused('port', `${where} cannot be opened (${code}).`)
  }
}

const ANSWER_MILLISECONDS = 500

async function servesPlimsoll(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/version`, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) })
    return Version.safeParse(await response.json()).success
  } catch {
    // Safe because what does not answer as Plimsoll is another program.
    return false
  }
}

const Version = z.object({ name: z.literal('plimsoll') })

async function freeBytes(folder: string): Promise<{ free: number; at: string }> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return { free: bavail * bsize, at: folder }
  } catch (error) {
    const parent = path.dirname(folder)
    if (parent === folder) throw error
    return freeBytes(parent)
  }
}

function listenError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)))
  })
}
