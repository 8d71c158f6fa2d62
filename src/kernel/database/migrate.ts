import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration'
import type pg from 'pg'
import { Failure } from '../failure.ts'
import type { Db } from './db.ts'
import { withMigrationLock } from './migration/migration-lock.ts'
import {
  checkHistory,
  forgetApplied,
  MIGRATION_SCHEMA,
  prepareRecords,
  readApplied,
  recordApplied,
} from './migration/applied.ts'
import { applyConcurrentIndex } from './migration/concurrent-index.ts'
import type { ConcurrentIndex } from './migration/concurrent-index.ts'
import { type MigrationFile, readMigrationFiles } from './migration/migration-files.ts'

export interface MigrationStatus {
  readonly name: string
  readonly state: 'applied' | 'pending' | 'edited' | 'missing'
  readonly appliedAt: Date | undefined
  /** Why the previous release cannot run after it; undefined when it can. */
  readonly breaking: string | undefined
}

export interface Migrations {
  /** Every migration that is in the folder or was applied, in order. Read-only. */
  status(): Promise<MigrationStatus[]>
  /** Applies all pending migrations, or the first `steps`, each in its own transaction. Resolves with their names. */
  up(steps?: number): Promise<string[]>
  /** Reverts the last `steps` migrations, each in its own transaction. Resolves with their names, newest first. */
  down(steps?: number): Promise<string[]>
}

/**
 * Opens the migrations of a folder for one database. Several processes may run it together: one works, the others wait
 * and find nothing to do. `up` and `down` throw `Failure('conflict')` for an applied file that was edited or is
 * missing, for a new one that sorts before an applied one, and for one that fails. A failed migration is rolled back;
 * one that runs outside a transaction resumes when run again. `pool` connects as the owner of the schemas and must
 * allow two connections.
 */
export function openMigrations(pool: pg.Pool, folder: string): Migrations {
  const db: Db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const step = async (direction: 'up' | 'down', session: pg.PoolClient): Promise<string | undefined> => {
    const files = await readCheckedFiles(db, folder)
    const migrator = new Migrator({
      db,
      migrationTableSchema: MIGRATION_SCHEMA,
      migrationTableName: 'applied',
      migrationLockTableName: 'lock',
      provider: { getMigrations: async () => asMigrations(files, session) },
    })
    return outcomeOf(direction === 'up' ? await migrator.migrateUp() : await migrator.migrateDown(), files)
  }
  const run = (direction: 'up' | 'down', steps: number): Promise<string[]> =>
    withMigrationLock(pool, async (session) => {
      await prepareRecords(db)
      return collect(() => step(direction, session), steps)
    })

  return {
    status: async () => compare(await readMigrationFiles(folder), await readApplied(db)),
    up: (steps = Number.POSITIVE_INFINITY) => run('up', steps),
    down: (steps = 1) => run('down', steps),
  }
}

/** A statement that waits for a table lock blocks all later ones behind it. */
const LOCK_TIMEOUT = "set local lock_timeout = '5s'"
/** An index may take hours to build. */
const STAY_IDLE = 'set local idle_in_transaction_session_timeout = 0'

async function readCheckedFiles(db: Db, folder: string): Promise<MigrationFile[]> {
  const files = await readMigrationFiles(folder)
  checkHistory(files, await readApplied(db))
  return files
}

/**
 * `session` runs statements that cannot run in a transaction; the migrator's transaction, which records them, is idle
 * meanwhile.
 */
function asMigrations(files: readonly MigrationFile[], session: pg.PoolClient): Record<string, Migration> {
  const work = async (tx: Db, sql: string, outside: readonly ConcurrentIndex[] | undefined) => {
    await tx.executeQuery(CompiledQuery.raw(outside === undefined ? `${LOCK_TIMEOUT};${sql}` : STAY_IDLE))
    for (const index of outside ?? []) await applyConcurrentIndex(session, index)
  }
  return Object.fromEntries(
    files.map((file) => [
      file.name,
      {
        up: async (tx) => {
          await work(tx, file.up, file.outside?.up)
          await recordApplied(tx, file)
        },
        down: async (tx) => {
          await work(tx, file.down, file.outside?.down)
          await forgetApplied(tx, file.name)
        },
      },
    ]),
  )
}

async function collect(step: () => Promise<string | undefined>, stepsMax: number): Promise<string[]> {
  const done: string[] = []
  while (done.length < stepsMax) {
    const name = await step()
    if (name === undefined) break
    done.push(name)
  }
  return done
}

/** The name of the migration that ran; undefined when none was left. */
function outcomeOf({ error, results }: MigrationResultSet, files: readonly MigrationFile[]): string | undefined {
  if (error instanceof Failure) throw error
  const [result] = results ?? []
  if (error !== undefined) {
    const why = error instanceof Error ? error.message : 'the thrown value is not an error'
    const outside = files.find(({ name }) => name === result?.migrationName)?.outside !== undefined
    const how = outside ? 'stopped; run it again to resume' : 'failed and was rolled back'
    const what = result ? `Migration ${result.migrationName} ${how}` : 'The migrations could not be run'
    throw new Failure('conflict', `${what}: ${why}`, { cause: error, code: 'MIGRATION_FAILED' })
  }
  return result?.migrationName
}

function compare(files: readonly MigrationFile[], applied: Awaited<ReturnType<typeof readApplied>>): MigrationStatus[] {
  const done = new Map(applied.map((row) => [row.name, row]))
  const known = new Set(files.map(({ name }) => name))
  const fromFiles = files.map(({ name, checksum, breaking }): MigrationStatus => {
    const row = done.get(name)
    const state = row === undefined ? 'pending' : row.checksum === checksum ? 'applied' : 'edited'
    return { name, state, appliedAt: row?.appliedAt, breaking }
  })
  const missing = applied
    .filter(({ name }) => !known.has(name))
    .map(({ name, appliedAt, breaking }) => ({
      name,
      state: 'missing' as const,
      appliedAt,
      breaking: breaking ?? undefined,
    }))
  return [...fromFiles, ...missing].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
