import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration'
import type pg from 'pg'
import { Failure } from '../failure.ts'
import type { Db } from './db.ts'
import {
  checkHistory,
  forgetApplied,
  MIGRATION_SCHEMA,
  prepareRecords,
  readApplied,
  recordApplied,
} from './migration/applied.ts'
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
  /** Applies what is pending, each in a transaction of its own; the names of what was applied. */
  up(): Promise<string[]>
  /** Takes the last `steps` back, each in a transaction of its own; their names, the newest first. */
  down(steps?: number): Promise<string[]>
}

/**
 * The migrations of a folder on one database. Several processes may call it together: one works, the others wait and
 * then find nothing to do. `up` and `down` throw `Failure('conflict')` for an applied file that was edited or is
 * missing, for a new one that sorts before an applied one, and for one that fails (it is rolled back whole).
 * `pool` logs in as the owner of the schemas.
 */
export function openMigrations(pool: pg.Pool, folder: string): Migrations {
  const db: Db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const migrator = new Migrator({
    db,
    migrationTableSchema: MIGRATION_SCHEMA,
    migrationTableName: 'applied',
    migrationLockTableName: 'lock',
    // Migrator asks once it holds the lock, so the history is checked against what no other process is changing.
    provider: { getMigrations: async () => asMigrations(await readCheckedFiles(db, folder)) },
  })

  const step = async (direction: 'up' | 'down'): Promise<string | undefined> =>
    outcomeOf(direction === 'up' ? await migrator.migrateUp() : await migrator.migrateDown())

  return {
    status: async () => compare(await readMigrationFiles(folder), await readApplied(db)),
    up: async () => {
      await prepareRecords(db)
      return collect(() => step('up'), Number.POSITIVE_INFINITY)
    },
    down: async (steps = 1) => {
      await prepareRecords(db)
      return collect(() => step('down'), steps)
    },
  }
}

async function readCheckedFiles(db: Db, folder: string): Promise<MigrationFile[]> {
  const files = await readMigrationFiles(folder)
  checkHistory(files, await readApplied(db))
  return files
}

function asMigrations(files: readonly MigrationFile[]): Record<string, Migration> {
  return Object.fromEntries(
    files.map((file) => [
      file.name,
      {
        up: async (tx) => {
          await tx.executeQuery(CompiledQuery.raw(file.up))
          await recordApplied(tx, file)
        },
        down: async (tx) => {
          await tx.executeQuery(CompiledQuery.raw(file.down))
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
function outcomeOf({ error, results }: MigrationResultSet): string | undefined {
  if (error instanceof Failure) throw error
  const [result] = results ?? []
  if (error !== undefined) {
    const why = error instanceof Error ? error.message : 'something that is no error was thrown'
    const what = result
      ? `Migration ${result.migrationName} failed and was rolled back`
      : 'The migrations could not be run'
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
