import type { Kysely } from 'kysely'

/** A database handle bound to one tenant. Reads may go to a replica. */
export type Db = Kysely<unknown>

declare const OPEN: unique symbol

/** The handle of an open transaction, which `writing` statements require. Obtained from `transact` and `change`. */
export type Tx = Db & { readonly [OPEN]: true }
