import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../database/db.ts'
import type { Keyring } from './keyring.ts'

/** One encrypted column, for re-encryption under the current key. */
export interface EncryptedField {
  /** `access.two-factor-secret`: unique; key rotation stores its progress under this name. */
  readonly name: string
  /**
   * Re-encrypts at most `rowsMax` rows after `cursor` that are not under the current key, across tenants (`db` is the
   * system handle). Resolves with the next cursor; undefined when there are no more.
   */
  readonly reencrypt: (
    db: Db,
    keyring: Keyring,
    cursor: string | undefined,
    rowsMax: number,
  ) => Promise<{ readonly rows: number; readonly cursor: string | undefined }>
  /** The number of values per key id. */
  readonly tally: (db: Db) => Promise<ReadonlyMap<string, number>>
}

/** An encrypted column: its place in the schema, and the context of each value. */
export interface EncryptedColumn {
  readonly name: string
  /** `access.two_factors` */
  readonly table: string
  /** The columns of the table's primary key, all of type text. */
  readonly key: readonly string[]
  /** A text column with results of `Keyring.seal`, or null. */
  readonly column: string
  /** The encryption context of a row's value, from the values of its primary key, in order. */
  readonly context: (...key: string[]) => string
}

/**
 * Makes the `EncryptedField` of a column. Safe during live writes: a value that changed since it was read is skipped,
 * because its writer used the current key, or a later pass finds it.
 */
export function encryptedColumn({ name, table, key, column, context }: EncryptedColumn): EncryptedField {
  const from = sql.table(table)
  const sealed = sql.ref(column)
  const keyColumns = sql.join(key.map((part) => sql.ref(part)))
  const keyId = sql`split_part(${sealed}, '.', 2)`
  return {
    name,
    async reencrypt(db, keyring, cursor, rowsMax) {
      const after = cursor === undefined ? sql`true` : sql`(${keyColumns}) > (${sql.join(parseCursor(cursor))})`
      const { rows } = await sql<{ key: string[]; sealed: string }>`
        select array[${keyColumns}] as key, ${sealed} as sealed from ${from}
        where ${sealed} is not null and ${keyId} <> ${keyring.currentKeyId} and ${after}
        order by ${keyColumns} limit ${rowsMax}`.execute(db)
      const last = rows.at(-1)
      if (last === undefined) return { rows: 0, cursor: undefined }
      const next = rows.map((row) => {
        const itsContext = context(...row.key)
        return { ...row, resealed: keyring.seal(keyring.open(row.sealed, itsContext), itsContext) }
      })
      const changed = await sql`
        update ${from} as kept set ${sealed} = next.resealed
        from unnest(${sql.join(columnsOf(next, key.length))}) as next(${sql.join([...key.map((_, at) => sql.ref(`k${at}`)), sql.ref('sealed'), sql.ref('resealed')])})
        where ${matching(key)} and kept.${sealed} = next.sealed`.execute(db)
      const done = rows.length < rowsMax
      return { rows: Number(changed.numAffectedRows ?? 0), cursor: done ? undefined : JSON.stringify(last.key) }
    },
    async tally(db) {
      const { rows } = await sql<{ id: string; count: string }>`
        select ${keyId} as id, count(*)::text as count from ${from} where ${sealed} is not null group by 1`.execute(db)
      return new Map(rows.map(({ id, count }) => [id, Number(count)]))
    },
  }
}

function columnsOf(
  rows: readonly { readonly key: readonly string[]; readonly sealed: string; readonly resealed: string }[],
  width: number,
): RawBuilder<unknown>[] {
  const keys = Array.from({ length: width }, (_, at) => rows.map((row) => row.key[at] ?? ''))
  return [...keys, rows.map((row) => row.sealed), rows.map((row) => row.resealed)].map(
    (values) => sql`${values}::text[]`,
  )
}

function matching(key: readonly string[]): RawBuilder<unknown> {
  const pairs = key.map((part, at) => sql`kept.${sql.ref(part)} = next.${sql.ref(`k${at}`)}`)
  return sql.join(pairs, sql` and `)
}

function parseCursor(cursor: string): string[] {
  const parts: unknown = JSON.parse(cursor)
  if (!Array.isArray(parts)) throw new Error('The cursor of a key rotation must be a JSON list of key values.')
  return parts.map(String)
}
