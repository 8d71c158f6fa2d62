import { execFile } from 'node:child_process'
import { lchown, lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../../failure.ts'

const run = promisify(execFile)
/** Needed capabilities, with their bits in `CapEff` of `/proc/self/status`. */
const CAPABILITIES = { CHOWN: 0n, DAC_OVERRIDE: 1n, KILL: 5n, SETGID: 6n, SETUID: 7n }

/** The user that PostgreSQL's programs run as (they refuse root), and how they reach their folder. */
export interface RunAs {
  /** The user who must own the files; undefined: the current user. */
  readonly owner: SystemUser | undefined
  workingOn(folder: string): Reach
}

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

interface Reach {
  /** The folder's path as the program sees it. */
  readonly folder: string
  /** For `spawn`. */
  readonly options: Partial<SystemUser> & { readonly cwd: string }
}

/**
 * Under root: the system's `postgres` user, created if missing. It cannot traverse a closed parent of the data folder
 * (`/root`, `mktemp -d`), but a program started inside a folder reaches it by `/proc/self/cwd`, whatever the parents.
 */
export async function runAs(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { owner: undefined, workingOn: (folder) => ({ folder, options: { cwd: '/' } }) }
  await requireCapabilities()
  const owner = (await findPostgres()) ?? (await createPostgres())
  return { owner, workingOn: (folder) => ({ folder: '/proc/self/cwd', options: { ...owner, cwd: folder } }) }
}

/** Changes the owner of a file, or of a folder and its contents. Links are not followed. */
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

/** The postgres user of `/etc/passwd`, where `initdb` looks too. */
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
