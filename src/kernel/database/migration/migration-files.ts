import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { Failure } from '../../failure.ts'
import { parseConcurrentIndex } from './concurrent-index.ts'
import type { ConcurrentIndex } from './concurrent-index.ts'

/** A parsed file of `migrations/`. */
export interface MigrationFile {
  /** The file's name without its extension: `202611200001_kernel_roles`. */
  readonly name: string
  readonly up: string
  readonly down: string
  /** The statements to run one by one outside a transaction; undefined for a file that runs in one. */
  readonly outside: { readonly up: readonly ConcurrentIndex[]; readonly down: readonly ConcurrentIndex[] } | undefined
  /** Why the previous release cannot run after it; undefined when it can. */
  readonly breaking: string | undefined
  /** SHA-256 of the text with Unix line ends, in hexadecimal. */
  readonly checksum: string
}

const NAME = /^\d{12}_[a-z]+(_[a-z0-9]+)+\.sql$/

/** Reads every migration of the folder in order. Throws `Failure('invalid')` that names a malformed file. */
export async function readMigrationFiles(folder: string): Promise<MigrationFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new Failure('unavailable', `The migrations folder ${folder} cannot be read.`, { cause: error })
  })
  const files = names.filter((name) => !name.startsWith('.')).toSorted()
  return Promise.all(
    files.map(async (name) => {
      if (!NAME.test(name)) throw malformed(name, 'its name is not YYYYMMDDHHMM_<module>_<what>.sql')
      return parseMigration(name, await readFile(path.join(folder, name), 'utf8'))
    }),
  )
}

/**
 * Parses a migration file: a line `-- up`, its SQL, a line `-- down`, its SQL, and `-- breaking: why` anywhere. With a
 * line `-- no transaction` before them, both parts are indexes that are built and dropped concurrently.
 */
export function parseMigration(fileName: string, source: string): MigrationFile {
  const text = source.replaceAll('\r\n', '\n')
  const [head, up, ...tooMany] = text.split(/^-- up[ \t]*$/m)
  if (up === undefined || tooMany.length > 0) throw malformed(fileName, 'it needs one line "-- up"')
  const [upSql, downSql, ...more] = up.split(/^-- down[ \t]*$/m)
  if (downSql === undefined || more.length > 0) throw malformed(fileName, 'it needs one line "-- down" after "-- up"')
  if (!hasSql(upSql)) throw malformed(fileName, 'its up part is empty')
  if (!hasSql(downSql)) throw malformed(fileName, 'its down part is empty')
  if (hasSql(head)) throw malformed(fileName, 'there is SQL before the line "-- up"')
  const outside = (part: string) => statementsOf(part).map((statement) => concurrentIndex(fileName, statement))
  return {
    outside: /^-- no transaction[ \t]*$/m.test(head ?? '')
      ? { up: outside(upSql ?? ''), down: outside(downSql) }
      : undefined,
    name: fileName.replace(/\.sql$/, ''),
    up: upSql ?? '',
    down: downSql,
    breaking: /^-- breaking:[ \t]*(\S.*)$/m.exec(text)?.[1]?.trim(),
    checksum: createHash('sha256').update(text).digest('hex'),
  }
}

function concurrentIndex(fileName: string, statement: string): ConcurrentIndex {
  const index = parseConcurrentIndex(statement)
  if (index !== undefined) return index
  const allowed =
    '"create index concurrently name on schema.table (…)" and "drop index concurrently if exists schema.name"'
  throw malformed(fileName, `outside a transaction there may be only ${allowed}, not "${statement.trim()}"`)
}

function statementsOf(sql: string): string[] {
  const text = sql.replaceAll(/--.*$/gm, '')
  return text.split(';').filter((statement) => statement.trim() !== '')
}

function hasSql(text: string | undefined): boolean {
  return (text ?? '').split('\n').some((line) => line.trim() !== '' && !line.trim().startsWith('--'))
}

function malformed(fileName: string, why: string): Failure {
  return new Failure('invalid', `Migration ${fileName} cannot be used: ${why}.`, { code: 'MIGRATION_MALFORMED' })
}
