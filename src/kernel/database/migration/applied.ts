import { type Kysely, sql } from 'kysely'
import { Failure } from '../../failure.ts'
import type { Db } from '../db.ts'
import type { MigrationFile } from './migration-files.ts'

/** The schema of the records of applied migrations. Not a module's schema, because the records outlive every module. */
export const MIGRATION_SCHEMA = 'migration'

export interface AppliedMigration {
  readonly name: string
  readonly checksum: string
  readonly breaking: string | null
  readonly appliedAt: Date
}

type MigrationTables = {
  'migration.checksum': { name: string; checksum: string; breaking: string | null; applied_at: Date }
}

const PREPARE_LOCK = 0x706c696d

/** Creates the table of checksums, safely when processes start together. */
export async function prepareRecords(db: Db): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(PREPARE_LOCK)})`.execute(tx)
    await sql`create schema if not exists migration`.execute(tx)
    await sql`create table if not exists migration.checksum (
      name text primary key, checksum text not null, breaking text, applied_at timestamptz not null default now()
    )`.execute(tx)
  })
}

/** The applied migrations in order; empty on a new database. */
export async function readApplied(db: Db): Promise<AppliedMigration[]> {
  const { rows } = await sql<{ found: string | null }>`select to_regclass('migration.checksum')::text as found`.execute(
    db,
  )
  if (rows[0]?.found == null) return []
  return tables(db)
    .selectFrom('migration.checksum')
    .select(['name', 'checksum', 'breaking', 'applied_at as appliedAt'])
    .orderBy('name')
    .execute()
}

export async function recordApplied(db: Db, file: MigrationFile): Promise<void> {
  const { name, checksum } = file
  const row = { name, checksum, breaking: file.breaking ?? null, applied_at: sql<Date>`clock_timestamp()` }
  await tables(db).insertInto('migration.checksum').values(row).execute()
}

export async function forgetApplied(db: Db, name: string): Promise<void> {
  await tables(db).deleteFrom('migration.checksum').where('name', '=', name).execute()
}

/** Throws `Failure('conflict')` unless the folder continues the history of this database. */
export function checkHistory(files: readonly MigrationFile[], applied: readonly AppliedMigration[]): void {
  const byName = new Map(files.map((file) => [file.name, file]))
  for (const { name, checksum } of applied) {
    const file = byName.get(name)
    if (!file) {
      throw refused(
        'MIGRATION_MISSING',
        `Migration ${name} is applied here, but its file is missing. Run the release that has it.`,
      )
    }
    if (file.checksum !== checksum) {
      throw refused(
        'MIGRATION_EDITED',
        `Migration ${name} was edited after it was applied. Restore it, and write a new one.`,
      )
    }
  }
  const last = applied.at(-1)
  const done = new Set(applied.map(({ name }) => name))
  const late = files.find(({ name }) => !done.has(name) && last && name < last.name)
  if (late && last) {
    throw refused(
      'MIGRATION_OUT_OF_ORDER',
      `Migration ${late.name} is new but comes before ${last.name}, which is applied. Give it a later time.`,
    )
  }
}

function refused(code: string, message: string): Failure {
  return new Failure('conflict', message, { code })
}

function tables(db: Db): Kysely<MigrationTables> {
  return db.withTables<MigrationTables>()
}
