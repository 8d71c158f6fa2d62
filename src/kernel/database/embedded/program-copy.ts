import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, copyFile, lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { Failure } from '../../failure.ts'
import { identityOf } from './process-identity.ts'
import type { Programs } from './programs.ts'
import type { SystemUser } from './system-user.ts'

const run = promisify(execFile)
/** The second is for machines where the first is read-only or mounted noexec. */
const PLACES = ['/var/cache/plimsoll', '/tmp/plimsoll-programs']
const RUN_MILLISECONDS = 30_000
const EXECUTABLE_BY_OWNER = 0o100
const WRITABLE_BY_OTHERS = 0o022
/** The name of an unfinished copy, with the pid of the process that makes it. */
const UNFINISHED = /^postgresql-.+-[0-9a-f]{12}\.(\d+)\.[0-9a-f]+$/
const Manifest = z.object({ version: z.string() })

/**
 * Programs that this user may run: those of the package or, if a parent folder is closed (`/root`, `mktemp -d`), a copy
 * that only root can write. There is one copy of about 60 MB per version.
 */
export async function runnableBy(user: SystemUser, programs: Programs, places = PLACES): Promise<Programs> {
  if (await everyoneMayEnter(path.dirname(programs.postgres))) return programs
  const home = path.resolve(programs.postgres, '../..')
  const failures: unknown[] = []
  for (const place of places) {
    try {
      const copy = await copyTo(place, home)
      const within = (program: string) => path.join(copy, path.relative(home, program))
      await run(within(programs.postgres), ['--version'], { ...user, cwd: '/', env: {}, timeout: RUN_MILLISECONDS })
      return { initdb: within(programs.initdb), postgres: within(programs.postgres) }
    } catch (error) {
      failures.push(error)
    }
  }
  throw new Failure(
    'unavailable',
    `The embedded PostgreSQL runs as the user "postgres", who may not enter ${home}, and its programs could not be ` +
      `copied to ${places.join(' or ')}: ${failures.map(describe).join('; ')}. Move the project to a folder that ` +
      'everybody may enter, for example /opt/plimsoll, start as an ordinary user, or set DATABASE_URL.',
    { cause: new AggregateError(failures) },
  )
}

/** The path of a complete copy of the programs; an existing one, or a new one. */
async function copyTo(place: string, home: string): Promise<string> {
  await preparePlace(place)
  const wanted = await fingerprint(home)
  const copy = path.join(place, `postgresql-${await versionOf(home)}-${wanted.slice(0, 12)}`)
  const isComplete = async () => (await fingerprint(copy).catch(() => undefined)) === wanted
  if (await isComplete()) return copy
  const fresh = `${copy}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    await copyTree(home, fresh)
    // Another process may have finished its copy meanwhile; an incomplete one is replaced.
    if (!(await isComplete())) {
      await rm(copy, { recursive: true, force: true })
      await rename(fresh, copy).catch(async (error: unknown) => {
        if (!(await isComplete())) throw error
      })
    }
    return copy
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** Creates the folder, and refuses one that another user owns or may change: its programs run as `postgres`. */
async function preparePlace(place: string): Promise<void> {
  await mkdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const found = await lstat(place)
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new Error(`${place} is not a folder that root alone may change`)
  }
  await chmod(place, 0o755)
  for (const name of await readdir(place)) {
    const [, pid] = UNFINISHED.exec(name) ?? []
    if (pid !== undefined && !(await identityOf(Number(pid)))) await rm(path.join(place, name), { recursive: true })
  }
}

/** Copies files and relative links, readable by all users whatever the umask. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to)
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)]
    if (entry.isDirectory()) {
      await copyTree(source, target)
    } else if (entry.isSymbolicLink()) {
      await symlink(await readlink(source), target)
    } else {
      await copyFile(source, target)
      const { mode } = await stat(source)
      await chmod(target, (mode & EXECUTABLE_BY_OWNER) === 0 ? 0o644 : 0o755)
    }
  }
}

/** A hash of all names and sizes in the folder, which detects incomplete copies. */
async function fingerprint(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).toSorted()
  const lines = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(path.join(folder, name))
      return `${name} ${found.isDirectory() ? 'folder' : found.size}`
    }),
  )
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

async function versionOf(home: string): Promise<string> {
  const { version } = Manifest.parse(JSON.parse(await readFile(path.join(home, '../package.json'), 'utf8')))
  return version
}

async function everyoneMayEnter(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0) return false
  const parent = path.dirname(folder)
  return parent === folder || everyoneMayEnter(parent)
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
