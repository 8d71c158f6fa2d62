import { execFile } from 'node:child_process'
import { lchown, lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../../failure.ts'

const run = promisify(execFile)
/** By their bits in `CapEff` of `/proc/self/status`. */
const CAPABILITIES = { CHOWN: 0n, DAC_OVERRIDE: 1n, KILL: 5n, SETGID: 6n, SETUID: 7n }

/** As whom the programs of PostgreSQL run, which refuse to run as root, and how they reach the folder they work on. */
export interface RunAs {
  /** Who must own the files; undefined: we do. */
  readonly owner: SystemUser | undefined
  workingOn(folder: string): Reach
}

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

interface Reach {
  /** What the program calls the folder. */
  readonly folder: string
  /** For `spawn`. */
  readonly options: Partial<SystemUser> & { readonly cwd: string }
}

/**
 * As root: the system's `postgres` user, made if missing. It may not pass through a closed parent of the data (`/root`,
 * `mktemp -d`), but a program that is started inside a folder reaches it by `/proc/self/cwd`, which leads past parents.
 */
export async function runAs(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { owner: undefined, workingOn: (folder) => ({ folder, options: { cwd: '/' } }) }
  await requireCapabilities()
  const owner = (await findPostgres()) ?? (await createPostgres())
  return { owner, workingOn: (folder) => ({ folder: '/proc/self/cwd', options: { ...owner, cwd: folder } }) }
}

/** Gives a file, or a folder with everything in it, to the user. Links are not followed. */
export async function give(target: string, { uid, gid }: SystemUser): Promise<void> {
  try {
    const isFolder = (await lstat(target)).isDirectory()
    const inside = isFolder ? await readdir(target, { recursive: true, withFileTypes: true }) : []
    for (const { parentPath, name } of inside) await lchown(path.join(parentPath, name), uid, gid)
    await lchown(target, uid, gid)
  } catch (error) {
    throw new Failure(
      'unavailable',
      `The embedded PostgreSQL runs as the user "postgres", who cannot be given ${target}. ` +
        'Set DATA_DIR to a folder on a local disk, start as an ordinary user, or set DATABASE_URL.',
      { cause: error },
    )
  }
}

async function requireCapabilities(): Promise<void> {
  const [, effective] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8')) ?? []
  if (effective === undefined) return
  const missing = Object.entries(CAPABILITIES).filter(([, bit]) => ((BigInt(`0x${effective}`) >> bit) & 1n) === 0n)
  if (missing.length === 0) return
  throw new Failure(
    'unavailable',
    'The embedded PostgreSQL does not run as root, and this root may not run it as another user: it lacks ' +
      `${missing.map(([name]) => `CAP_${name}`).join(', ')}. ` +
      'Start as an ordinary user, give the container these capabilities, or set DATABASE_URL.',
  )
}

/** The postgres user of `/etc/passwd`, which is where `initdb` looks for it too. */
async function findPostgres(): Promise<SystemUser | undefined> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n')
  const fields = lines.find((line) => line.startsWith('postgres:'))?.split(':')
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined
}

async function createPostgres(): Promise<SystemUser> {
  const failed = (cause?: unknown) =>
    new Failure(
      'unavailable',
      'The embedded PostgreSQL does not run as root, and a system user "postgres" could not be made. ' +
        'Start as an ordinary user, or set DATABASE_URL.',
      { cause },
    )
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'])
  } catch (error) {
    throw failed(error)
  }
  const user = await findPostgres()
  if (!user) throw failed()
  return user
}
