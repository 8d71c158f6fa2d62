import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import type { Config } from '../config/config.ts'
import type { CheckResult } from './check.ts'
import { passed, refused } from './check.ts'

const NODE_MAJOR_MIN = 24
const DISK_BYTES_MIN = 1024 ** 3
const GIGABYTE = 1024 ** 3

/** Checks that need nothing open: runtime, disk, port. */
export async function checkMachine(config: Pick<Config, 'server'>, nodeVersion: string): Promise<CheckResult[]> {
  const { dataDir, host, port } = config.server
  return [
    checkRuntime(nodeVersion),
    ...(await Promise.all([checkDisk(dataDir, DISK_BYTES_MIN), checkPort(host, port)])),
  ]
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
    case 'EADDRINUSE':
      return refused(
        'port',
        `${where} is taken by another program. Stop it, or set SERVER_PORT (0 takes any free one).`,
      )
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
