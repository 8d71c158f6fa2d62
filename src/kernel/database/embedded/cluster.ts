import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Failure } from '../../failure.ts'
import { give, type RunAs } from './system-user.ts'

/** Name of the superuser and of the database of the embedded server. */
export const EMBEDDED_NAME = 'plimsoll'

const MAJOR_VERSION = '18'

/** The file paths of one embedded server. */
export interface ClusterFiles {
  readonly data: string
  readonly password: string
  readonly log: string
}

export function clusterFiles(dataDir: string): ClusterFiles {
  return {
    data: path.join(dataDir, 'postgres'),
    password: path.join(dataDir, 'postgres.password'),
    log: path.join(dataDir, 'postgres.log'),
  }
}

/**
 * Creates the cluster if missing, and returns the superuser's password. It is created beside its final place and
 * renamed, so a process killed half-way leaves nothing that looks finished.
 */
export async function ensureCluster(files: ClusterFiles, initdb: string, as: RunAs): Promise<string> {
  const version = await readText(path.join(files.data, 'PG_VERSION'))
  if (version === undefined) return createCluster(files, initdb, as)
  if (version.trim() !== MAJOR_VERSION) {
    throw new Failure(
      'unavailable',
      `${files.data} was written by PostgreSQL ${version.trim()}; this is ${MAJOR_VERSION}. ` +
        'Dump it with that version and restore it here, or set DATA_DIR to another folder.',
    )
  }
  const password = await readText(files.password)
  if (password === undefined) {
    throw new Failure('unavailable', `${files.data} exists, but its password file ${files.password} cannot be read.`)
  }
  return password.trim()
}

async function createCluster(files: ClusterFiles, initdb: string, as: RunAs): Promise<string> {
  const fresh = `${files.data}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: 0o700 })
  const password = randomBytes(24).toString('base64url')
  const passwordForInit = `${files.password}.init`
  await writeFile(passwordForInit, `${password}\n`, { mode: 0o600 })
  try {
    if (as.owner) {
      await give(fresh, as.owner)
      await give(passwordForInit, as.owner)
    }
    await runInitdb(initdb, as, fresh, passwordForInit)
  } finally {
    await rm(passwordForInit, { force: true })
  }
  await writeFile(files.password, `${password}\n`, { mode: 0o600 })
  await chmod(files.password, 0o600)
  await rename(fresh, files.data)
  return password
}

async function runInitdb(initdb: string, as: RunAs, dataFolder: string, passwordFile: string): Promise<void> {
  const { folder, options } = as.workingOn(dataFolder)
  const args = [
    `--pgdata=${folder}`,
    `--username=${EMBEDDED_NAME}`,
    // Another user could not open the file by its path.
    `--pwfile=${as.owner ? '/proc/self/fd/0' : passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
  ]
  const password = await open(passwordFile, 'r')
  const child = spawn(initdb, args, { ...options, env: {}, stdio: [password.fd, 'pipe', 'pipe'] })
  await password.close()
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'))
  })
  if (code === 0) return
  throw new Failure(
    'unavailable',
    `The embedded PostgreSQL could not be set up in ${dataFolder}: ${lastLines(output) || code}`,
    {
      cause: new Error(`initdb exited with ${code}: ${output}`),
    },
  )
}

/** The file's text; undefined when it cannot be read. */
export async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined)
}

/** The last lines of a long output. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-3).join(' ').slice(-600)
}
