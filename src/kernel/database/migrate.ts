import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration'
import type pg from 'pg'
import { Failure } from '../failure.ts'
import type { Db } from './db.ts'
import { alone } from './migration/alone.ts'
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
  /** Why code of the release before cannot run after it; undefined when it can. */
  readonly breaking: string | undefined
}

export interface Migrations {
  /** Every migration that is in the folder or was applied, in order. Reads only. */
  status(): Promise<MigrationStatus[]>
  /** Applies what is pending, or the first `steps` of it, each in a transaction of its own; the names of what was applied. */
  up(steps?: number): Promise<string[]>
  /** Takes the last `steps` back, each in a transaction of its own; their names, the newest first. */
  down(steps?: number): Promise<string[]>
}

/**
 * The migrations of a folder on one database. Several processes may call it together: one works, the others wait and
 * then find nothing to do. `up` and `down` throw `Failure('conflict')` for an applied file that was edited or is
 * missing, for a new one that sorts before an applied one, and for one that fails. That is rolled back whole; one that
 * runs outside a transaction goes on where it stopped when it is run again. `pool` logs in as the owner of the schemas,
 * and is asked for two connections.
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
    alone(pool, async (session) => {
      await prepareRecords(db)
      return collect(() => step(direction, session), steps)
    })

  return {
    status: async () => compare(await readMigrationFiles(folder), await readApplied(db)),
    up: (steps = Number.POSITIVE_INFINITY) => run('up', steps),
    down: (steps = 1) => run('down', steps),
  }
}

/** Whoever waits for a lock on a table keeps everybody else waiting behind them. */
const LOCK_TIMEOUT = "set local lock_timeout = '5s'"
/** An index may take hours to build. */
const STAY_IDLE = 'set local idle_in_transaction_session_timeout = 0'

async function readCheckedFiles(db: Db, folder: string): Promise<MigrationFile[]> {
  const files = await readMigrationFiles(folder)
  checkHistory(files, await readApplied(db))
  return files
}

/** `session` runs what may not run in a transaction; that of the migrator, which notes it, is idle meanwhile. */
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

/** The migration that was run; undefined when there was none left. */
function outcomeOf({ error, results }: MigrationResultSet, files: readonly MigrationFile[]): string | undefined {
  if (error instanceof Failure) throw error
  const [result] = results ?? []
  if (error !== undefined) {
    const why = error instanceof Error ? error.message : 'something that is no error was thrown'
    const outside = files.find(({ name }) => name === result?.migrationName)?.outside !== undefined
    const how = outside ? 'stopped, and goes on from there when it is run again' : 'failed and was rolled back'
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
