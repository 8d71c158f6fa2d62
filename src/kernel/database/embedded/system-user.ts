import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chmod, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../../failure.ts'

const run = promisify(execFile)
const EXECUTABLE_BY_ALL = 0o555

/** How to start a program of PostgreSQL, which refuses to run as root: as whom, and through what. */
export interface RunAs {
  /** Who must own the files; undefined: we do. */
  readonly owner: SystemUser | undefined
  command(program: string, args: readonly string[]): Command
}

export interface SystemUser {
  readonly uid: number
  readonly gid: number
}

interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** For `spawn`. */
  readonly identity: Partial<SystemUser>
}

/**
 * As root: the system's `postgres` user, made if missing. That user must reach the programs and the data; where a
 * parent folder is closed to it (`/root`, `mktemp -d`), the programs get the one capability that lets them pass.
 */
export async function runAs(paths: readonly string[]): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { owner: undefined, command: (file, args) => ({ file, args, identity: {} }) }
  const owner = (await findPostgres()) ?? (await createPostgres())
  if (await everyoneMayEnter(paths)) return { owner, command: (file, args) => ({ file, args, identity: owner }) }
  const setpriv = await findSetpriv(paths)
  const user = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups']
  const capabilities = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--']
  return {
    owner,
    command: (file, args) => ({ file: setpriv, args: [...user, ...capabilities, file, ...args], identity: {} }),
  }
}

/** npm drops the executable bit in some set-ups. */
export async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & EXECUTABLE_BY_ALL) !== EXECUTABLE_BY_ALL) await chmod(file, mode | EXECUTABLE_BY_ALL)
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

async function everyoneMayEnter(paths: readonly string[]): Promise<boolean> {
  for (const start of paths) {
    for (let folder = path.dirname(path.resolve(start)); ; folder = path.dirname(folder)) {
      const { mode } = await stat(folder)
      if ((mode & 0o001) === 0) return false
      if (folder === path.dirname(folder)) break
    }
  }
  return true
}

async function findSetpriv(paths: readonly string[]): Promise<string> {
  for (const file of ['/usr/bin/setpriv', '/bin/setpriv']) {
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (usable) return file
  }
  throw new Failure(
    'unavailable',
    `The embedded PostgreSQL runs as the user "postgres", who may not enter the folders of ${paths.join(' and ')}. ` +
      'Move the project or DATA_DIR, start as an ordinary user, or set DATABASE_URL.',
  )
}
