import type { PersonFacts } from '../personal-data.ts'

/** A row as text: JSON columns as JSON text, others in PostgreSQL's text form. */
export type HeldRow = Readonly<Record<string, string | null>>

/** Describes how a table holds personal data. Only the columns named here are read. */
export interface HeldTable {
  /** The table, which has a `tenant_id`: `customers.tickets`. */
  readonly table: string
  /** The other columns of the primary key, in order, with their SQL types. */
  readonly key: Readonly<Record<string, 'text' | 'date' | 'timestamptz' | 'bigint'>>
  /** Columns that identify the person whose row it is. */
  readonly own: {
    readonly emails?: readonly string[]
    readonly phones?: readonly string[]
    /** Names of the person. They identify the row only if all other identifying columns are empty. */
    readonly names?: readonly string[]
    /** Id columns and their kind of ref: `{ user_id: 'event-user' }`. */
    readonly ids?: Readonly<Record<string, string>>
    /** Columns that hold a whole ref: `user:usr_1`. */
    readonly refs?: readonly string[]
  }
  /**
   * Id columns, and their kind of ref, with a further id of the person whose row it is. That id alone does not make the
   * row theirs: several people may have used one device.
   */
  readonly leadsTo?: Readonly<Record<string, string>>
  /** Free text, which may mention people. */
  readonly text?: readonly string[]
  readonly json?: readonly string[]
  /**
   * Ids from outside, which may be an e-mail address and are then replaced as a whole. May include columns of the key.
   */
  readonly externalIds?: readonly string[]
  /** Erasure of a person's own row: deleted, or these columns replaced. Mentions in other columns are replaced too. */
  readonly eraseOwn: 'delete' | ((row: HeldRow, pseudonym: (value: string | null) => string | null) => HeldRow)
  /** Erasure of another person's row that mentions this person. */
  readonly eraseMention?: 'scrub' | 'delete'
  /** Further identifiers in a row, for example inside a JSON column. */
  readonly facts?: (row: HeldRow) => PersonFacts
  /** The exported columns of an own row that also holds other people's data; absent: all. */
  readonly shows?: readonly string[]
}

/** The identifiers of the person whose row it is. */
export function factsOf({ own, facts }: HeldTable, row: HeldRow): PersonFacts {
  const values = (columns: readonly string[] = []) => columns.flatMap((column) => row[column] ?? [])
  const ids = Object.entries(own.ids ?? {})
  const further = facts?.(row) ?? {}
  return {
    emails: [...values(own.emails), ...(further.emails ?? [])],
    phones: [...values(own.phones), ...(further.phones ?? [])],
    names: [...values(own.names), ...(further.names ?? [])],
    refs: [
      ...ids.flatMap(([column, kind]) => (row[column] ? `${kind}:${row[column]}` : [])),
      ...values(own.refs),
      ...(further.refs ?? []),
    ],
  }
}

/** The refs that a row of the person leads to, beside those that make it theirs. */
export function furtherRefs({ leadsTo = {} }: HeldTable, row: HeldRow): string[] {
  return Object.entries(leadsTo).flatMap(([column, kind]) => (row[column] ? `${kind}:${row[column]}` : []))
}

/** The columns that are read, without duplicates. */
export function columnsOf(table: HeldTable): string[] {
  const { key, own, leadsTo = {}, text = [], json = [], externalIds = [] } = table
  const whose = [
    ...(own.emails ?? []),
    ...(own.phones ?? []),
    ...(own.names ?? []),
    ...(own.refs ?? []),
    ...Object.keys(own.ids ?? {}),
    ...Object.keys(leadsTo),
  ]
  return [...new Set([...Object.keys(key), ...whose, ...text, ...json, ...externalIds])]
}
