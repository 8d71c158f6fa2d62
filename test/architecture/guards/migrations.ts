import { eachFile, type Guard } from '../guard.ts'
import { readMigration } from '../sql.ts'
import type { SourceFile } from '../tree.ts'

/** Migrations up to this one are older than these rules; an applied migration must not change. */
const LAST_BEFORE = '202611210392'

export const migrationIndexes: Guard = {
  fixture: 'migration-indexes',
  rule: 'a migration builds an index of a table that may hold rows concurrently, under a line "-- no transaction"',
  look: eachFile(isNew, (file) =>
    partsOf(file).flatMap(({ sql, made }) => [
      ...(isOutside(file) ? [] : indexesIn(sql)).flatMap(({ table, concurrently }) => {
        if (concurrently) return [`builds an index of ${table} concurrently, which needs a line "-- no transaction"`]
        return made.has(table) ? [] : [`blocks writes to ${table} while it builds an index`]
      }),
      ...alterationsIn(sql)
        .filter(({ table, actions }) => !made.has(table) && BUILDS_CONSTRAINT.test(actions))
        .map(
          ({ table }) =>
            `builds the index of a constraint of ${table}: build it first, then add the constraint using it`,
        ),
    ]),
  ),
}

export const migrationRetypes: Guard = {
  fixture: 'migration-retypes',
  rule: 'a migration does not change the type of a column that may have values: add a column, fill it, drop the old one later',
  look: eachFile(isNew, (file) =>
    partsOf(file).flatMap(({ sql, made }) =>
      alterationsIn(sql)
        .filter(({ table, actions }) => !made.has(table) && RETYPES.test(actions))
        .map(({ table }) => `rewrites ${table}, which is locked meanwhile`),
    ),
  ),
}

export const migrationLocks: Guard = {
  fixture: 'migration-locks',
  rule: 'a migration does not change lock_timeout, which the runner sets to five seconds',
  look: eachFile(isNew, (file) =>
    partsOf(file)
      .filter(({ sql }) => /\block_timeout\b/i.test(sql))
      .map(() => 'sets lock_timeout'),
  ),
}

const BUILDS_CONSTRAINT = /\badd (?:constraint \w+ )?(?:unique|primary key|exclude)\b(?! using index)/i
const RETYPES = /\balter (?:column )?(?!column\b)\w+ (?:set data )?type\b/i
const INDEX = /\bcreate (?:unique )?index (concurrently )?(?:if not exists )?(?:\w+ )??on (?:only )?([\w.]+)/gi
const TABLE = /\bcreate (?:unlogged )?table (?:if not exists )?([\w.]+)/gi
const ALTERATION = /\balter table (?:if exists )?(?:only )?([\w.]+)([^;]*)/gi

function isNew({ path }: SourceFile): boolean {
  const version = /^migrations\/(\d{12})_/.exec(path)?.[1]
  return version !== undefined && version > LAST_BEFORE
}

/** Both parts of a migration, each with the tables that it creates itself, which are empty. */
function partsOf(file: SourceFile): { sql: string; made: ReadonlySet<string> }[] {
  const migration = readMigration(file)
  return (migration === undefined ? [] : [migration.up, migration.down]).map((part) => {
    const sql = part.replaceAll(/\s+/g, ' ')
    return { sql, made: new Set([...sql.matchAll(TABLE)].map(([, table = '']) => table)) }
  })
}

function isOutside(file: SourceFile): boolean {
  return /^-- no transaction[ \t]*$/m.test(file.text.split(/^-- up/m)[0] ?? '')
}

function indexesIn(sql: string): { table: string; concurrently: boolean }[] {
  const found = [...sql.matchAll(INDEX)]
  return found.map(([, concurrently, table = '']) => ({ table, concurrently: concurrently !== undefined }))
}

function alterationsIn(sql: string): { table: string; actions: string }[] {
  return [...sql.matchAll(ALTERATION)].map(([, table = '', actions = '']) => ({ table, actions }))
}
