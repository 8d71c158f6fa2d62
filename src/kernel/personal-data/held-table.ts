import type { PersonFacts } from '../personal-data.ts'

/** A row as text: JSON columns as JSON text, the rest as PostgreSQL writes it. */
export type HeldRow = Readonly<Record<string, string | null>>

/** How a table of one tenant holds personal data. Every column named here is read; nothing else is. */
export interface HeldTable {
  /** `customers.tickets`; it has a `tenant_id`. */
  readonly table: string
  /** The rest of the primary key, in its order, with the SQL types. */
  readonly key: Readonly<Record<string, 'text' | 'date' | 'timestamptz' | 'bigint'>>
  /** Columns that say whose row it is. */
  readonly own: {
    readonly emails?: readonly string[]
    readonly phones?: readonly string[]
    /** The name of whom the row is about. It makes the row theirs only where the columns above and below are empty. */
    readonly names?: readonly string[]
    /** Column by kind of ref: `{ user_id: 'event-user' }`. */
    readonly ids?: Readonly<Record<string, string>>
    /** Columns that hold a whole ref: `user:usr_1`. */
    readonly refs?: readonly string[]
  }
  /** Free text, which may mention people. */
  readonly text?: readonly string[]
  readonly json?: readonly string[]
  /** Ids that others made up, which may be somebody's e-mail: replaced whole. Columns of the key may be among them. */
  readonly madeUpIds?: readonly string[]
  /** What happens to a person's own row: it goes, or these columns become that. Other columns are scrubbed. */
  readonly eraseOwn: 'delete' | ((row: HeldRow, pseudonym: (value: string | null) => string | null) => HeldRow)
  /** What happens to another's row that mentions the person. */
  readonly eraseMention?: 'scrub' | 'delete'
  /** What a row tells, beyond its own columns, of whom it is about: what a JSON column says, for one. */
  readonly facts?: (row: HeldRow) => PersonFacts
  /** The columns that are handed to the person, of a row that is more another's than theirs; absent: all. */
  readonly shows?: readonly string[]
}

/** Whom a row is about, as far as it says. */
export function factsOf({ own, facts }: HeldTable, row: HeldRow): PersonFacts {
  const values = (columns: readonly string[] = []) => columns.flatMap((column) => row[column] ?? [])
  const ids = Object.entries(own.ids ?? {})
  const told = facts?.(row) ?? {}
  return {
    emails: [...values(own.emails), ...(told.emails ?? [])],
    phones: [...values(own.phones), ...(told.phones ?? [])],
    names: [...values(own.names), ...(told.names ?? [])],
    refs: [
      ...ids.flatMap(([column, kind]) => (row[column] ? `${kind}:${row[column]}` : [])),
      ...values(own.refs),
      ...(told.refs ?? []),
    ],
  }
}

/** Every column that is read, once. */
export function columnsOf(table: HeldTable): string[] {
  const { key, own, text = [], json = [], madeUpIds = [] } = table
  const whose = [
    ...(own.emails ?? []),
    ...(own.phones ?? []),
    ...(own.names ?? []),
    ...(own.refs ?? []),
    ...Object.keys(own.ids ?? {}),
  ]
  return [...new Set([...Object.keys(key), ...whose, ...text, ...json, ...madeUpIds])]
}
